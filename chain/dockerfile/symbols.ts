import { type Location, UserError } from "../errors.ts";

/**
 * A value that is not known before the build stands in texts as a symbol: the expression it comes from between two
 * noncharacters. So an unknown value can be part of a longer word, compares equal to itself, and shows where it ends
 * up. Two sources exist: the environment of a base image whose configuration is not in the lock, and hints, whose value
 * must not reach the key.
 */
const OPEN = "\u{1fffe}";
const CLOSE = "\u{1ffff}";

/** The symbol for an expression such as "${PATH}" or "hint MAX_JOBS". */
export function symbol(expression: string): string {
  return `${OPEN}${expression}${CLOSE}`;
}

/** Whether a text has a part that is not known before the build. */
export function isSymbolic(text: string): boolean {
  return text.includes(OPEN);
}

/** Splits a text at a separator of one character, but not inside of symbols: their expressions may hold any text. */
export function splitAroundSymbols(text: string, separator: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.startsWith(OPEN, at)) depth++;
    else if (text.startsWith(CLOSE, at)) depth--;
    else if (depth === 0 && text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

/** Whether the first thing in a text is not known. */
export function startsWithSymbol(text: string): boolean {
  return text.startsWith(OPEN);
}

/** The text as a person reads it: symbols as the expressions they stand for. */
export function readable(text: string): string {
  return text.replaceAll(OPEN, "<").replaceAll(CLOSE, ">");
}

/** Refuses a text that has the two noncharacters in it, so that no input can pass for a symbol. */
export function refuseSymbols(text: string, at: Location): void {
  if (!text.includes(OPEN) && !text.includes(CLOSE)) return;
  throw new UserError({
    problem: "the text has one of the noncharacters U+1FFFE and U+1FFFF, which strata keeps for values it cannot know",
    fix: "remove the character; no program needs it",
    at,
  });
}
