/**
 * Blanks as Go's unicode.IsSpace sees them, which BuildKit trims and splits by. Differs from JavaScript's \s in U+0085
 * (a blank here, not there) and U+FEFF (the reverse).
 */
const BLANK = "\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

const blank = new RegExp(`^[${BLANK}]$`, "u");
const run = new RegExp(`[${BLANK}]+`, "u");
const leading = new RegExp(`^[${BLANK}]+`, "u");

/** Whether one character (a code point) is a blank. */
export function isBlank(character: string): boolean {
  return blank.test(character);
}

/** What stands between runs of blanks; empty before a first and behind a last run. */
export function splitAtBlanks(text: string): readonly string[] {
  return text.split(run);
}

/** Whether one of the characters is a blank. */
export function hasBlank(text: string): boolean {
  return run.test(text);
}

/** The text without leading blanks. */
export function trimStart(text: string): string {
  return text.replace(leading, "");
}

/** The text without leading and trailing blanks. */
export function trim(text: string): string {
  return trimEnd(trimStart(text), isBlank);
}

/**
 * The text without the last characters that are dropped. Looks at them from the end, because a regular expression that
 * ends in "$" is tried at every run of such characters, which takes hours on a line made for it.
 */
export function trimEnd(text: string, dropped: (character: string) => boolean): string {
  let end = text.length;
  while (end > 0 && dropped(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Splits at the first run of the blanks that separate a keyword or an old-form key from its value. */
export function splitOnce(text: string): readonly [string] | readonly [string, string] {
  const gap = /[\t\v\f\r ]+/.exec(text);
  if (!gap) return [text];
  return [text.slice(0, gap.index), text.slice(gap.index + gap[0].length)];
}
