import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { FileTree } from "../../../chain/context/tree.ts";
import { allPaths } from "./memoryTree.ts";

/** What BuildKit's own code can be asked; see fixtures/oracle.go. */
export type Question =
  | { readonly ask: "match"; readonly ignore: string; readonly paths: readonly string[] }
  | { readonly ask: "glob"; readonly pattern: string; readonly paths: readonly string[] }
  | { readonly ask: "receive"; readonly ignore: string; readonly tree: readonly object[] }
  | { readonly ask: "select"; readonly ignore: string; readonly dockerfile: string; readonly tree: readonly object[] };

/** Its answer. */
export interface Answer {
  readonly error?: string;
  readonly matched?: readonly boolean[];
  /** All that the transfer lists. */
  readonly paths?: readonly string[];
  /** Those of them that it then sends without content. */
  readonly emptied?: readonly string[];
  /** Content digests of the steps that read from the context. */
  readonly digests?: readonly string[];
}

/** The oracle, or why it cannot be had on this machine. */
export type Oracle =
  | { readonly ask: (questions: readonly Question[]) => readonly Answer[]; readonly reason?: undefined }
  | { readonly ask?: undefined; readonly reason: string };

/** Gets the oracle while the caller waits. */
export function findOracle(): Oracle {
  const script = join(process.cwd(), "test", "chain", "context", "buildOracle.ts");
  const built = spawnSync(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"], encoding: "utf8" });
  if (built.status !== 0) throw new Error(`buildOracle.ts ended with status ${built.status}`);
  const { program, reason } = JSON.parse(built.stdout) as { program?: string; reason?: string };
  return program === undefined ? { reason: reason ?? "" } : { ask: (questions) => askProgram(program, questions) };
}

/** A tree in the oracle's words. */
export function inOracleWords(tree: FileTree): object[] {
  return allPaths(tree).map((path) => {
    const entry = tree.entry(path);
    return { path, ...entry, ...(entry?.kind === "file" && { content: tree.read(path).toString() }) };
  });
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
