import type { Heredoc } from "../../../chain/dockerfile/syntax.ts";
import type { WordOptions } from "../../../chain/dockerfile/words.ts";
import { findGoOracle, type GoOracle } from "../goOracle.ts";

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

/** Gets the oracle while the caller waits, or says why it cannot be had. */
export function findOracle(): GoOracle<Question, Answer> {
  return findGoOracle("dockerfile");
}
