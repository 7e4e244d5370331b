import { hasBlank, splitAtBlanks } from "./characters.ts";
import { MOST_INSERTED, MOST_NESTED } from "./limits.ts";
import { replacePattern, trimPrefix, trimSuffix } from "./patterns.ts";
import { isSymbolic, symbol } from "./symbols.ts";

/** Where the values of variables come from. */
export interface Variables {
  /** The value, possibly symbolic; undefined where the variable is not set. */
  get(name: string): string | undefined;
  /** Whether a variable that get does not know may still be set, by a base image whose configuration is not known. */
  readonly open: boolean;
}

/** No variables at all. */
export const noVariables: Variables = { get: () => undefined, open: false };

/** How a word is read; the defaults are those of instruction arguments. */
export interface WordOptions {
  /** The Dockerfile's escape character. */
  readonly escape: string;
  /** Keep quotes in the result. */
  readonly keepQuotes?: boolean;
  /** Keep escape characters in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes are ordinary characters: the text of a heredoc. */
  readonly plainQuotes?: boolean;
  /** Leave a variable that is not set as it is written. */
  readonly keepUnset?: boolean;
}

/** Expands variables and removes quotes and escapes; blanks stay. Throws an Error that says what is wrong with the word. */
export function expandWord(word: string, variables: Variables, options: WordOptions): string {
  return new WordReader(word, variables, options).readAll().text;
}

/** The same, then split at blanks that are neither quoted nor escaped. */
export function splitWords(word: string, variables: Variables, options: WordOptions): readonly string[] {
  return new WordReader(word, variables, options).readAll().words;
}

/** Collects the words of a text while it is read. */
class Words {
  private readonly done: string[] = [];
  private current = "";

  plain(characters: string): void {
    if (!hasBlank(characters)) {
      this.current += characters;
      return;
    }
    const [first = "", ...more] = splitAtBlanks(characters);
    this.current += first;
    for (const next of more) {
      if (this.current !== "") this.done.push(this.current);
      this.current = next;
    }
  }

  quoted(text: string): void {
    this.current += text;
  }

  /** Drops what the current word has so far. */
  forget(): void {
    this.current = "";
  }

  finish(): string[] {
    if (this.current !== "") this.done.push(this.current);
    this.current = "";
    return this.done;
  }
}

const SPECIAL_PARAMETERS = "@*#?-$!0";

/**
 * Reads one text from left to right. The rules are those of BuildKit 0.34 (frontend/dockerfile/shell), which resembles
 * a shell and is not one: ${name/pattern/with} works, ${name^^} does not.
 */
class WordReader {
  private readonly characters: readonly string[];
  private at = 0;
  private readonly variables: Variables;
  private readonly options: WordOptions;
  private keepEscapes: boolean;
  /**
   * Operands of ${name:-operand} and its like read so far. BuildKit collects their words in the buffer of the word
   * around them, so split words lack what stands before such an expression: EXPOSE 80${X:-81} exposes 81.
   */
  private operands = 0;
  /** How many operands the place that is read lies in. */
  private depth = 0;
  /** Characters that variables have put in so far, those of operands included. */
  private inserted = 0;

  constructor(text: string, variables: Variables, options: WordOptions) {
    // Go's scanner drops a byte order mark at the start of whatever it reads.
    this.characters = [...(text.startsWith("\ufeff") ? text.slice(1) : text)];
    this.variables = variables;
    this.options = options;
    this.keepEscapes = options.keepEscapes ?? false;
  }

  readAll(): { readonly text: string; readonly words: readonly string[] } {
    return this.readUntil(undefined, this.keepEscapes, false);
  }

  private peek(): string | undefined {
    return this.characters[this.at];
  }

  private next(): string | undefined {
    return this.characters[this.at++];
  }

  /**
   * @param stop the character that ends the text, undefined for its end
   * @param keepEscapes escape characters stay in the result
   * @param forPattern an escape character inside quotes is doubled, because the result is read again as a pattern
   */
  private readUntil(
    stop: string | undefined,
    keepEscapes: boolean,
    forPattern: boolean,
  ): { text: string; words: string[] } {
    const before = this.keepEscapes;
    this.keepEscapes = keepEscapes;
    try {
      const words = new Words();
      const parts: string[] = [];
      for (let character = this.peek(); character !== undefined; character = this.peek()) {
        if (stop !== undefined && character === stop) {
          this.at++;
          return { text: parts.join(""), words: words.finish() };
        }
        const operands = this.operands;
        if (character === "$") {
          const value = this.readDollar();
          if (this.operands !== operands) words.forget();
          parts.push(value);
          words.plain(value);
        } else if (character === "<") {
          const text = this.readLess();
          parts.push(text);
          words.quoted(text);
        } else if (!this.options.plainQuotes && (character === "'" || character === '"')) {
          const text = character === "'" ? this.readSingleQuoted(forPattern) : this.readDoubleQuoted(forPattern);
          if (this.operands !== operands) words.forget();
          parts.push(text);
          words.quoted(text);
        } else if (character === this.options.escape) {
          this.at++;
          if (this.keepEscapes) {
            parts.push(character);
            words.quoted(character);
          }
          const escaped = this.next();
          if (escaped === undefined) break;
          parts.push(escaped);
          words.quoted(escaped);
        } else {
          this.at++;
          parts.push(character);
          words.plain(character);
        }
      }
      if (stop !== undefined) throw new Error(`unexpected end while looking for the matching ${stop}`);
      return { text: parts.join(""), words: words.finish() };
    } finally {
      this.keepEscapes = before;
    }
  }

  private readSingleQuoted(forPattern: boolean): string {
    let text = this.options.keepQuotes ? "'" : "";
    this.at++;
    for (let character = this.next(); character !== undefined; character = this.next()) {
      if (character === "'") return this.options.keepQuotes ? `${text}'` : text;
      if (forPattern && character === this.options.escape) text += character;
      text += character;
    }
    throw new Error("unexpected end while looking for the matching single quote");
  }

  private readDoubleQuoted(forPattern: boolean): string {
    let text = this.options.keepQuotes ? '"' : "";
    this.at++;
    for (let character = this.peek(); character !== undefined; character = this.peek()) {
      if (character === '"') {
        this.at++;
        return this.options.keepQuotes ? `${text}"` : text;
      }
      if (character === "$") {
        text += this.readDollar();
        continue;
      }
      this.at++;
      if (character !== this.options.escape) {
        text += character;
        continue;
      }
      const escaped = this.peek();
      if (escaped === undefined) continue;
      if (escaped === '"' || escaped === "$" || escaped === this.options.escape) {
        this.at++;
        text += this.keepEscapes ? character + escaped : escaped;
      } else {
        // Any other escape stays as it is, and doubled where the text is read again as a pattern.
        text += this.keepEscapes && (!this.options.keepQuotes || forPattern) ? character + character : character;
      }
    }
    throw new Error("unexpected end while looking for the matching double quote");
  }

  /** "<" is nothing special, "<<" takes the blanks behind it along, so that a heredoc's word stays one word. */
  private readLess(): string {
    this.at++;
    if (this.peek() !== "<") return "<";
    this.at++;
    let text = "<<";
    for (let blank = this.peek(); blank === " " || blank === "\t" || blank === "\r"; blank = this.peek()) {
      text += blank;
      this.at++;
    }
    return text;
  }

  private readDollar(): string {
    const value = this.readExpression();
    this.inserted += value.length;
    if (this.inserted > MOST_INSERTED) {
      throw new Error(`variables make this longer than ${MOST_INSERTED} characters, which strata does not read`);
    }
    return value;
  }

  private readExpression(): string {
    this.at++;
    if (this.peek() !== "{") {
      const name = this.readName();
      if (name === "") return "$";
      return this.variables.get(name) ?? this.unset(`$${name}`, `\${${name}}`, () => "");
    }
    this.at++;
    const first = this.peek();
    if (first === undefined) throw new Error("missing '}'");
    if (first === "{" || first === "}" || first === ":") throw new Error("bad substitution");
    const name = this.readName();
    const operator = this.next();
    if (operator === "}") {
      return this.variables.get(name) ?? this.unset(`\${${name}}`, `\${${name}}`, () => "");
    }
    if (operator === "/") return this.readReplacement(name);
    return this.readModifier(name, operator ?? "");
  }

  /** The value of an expression whose variable is not set: kept, symbolic, or what the expression says. */
  private unset(written: string, expression: string, otherwise: () => string): string {
    if (this.options.keepUnset) return written;
    return this.variables.open ? symbol(expression) : otherwise();
  }

  private readModifier(name: string, first: string): string {
    const orEmpty = first === ":";
    const kind = orEmpty ? (this.next() ?? "") : first;
    const operator = orEmpty ? `:${kind}` : kind;
    const trims = kind === "#" || kind === "%";
    const supported = trims ? !orEmpty : kind === "-" || kind === "+" || kind === "?";
    const unsupported = () => new Error(`unsupported modifier (${operator}) in substitution`);
    // Behind a ":" BuildKit looks at the modifier only once the variable turns out to be set, unless it trims.
    if (!supported && (trims || !orEmpty)) throw unsupported();
    const word = this.readOperand("}", trims, trims);
    const written = `\${${name}${operator}${word}}`;
    const value = this.variables.get(name);
    if (!supported && (value !== undefined || !this.options.keepUnset)) throw unsupported();
    // What an unset or empty variable gives. An open scope cannot tell whether it is unset.
    if (value === undefined) {
      return this.unset(written, written, () => {
        if (kind === "-") return word;
        if (kind === "?") throw new Error(`${name}: ${word === "" ? "is not allowed to be unset" : word}`);
        return trims ? this.trimmed("", kind, word) : "";
      });
    }
    if (isSymbolic(value) && (orEmpty || trims)) return expression(symbol(value), operator, word);
    const empty = orEmpty && value === "";
    if (kind === "-") return empty ? word : value;
    if (kind === "+") return empty ? "" : word;
    if (kind === "?") {
      if (empty) throw new Error(`${name}: ${word === "" ? "is not allowed to be empty" : word}`);
      return value;
    }
    return this.trimmed(value, kind, word);
  }

  /** "##" and "%%" take the longest match. What an unknown pattern leaves is unknown too. */
  private trimmed(value: string, kind: string, word: string): string {
    if (isSymbolic(word)) return expression(symbol(value), kind, word);
    const longest = word.startsWith(kind);
    const pattern = longest ? word.slice(1) : word;
    return withPattern(pattern, () =>
      kind === "#" ? trimPrefix(value, pattern, longest) : trimSuffix(value, pattern, longest),
    );
  }

  private readReplacement(name: string): string {
    const everywhere = this.peek() === "/";
    if (everywhere) this.at++;
    const pattern = this.readOperand("/", true, true);
    const replacement = this.readOperand("}", true, false);
    const value = this.variables.get(name);
    // Written back with one slash even where there were two, as BuildKit does.
    if (value === undefined && this.options.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    const slashes = everywhere ? "//" : "/";
    if (value === undefined && this.variables.open) return expression(name, slashes, pattern, "/", replacement);
    if ([value ?? "", pattern, replacement].some(isSymbolic)) {
      return expression(symbol(value ?? ""), slashes, pattern, "/", replacement);
    }
    return withPattern(pattern, () => replacePattern(value ?? "", pattern, replacement, everywhere));
  }

  private readOperand(stop: string, keepEscapes: boolean, forPattern: boolean): string {
    this.operands++;
    if (++this.depth > MOST_NESTED)
      throw new Error(`expressions stand inside each other more than ${MOST_NESTED} deep`);
    try {
      return this.readUntil(stop, keepEscapes, forPattern).text;
    } catch (error) {
      if (this.peek() === undefined) throw new Error(`missing '${stop}'`);
      throw error;
    } finally {
      this.depth--;
    }
  }

  private readName(): string {
    const first = this.peek();
    if (first === undefined) return "";
    if (isDigit(first)) {
      let digits = "";
      for (let digit = this.peek(); digit !== undefined && isDigit(digit); digit = this.peek()) {
        digits += digit;
        this.at++;
      }
      return digits;
    }
    if (SPECIAL_PARAMETERS.includes(first)) {
      this.at++;
      return first;
    }
    let name = "";
    for (let letter = this.peek(); letter !== undefined && isNameCharacter(letter); letter = this.peek()) {
      name += letter;
      this.at++;
    }
    return name;
  }
}

function isDigit(character: string): boolean {
  return /^\p{Nd}$/u.test(character);
}

function isNameCharacter(character: string): boolean {
  return /^[\p{L}\p{Nd}_]$/u.test(character);
}

/**
 * The symbol for an expression whose value is unknown. Operands are symbols in it, because their own text may look like
 * an operator: ${name/"a/b"/c} is not ${name/a/"b/c"}.
 */
function expression(subject: string, ...parts: readonly string[]): string {
  const framed = parts.map((part, index) => (index % 2 === 0 ? part : symbol(part)));
  return symbol(`\${${subject}${framed.join("")}}`);
}

function withPattern(pattern: string, apply: () => string): string {
  try {
    return apply();
  } catch (error) {
    throw new Error(`invalid pattern (${pattern}) in substitution: ${(error as Error).message}`);
  }
}
