import { isBlank } from "./characters.ts";

/**
 * Splits the arguments of ENV, LABEL and ARG at blanks outside of quotes. Quotes and escapes stay in the words: they
 * are taken off when the words are expanded.
 */
export function quotedWords(text: string, escape: string): readonly string[] {
  const words: string[] = [];
  const characters = [...text];
  let word = "";
  let quote = "";
  let quoted = false;
  const finish = () => {
    if (quoted || word !== "") words.push(word);
    word = "";
    quoted = false;
  };
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (quote === "" && isBlank(character)) {
      finish();
      continue;
    }
    // Nothing can be escaped inside single quotes.
    if (character === escape && quote !== "'") {
      const next = characters[++at];
      // An escape character at the very end is dropped.
      if (next !== undefined) word += character + next;
      continue;
    }
    if (quote === "" && (character === "'" || character === '"')) {
      quote = character;
      quoted = true;
    } else if (character === quote) quote = "";
    word += character;
  }
  finish();
  return words;
}
