import { MOST_COMPARISONS, MOST_INSERTED } from "./limits.ts";

/**
 * Shell patterns of ${name#pattern}, ${name%pattern} and ${name/pattern/with}: "?" is one character, "*" any number of
 * them, neither matches a line feed; a backslash takes "*", "?" and itself literally. There are no bracket
 * expressions. Semantics of BuildKit 0.34 (frontend/dockerfile/shell), matched without backtracking, because a pattern
 * can come from a pull request.
 */
type Token = { readonly kind: "one" | "many" } | { readonly kind: "literal"; readonly character: string };

function tokens(pattern: string, value: string): Token[] {
  if (pattern.length * value.length > MOST_COMPARISONS) {
    throw new Error(`${pattern.length} characters on a value of ${value.length} are more than strata compares`);
  }
  const result: Token[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? "";
    if (character === "*") result.push({ kind: "many" });
    else if (character === "?") result.push({ kind: "one" });
    else if (character !== "\\") result.push({ kind: "literal", character });
    else {
      const next = characters[at + 1];
      // "}" and "/" were escaped only to be part of the expression: the backslash goes, they stay.
      if (next === "}" || next === "/") continue;
      if (next !== "*" && next !== "?" && next !== "\\") throw new Error(`invalid escape '\\${next ?? ""}'`);
      result.push({ kind: "literal", character: next });
      at++;
    }
  }
  return result;
}

/** Where the shortest or longest match that starts at a place ends; undefined where there is none. */
function matchEnd(
  pattern: readonly Token[],
  text: readonly string[],
  start: number,
  longest: boolean,
): number | undefined {
  let end: number | undefined;
  // The tokens that may come next, walked along the text all at once.
  let states = withoutStars(pattern, new Set([0]));
  for (let at = start; ; at++) {
    if (states.has(pattern.length)) {
      end = at;
      if (!longest) return end;
    }
    const character = text[at];
    if (character === undefined || states.size === 0) return end;
    states = withoutStars(pattern, behind(pattern, states, character));
  }
}

/** At which places a match starts: 1 in their place. Walked from the text's end, all at once. */
function matchStarts(pattern: readonly Token[], text: readonly string[]): Uint8Array {
  const backwards = pattern.toReversed();
  const starts = new Uint8Array(text.length + 1);
  let states = withoutStars(backwards, new Set([0]));
  for (let at = text.length; ; at--) {
    starts[at] = states.has(backwards.length) ? 1 : 0;
    if (at === 0) return starts;
    states = withoutStars(backwards, behind(backwards, states, text[at - 1] ?? "").add(0));
  }
}

/** The states behind a character. */
function behind(pattern: readonly Token[], states: ReadonlySet<number>, character: string): Set<number> {
  const following = new Set<number>();
  for (const state of states) {
    const token = pattern[state];
    if (token === undefined) continue;
    if (token.kind === "literal") {
      if (token.character === character) following.add(state + 1);
    } else if (character !== "\n") {
      following.add(token.kind === "many" ? state : state + 1);
    }
  }
  return following;
}

/** The states with those that a "*" lets through for nothing. */
function withoutStars(pattern: readonly Token[], states: Set<number>): Set<number> {
  for (const state of states) {
    if (pattern[state]?.kind === "many") states.add(state + 1);
  }
  return states;
}

/** What is left of a value when the part that the pattern matches at its start is removed. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const text = [...value];
  const end = matchEnd(tokens(pattern, value), text, 0, longest);
  return end === undefined ? value : text.slice(end).join("");
}

/** The same at the value's end. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const text = [...value].reverse();
  const end = matchEnd(tokens(pattern, value).reverse(), text, 0, longest);
  return end === undefined ? value : text.slice(end).reverse().join("");
}

/** The value with the pattern's leftmost longest match replaced, once or everywhere. */
export function replacePattern(value: string, pattern: string, replacement: string, everywhere: boolean): string {
  const parsed = tokens(pattern, value);
  const text = [...value];
  // Everywhere reads "$1" and "${name}" in the replacement as groups, of which a pattern has none; once does not.
  const inserted = everywhere
    ? replacement.replace(/\$(\$|\{\w+\}|\w+)/g, (_, name) => (name === "$" ? "$" : ""))
    : replacement;
  const starts = matchStarts(parsed, text);
  let result = "";
  let copied = 0;
  for (let start = 0, previous = -1; start <= text.length; ) {
    const end = starts[start] === 1 ? matchEnd(parsed, text, start, true) : undefined;
    // An empty match right behind the previous match does not count.
    if (end === undefined || (end === start && start === previous)) {
      start++;
      continue;
    }
    result += text.slice(copied, start).join("") + inserted;
    if (result.length > MOST_INSERTED) throw new Error(`the result is longer than ${MOST_INSERTED} characters`);
    copied = end;
    previous = end;
    start = end === start ? start + 1 : end;
    if (!everywhere) break;
  }
  return result + text.slice(copied).join("");
}
