import { type Location, UserError } from "../errors.ts";
import { Automaton } from "./automaton.ts";
import { cleanPath, MalformedPattern, refuseMalformed } from "./goPath.ts";
import { parseGoRegExp, sizeOf } from "./goRegExp.ts";

/** One pattern of an ignore file or of a flag that takes such patterns. */
export interface Pattern {
  /** The pattern without its `!`, cleaned. */
  readonly text: string;
  /** Whether it began with `!`: what it matches is taken back in. */
  readonly exception: boolean;
  /** Whether the pattern matches a path itself, its parents left aside. */
  readonly matches: (path: string) => boolean;
  /** How many steps the machine has that matches it. */
  readonly size: number;
}

/**
 * How large a pattern, and a list of patterns, may be in steps. A character is one, and a{1000} a thousand, so that a
 * pull request's ignore file of a few lines could take gigabytes. Real patterns have less than a hundred.
 */
const MOST_STEPS = 10_000;
const MOST_STEPS_TOGETHER = 1_000_000;

/**
 * Parses one pattern as moby's patternmatcher does; undefined for a blank one. Throws MalformedPattern for what it
 * refuses, also where it would notice only when the pattern is first tried, and a UserError for a pattern that is too
 * large to be matched here.
 *
 * @param at where it stands, for messages
 */
export function parsePattern(written: string, at?: Location): Pattern | undefined {
  const trimmed = trimSpace(written);
  if (trimmed === "") return undefined;
  const cleaned = cleanPath(trimmed);
  const exception = cleaned.startsWith("!");
  const text = exception ? cleaned.slice(1) : cleaned;
  if (text === "") throw new MalformedPattern('a "!" that takes nothing back in');
  refuseMalformed(text);
  return { text, exception, ...compile(text, at) };
}

/** Parses patterns that stand in a flag. Throws as parsePattern does. */
export function parsePatterns(written: readonly string[]): PatternList {
  return new PatternList(written.flatMap((pattern) => parsePattern(pattern) ?? []));
}

/**
 * Go's strings.TrimSpace, whose blanks are not those of String.trim. The end is looked at character by character,
 * because a pattern that ends there is tried at every run of blanks.
 */
export function trimSpace(text: string): string {
  let end = text.length;
  while (end > 0 && /\p{White_Space}/u.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(/^\p{White_Space}+/u, "");
}

/** The results of matching a folder, one per pattern; what lies in it inherits them. */
export type FolderResults = Uint8Array;

/**
 * A list of patterns where a later one overrules an earlier one. moby has two ways to ask it that do not always
 * agree, so both are here: `matches`, while walking down a tree, and `matchesAlone`.
 */
export class PatternList {
  readonly patterns: readonly Pattern[];
  /** Whether a pattern takes anything back in. */
  readonly hasExceptions: boolean;

  /** Throws a UserError where the patterns are too large together. */
  constructor(patterns: readonly Pattern[], at?: Location) {
    this.patterns = patterns;
    const size = patterns.reduce((sum, one) => sum + one.size, 0);
    if (size > MOST_STEPS_TOGETHER) throw tooLarge("the patterns are", size, MOST_STEPS_TOGETHER, at);
    this.hasExceptions = patterns.some(({ exception }) => exception);
  }

  /**
   * moby's MatchesUsingParentResults: whether the path matches, given the results of its folder. Without any, the
   * path's parents are tried too. Where `results` is given, this path's own results are written to it. A pattern that
   * could not change the answer is not tried and counts as not matching, also for what lies below.
   */
  matches(path: string, folder: FolderResults | undefined, results?: FolderResults): boolean {
    const patterns = this.patterns;
    let matched = false;
    for (let i = 0; i < patterns.length; i++) {
      const pattern = patterns[i] as Pattern;
      let match = folder !== undefined && folder[i] === 1;
      if (!match && pattern.exception === matched) {
        match = pattern.matches(path) || (folder === undefined && matchesParent(pattern, path));
      }
      if (match) matched = !pattern.exception;
      if (results) results[i] = match ? 1 : 0;
    }
    return matched;
  }

  /** The results of a folder with every pattern tried on it, as `matchesAlone` has them; `above` are its parent's. */
  resultsAlone(folder: string, above: FolderResults | undefined): FolderResults {
    return Uint8Array.from(this.patterns, (pattern, i) => (above?.[i] === 1 || pattern.matches(folder) ? 1 : 0));
  }

  /** moby's MatchesOrParentMatches: whether the path matches, each pattern being tried on it and on all its parents. */
  matchesAlone(path: string): boolean {
    return this.matches(path, undefined);
  }
}

function matchesParent(pattern: Pattern, path: string): boolean {
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) {
    if (pattern.matches(path.slice(0, slash))) return true;
  }
  return false;
}

/**
 * How moby compares a cleaned pattern with a path: as a whole, as a prefix, as a suffix, or as a Go regular
 * expression. Which one it takes depends on the pattern's characters in a way that is moby's alone; the two shapes
 * that ignore files are full of, `*.log` and its `**` form, need no expression.
 */
function compile(text: string, at?: Location): Pick<Pattern, "matches" | "size"> {
  const { kind, expression } = translate(text);
  if (kind !== "expression") return { matches: compilePlain(text, kind), size: 1 };
  const parsed = parseGoRegExp(expression);
  const size = sizeOf(parsed);
  if (size > MOST_STEPS) throw tooLarge("the pattern is", size, MOST_STEPS, at);
  // Built when a path is first compared: many a list is read and never asked.
  let automaton: Automaton | undefined;
  const test = (path: string) => {
    automaton ??= new Automaton(parsed);
    return automaton.test(path);
  };
  const ending = /^(?<deep>\*\*\/)?\*(?<end>[^*?[\]\\^|{}/]+)$/u.exec(text)?.groups;
  const end = ending?.end;
  if (end === undefined) return { matches: test, size };
  if (ending?.deep === undefined) return { matches: (path) => path.endsWith(end) && !path.includes("/"), size };
  return { matches: (path) => path.endsWith(end) && (!path.includes("\n") || test(path)), size };
}

function tooLarge(subject: string, size: number, most: number, at: Location | undefined): UserError {
  return new UserError({
    problem: `${subject} too large to be matched`,
    value: `${size} steps`,
    allowed: `${most} steps: a character is one, a{1000} is a thousand`,
    fix: "write \\{ and \\} for braces that are meant as they stand, or fewer patterns",
    ...(at && { at }),
  });
}

function compilePlain(text: string, kind: "whole" | "prefix" | "suffix"): Pattern["matches"] {
  if (kind === "whole") return (path) => path === text;
  if (kind === "prefix") {
    const prefix = text.slice(0, -2);
    return (path) => path.startsWith(prefix);
  }
  if (!text.startsWith("**")) return () => false; // A byte order mark: moby then cuts the suffix inside of it.
  const suffix = text.slice(2);
  const alone = suffix.startsWith("/") ? suffix.slice(1) : undefined;
  return (path) => path.endsWith(suffix) || path === alone;
}

interface Translation {
  readonly kind: "whole" | "prefix" | "suffix" | "expression";
  readonly expression: string;
}

/** moby's translation, character by character. `|`, `{` and `}` are meant to be escaped and are not: Go's byte overflows. */
function translate(text: string): Translation {
  const characters = Array.from(text.startsWith("\ufeff") ? text.slice(1) : text);
  let kind: Translation["kind"] = "whole";
  let expression = "^";
  for (let i = 0; i < characters.length; i++) {
    const first = i === 0;
    const character = characters[i] as string;
    if (character === "*" && characters[i + 1] === "*") {
      i++;
      if (characters[i + 1] === "/") i++;
      if (i + 1 < characters.length) {
        expression += "(.*/)?";
        kind = "expression";
      } else if (kind === "whole") {
        kind = "prefix";
      } else {
        expression += ".*";
        kind = "expression";
      }
      if (first) kind = "suffix";
    } else if (character === "*" || character === "?") {
      expression += character === "*" ? "[^/]*" : "[^/]";
      kind = "expression";
    } else if (character === "\\") {
      i++;
      expression += `\\${characters[i] ?? ""}`;
      if (i < characters.length) kind = "expression";
    } else {
      if (character === "[" || character === "]") kind = "expression";
      expression += ".+()$".includes(character) ? `\\${character}` : character;
    }
  }
  return { kind, expression: `${expression}$` };
}
