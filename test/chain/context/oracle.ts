import type { FileTree } from "../../../chain/context/tree.ts";
import { findGoOracle, type GoOracle } from "../goOracle.ts";
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

/** Gets the oracle while the caller waits, or says why it cannot be had. */
export function findOracle(): GoOracle<Question, Answer> {
  return findGoOracle("context");
}

/** A tree in the oracle's words. */
export function inOracleWords(tree: FileTree): object[] {
  return allPaths(tree).map((path) => {
    const entry = tree.entry(path);
    return { path, ...entry, ...(entry?.kind === "file" && { content: tree.read(path).toString() }) };
  });
}
