import { spawnSync } from "node:child_process";
import { join } from "node:path";

/** A program made of BuildKit's own code that answers questions, or why it cannot be had on this machine. */
export type GoOracle<Question, Answer> =
  | { readonly ask: (questions: readonly Question[]) => readonly Answer[]; readonly reason?: undefined }
  | { readonly ask?: undefined; readonly reason: string };

/**
 * Gets the oracle of a subject while the caller waits.
 * @param subject the folder beside this file whose fixtures/oracle.go it is
 */
export function findGoOracle<Question, Answer>(subject: string): GoOracle<Question, Answer> {
  const script = join(process.cwd(), "test", "chain", "buildOracle.ts");
  const built = spawnSync(process.execPath, [script, subject], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (built.status !== 0) throw new Error(`buildOracle.ts ended with status ${built.status}`);
  const { program, reason } = JSON.parse(built.stdout) as { program?: string; reason?: string };
  return program === undefined ? { reason: reason ?? "" } : { ask: (questions) => askProgram(program, questions) };
}

function askProgram<Question, Answer>(program: string, questions: readonly Question[]): readonly Answer[] {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const run = spawnSync(program, { input, encoding: "utf8", maxBuffer: 2 ** 30 });
  if (run.status !== 0) throw new Error(`the oracle ended with status ${run.status}: ${run.stderr}`);
  return run.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}
