import { UserError } from "../chain/errors.ts";

/** What a failure says, in the words of the system and of programs, when the machine itself stands in the way. */
const KINDS: readonly { readonly sign: RegExp; readonly problem: string; readonly fix: (folder: string) => string }[] =
  [
    {
      sign: /ENOSPC|no space left on device|database or disk is full|disk quota exceeded/i,
      problem: "the disk is full",
      fix: (folder) => `make room (df -h ${folder} /tmp ~ says where) and run the same command again`,
    },
    {
      sign: /EROFS|read-only file system/i,
      problem: "something cannot be written, because it lies on a read-only file system",
      fix: (folder) => `make it writable, or keep tools and caches elsewhere: XDG_CACHE_HOME=${folder}/cache npm start`,
    },
    {
      sign: /EACCES|permission denied/i,
      problem: "something cannot be read or written, because this user may not",
      fix: () => "give this user the right to it, or run as the user who has it",
    },
    {
      sign: /EMFILE|too many open files|ENOMEM|cannot allocate memory/i,
      problem: "the machine has run out of files or memory for this user",
      fix: () => "end what is not needed, or raise the limit (ulimit -n), and run the same command again",
    },
  ];

/**
 * A failure as something that a person can mend, where the machine is its cause; otherwise undefined.
 *
 * @param folder where the tour keeps its state.
 */
export function troubleOf(error: unknown, folder: string): UserError | undefined {
  const said = textOf(error);
  const kind = KINDS.find(({ sign }) => sign.test(said));
  if (kind === undefined) return undefined;
  const line = said.split("\n").find((one) => kind.sign.test(one)) ?? said;
  return new UserError(
    { problem: kind.problem, value: line.trim().slice(0, 300), fix: kind.fix(folder) },
    { cause: error },
  );
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}\n${textOf(error.cause)}`;
}
