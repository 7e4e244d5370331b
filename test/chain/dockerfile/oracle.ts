import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { Heredoc } from "../../../chain/dockerfile/syntax.ts";
import type { WordOptions } from "../../../chain/dockerfile/words.ts";

/** What BuildKit's own parser and word reader can be asked; see fixtures/oracle.go. */
export type Question =
  | ({ readonly ask: "words"; readonly text: string; readonly env: readonly string[] } & WordOptions)
  | { readonly ask: "parse"; readonly text: string };

/** One instruction as BuildKit's parser gives it. */
export interface OracleInstruction {
  readonly keyword: string;
  readonly flags: readonly string[] | null;
  /** The joined line. */
  readonly text: string;
  /** The arguments, as the keyword's own reader splits them. */
  readonly words: readonly string[] | null;
  readonly json: boolean;
  readonly heredocs: readonly Heredoc[] | null;
  readonly line: number;
  readonly lastLine: number;
}

/** Its answer. */
export interface Answer {
  readonly error?: string;
  readonly word: string;
  readonly words: readonly string[] | null;
  readonly escape?: string;
  /** The image that a syntax directive names. */
  readonly syntax?: string;
  readonly instructions?: readonly OracleInstruction[];
}

/** The oracle, or why it cannot be had on this machine. */
export type Oracle =
  | { readonly ask: (questions: readonly Question[]) => readonly Answer[]; readonly reason?: undefined }
  | { readonly ask?: undefined; readonly reason: string };

/** Gets the oracle while the caller waits. */
export function findOracle(): Oracle {
  const script = join(process.cwd(), "test", "chain", "dockerfile", "buildOracle.ts");
  const built = spawnSync(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (built.status !== 0) throw new Error(`buildOracle.ts ended with status ${built.status}`);
  const { program, reason } = JSON.parse(built.stdout) as { program?: string; reason?: string };
  return program === undefined ? { reason: reason ?? "" } : { ask: (questions) => askProgram(program, questions) };
}

function askProgram(program: string, questions: readonly Question[]): readonly Answer[] {
  const input = questions.map((question) => `${JSON.stringify(question)}\n`).join("");
  const run = spawnSync(program, { input, encoding: "utf8", maxBuffer: 2 ** 30 });
  if (run.status !== 0) throw new Error(`the oracle ended with status ${run.status}: ${run.stderr}`);
  return run.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}
