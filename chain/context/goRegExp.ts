import { MalformedPattern } from "./goPath.ts";

/** Whether a character, given by its code point, is in a set. */
type CharacterTest = (character: number) => boolean;

/** A place that an expression can demand without taking a character. */
export type Position = "start" | "end" | "boundary" | "inside";

/** A parsed expression. */
export type GoRegExp =
  | { readonly kind: "character"; readonly accepts: CharacterTest }
  | { readonly kind: "position"; readonly position: Position }
  | { readonly kind: "sequence"; readonly items: readonly GoRegExp[] }
  | { readonly kind: "choice"; readonly branches: readonly GoRegExp[] }
  | { readonly kind: "repeat"; readonly item: GoRegExp; readonly min: number; readonly max: number };

/** How many steps a machine for the expression has: what is repeated counts as often as it can be taken. */
export function sizeOf(expression: GoRegExp): number {
  switch (expression.kind) {
    case "sequence":
      return expression.items.reduce((sum, item) => sum + sizeOf(item), 0);
    case "choice":
      return expression.branches.reduce((sum, branch) => sum + sizeOf(branch) + 1, -1);
    case "repeat": {
      const { item, min, max } = expression;
      if (max === Number.POSITIVE_INFINITY) return sizeOf(item) * (min + 1) + 1;
      return sizeOf(item) * max + max - min;
    }
    default:
      return 1;
  }
}

type Range = readonly [low: number, high: number];

const mostRepetitions = 1000;

const escapedLetters: Readonly<Record<string, readonly Range[]>> = {
  d: [[0x30, 0x39]],
  s: [
    [0x09, 0x0a],
    [0x0c, 0x0d],
    [0x20, 0x20],
  ],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
};

const namedClasses: Readonly<Record<string, readonly Range[]>> = {
  alnum: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  alpha: [
    [0x41, 0x5a],
    [0x61, 0x7a],
  ],
  ascii: [[0x00, 0x7f]],
  blank: [
    [0x09, 0x09],
    [0x20, 0x20],
  ],
  cntrl: [
    [0x00, 0x1f],
    [0x7f, 0x7f],
  ],
  digit: [[0x30, 0x39]],
  graph: [[0x21, 0x7e]],
  lower: [[0x61, 0x7a]],
  print: [[0x20, 0x7e]],
  punct: [
    [0x21, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0x7e],
  ],
  space: [
    [0x09, 0x0d],
    [0x20, 0x20],
  ],
  upper: [[0x41, 0x5a]],
  word: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  xdigit: [
    [0x30, 0x39],
    [0x41, 0x46],
    [0x61, 0x66],
  ],
};

const controlEscapes: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

/**
 * Parses a regular expression as Go's regexp package does, as far as moby makes any of an ignore pattern: groups,
 * alternatives, classes, counted repetition and every escape, no flags and no lazy repetition. Throws
 * MalformedPattern where Go refuses to compile.
 */
export function parseGoRegExp(source: string): GoRegExp {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  #at = 0;

  constructor(source: string) {
    this.#source = source;
  }

  parse(): GoRegExp {
    const expression = this.#choice();
    if (this.#at < this.#source.length) throw new MalformedPattern("a ) without its (");
    return expression;
  }

  #choice(): GoRegExp {
    const branches = [this.#sequence()];
    while (this.#take("|")) branches.push(this.#sequence());
    return branches.length === 1 && branches[0] ? branches[0] : { kind: "choice", branches };
  }

  #sequence(): GoRegExp {
    const items: GoRegExp[] = [];
    let repeated = false;
    while (this.#at < this.#source.length && !this.#sees("|") && !this.#sees(")")) {
      const count = this.#repetition();
      if (count) {
        const item = items.pop();
        if (!item || repeated) throw new MalformedPattern("a repetition with nothing to repeat");
        items.push({ kind: "repeat", item, ...count });
      } else {
        items.push(...this.#atoms());
      }
      repeated = count !== undefined;
    }
    return { kind: "sequence", items };
  }

  /** The repetition that stands here, or undefined where the text is none, as a `{` that counts nothing. */
  #repetition(): { min: number; max: number } | undefined {
    if (this.#take("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take("?")) return { min: 0, max: 1 };
    const counted = this.#takeMatch(/\{(0|[1-9]\d*)(,(0|[1-9]\d*)?)?\}/y);
    if (!counted) return undefined;
    const min = Number(counted[1]);
    const max =
      counted[2] === undefined ? min : counted[3] === undefined ? Number.POSITIVE_INFINITY : Number(counted[3]);
    if (min > mostRepetitions || (Number.isFinite(max) && max > mostRepetitions) || min > max) {
      throw new MalformedPattern(`a repetition ${counted[0]} that is not between 0 and ${mostRepetitions}, rising`);
    }
    return { min, max };
  }

  #atoms(): GoRegExp[] {
    if (this.#take("(")) {
      const group = this.#choice();
      if (!this.#take(")")) throw new MalformedPattern("a ( without its )");
      return [group];
    }
    if (this.#take("^")) return [{ kind: "position", position: "start" }];
    if (this.#take("$")) return [{ kind: "position", position: "end" }];
    if (this.#take(".")) return [{ kind: "character", accepts: (character) => character !== 0x0a }];
    if (this.#take("[")) return [{ kind: "character", accepts: this.#class() }];
    if (this.#take("\\A")) return [{ kind: "position", position: "start" }];
    if (this.#take("\\z")) return [{ kind: "position", position: "end" }];
    if (this.#take("\\b")) return [{ kind: "position", position: "boundary" }];
    if (this.#take("\\B")) return [{ kind: "position", position: "inside" }];
    if (this.#take("\\Q")) return this.#quoted();
    const accepts = this.#escapedSet() ?? only(this.#character());
    return [{ kind: "character", accepts }];
  }

  /** The rest up to `\E` as it stands. */
  #quoted(): GoRegExp[] {
    const end = this.#source.indexOf("\\E", this.#at);
    const text = this.#source.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#source.length : end + 2;
    return Array.from(text, (char) => ({ kind: "character", accepts: only(char.codePointAt(0) ?? 0) }));
  }

  /** A class, its `[` already taken. */
  #class(): CharacterTest {
    const negated = this.#take("^");
    const tests: CharacterTest[] = [];
    while (tests.length === 0 || !this.#take("]")) {
      const set = this.#namedClass() ?? this.#escapedSet();
      if (set) {
        tests.push(set);
        continue;
      }
      const low = this.#classCharacter();
      const high =
        this.#sees("-") && this.#source[this.#at + 1] !== "]" && this.#take("-") ? this.#classCharacter() : low;
      if (high < low) throw new MalformedPattern("a range in [ ] whose end comes before its start");
      tests.push((character) => low <= character && character <= high);
    }
    return (character) => tests.some((accepts) => accepts(character)) !== negated;
  }

  #classCharacter(): number {
    if (this.#at >= this.#source.length) throw new MalformedPattern("a [ without its ]");
    return this.#character();
  }

  #namedClass(): CharacterTest | undefined {
    const named = this.#takeMatch(/\[:(.*?):\]/sy);
    if (!named) return undefined;
    const negated = named[1]?.startsWith("^") ?? false;
    const ranges = namedClasses[named[1]?.slice(negated ? 1 : 0) ?? ""];
    if (!ranges) throw new MalformedPattern(`the unknown class ${named[0]}`);
    return (character) => inRanges(ranges, character) !== negated;
  }

  /** `\d` and its kind, and `\pL` or `\p{Greek}`. */
  #escapedSet(): CharacterTest | undefined {
    const letter = this.#takeMatch(/\\([dswDSW])/y)?.[1];
    if (letter) {
      const ranges = escapedLetters[letter.toLowerCase()] ?? [];
      const negated = letter < "a";
      return (character) => inRanges(ranges, character) !== negated;
    }
    const property = this.#takeMatch(/\\([pP])(?:\{(\^?)([^}]*)\}|([^{]))/uy);
    if (!property) return undefined;
    const expression = unicodeProperty(property[3] ?? property[4] ?? "");
    const negated = (property[1] === "P") !== (property[2] === "^");
    return (character) => expression.test(String.fromCodePoint(character)) !== negated;
  }

  /** One character, perhaps escaped. */
  #character(): number {
    const plain = this.#source.codePointAt(this.#at) ?? 0;
    if (!this.#take("\\")) {
      this.#at += plain > 0xffff ? 2 : 1;
      return plain;
    }
    const octal = this.#takeMatch(/0[0-7]{0,2}|[1-7][0-7]{1,2}/y);
    if (octal) return Number.parseInt(octal[0], 8);
    const hexadecimal = this.#takeMatch(/x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/y);
    if (hexadecimal) {
      const character = Number.parseInt(hexadecimal[1] ?? hexadecimal[2] ?? "", 16);
      if (character <= 0x10ffff) return character;
    }
    const control = this.#takeMatch(/[afnrtv]/y);
    if (control) return controlEscapes[control[0]] ?? 0;
    const sign = this.#source.charCodeAt(this.#at);
    if (Number.isNaN(sign) || sign > 0x7f || /[0-9A-Za-z]/.test(this.#source.charAt(this.#at))) {
      throw new MalformedPattern(`the unknown escape \\${this.#source.charAt(this.#at)}`);
    }
    this.#at++;
    return sign;
  }

  #sees(text: string): boolean {
    return this.#source.startsWith(text, this.#at);
  }

  #take(text: string): boolean {
    const seen = this.#sees(text);
    if (seen) this.#at += text.length;
    return seen;
  }

  #takeMatch(sticky: RegExp): RegExpExecArray | undefined {
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#source);
    if (!match) return undefined;
    this.#at += match[0].length;
    return match;
  }
}

function only(wanted: number): CharacterTest {
  return (character) => character === wanted;
}

function inRanges(ranges: readonly Range[], character: number): boolean {
  return ranges.some(([low, high]) => low <= character && character <= high);
}

/** Go knows general categories and scripts by these names, and no other properties. */
function unicodeProperty(name: string): RegExp {
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      return new RegExp(`^\\p{${property}}$`, "u");
    } catch {
      // Not a name of this kind: the next kind, or the error below.
    }
  }
  throw new MalformedPattern(`the unknown character property ${name}`);
}
