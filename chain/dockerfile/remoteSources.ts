import type { Canonical } from "../canonical.ts";
import type { InstructionOf } from "./instructions.ts";
import type { StageState } from "./state.ts";

/** A whole commit id, of SHA-1 or SHA-256. */
const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** Whether a source of ADD is fetched over HTTP as a file. */
export function isUrl(source: string): boolean {
  return /^https?:\/\//.test(source) && !isGitSource(source);
}

/** Whether a source of ADD is a Git repository: git://, ssh://, user@host:path, or http(s) with a path in .git. */
export function isGitSource(source: string): boolean {
  if (/^(git|ssh):\/\//.test(source)) return true;
  if (/^https?:\/\//.test(source)) return /^[^#?]*\.git$/.test(source.replace(/[#?].*$/s, ""));
  return /^[a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:/.test(source);
}

/**
 * A source of ADD that lies elsewhere. Only what is pinned can be keyed.
 * @throws UserError for a URL without --checksum and for a Git repository without a commit
 */
export function remoteSource(
  source: string,
  add: InstructionOf<"ADD">,
  checksum: string,
  state: StageState,
): Canonical {
  if (checksum !== "" && add.sources.length !== 1) {
    throw state.error("--checksum takes one source", `${add.sources.length} sources`, {
      fix: "write one ADD for each URL",
    });
  }
  if (isGitSource(source)) {
    const commit = [checksum, ...commitsOf(source)].find((one) => COMMIT.test(one));
    if (commit) return { repository: source, commit, keepGitDir: add.keepGitDir ?? null };
    throw state.error("ADD of a Git repository names no commit, so its content can change unseen", source, {
      allowed: "a whole commit id of 40 or 64 hexadecimal digits",
      fix: "add it behind the URL, as in repository.git#0123…, or as --checksum=0123…",
    });
  }
  if (/^sha256:[0-9a-f]{64}$/.test(checksum)) {
    return { file: fileName(source), checksum, unpack: add.unpack ?? false };
  }
  throw state.error("ADD of a URL without --checksum can change unseen", source, {
    allowed: "--checksum=sha256:… with 64 hexadecimal digits",
    fix: "download the file once, run sha256sum on it, and add the flag",
  });
}

function commitsOf(source: string): readonly string[] {
  const [, fragment = ""] = source.split("#", 2);
  const query = /\?([^#]*)/.exec(source)?.[1] ?? "";
  const parameters = new URLSearchParams(query);
  return [
    fragment.split(":")[0] ?? "",
    parameters.get("checksum") ?? "",
    parameters.get("commit") ?? "",
    parameters.get("ref") ?? "",
  ];
}

function fileName(url: string): string {
  const path = URL.canParse(url) ? new URL(url).pathname : "";
  return path.split("/").findLast((part) => part !== "") ?? "__unnamed__";
}
