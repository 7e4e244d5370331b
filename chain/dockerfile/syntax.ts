import { UserError } from "../errors.ts";
import { isBlank, splitOnce, trim, trimEnd, trimStart } from "./characters.ts";
import { refuseSymbols } from "./symbols.ts";
import { noVariables, splitWords } from "./words.ts";

/** A here-document that belongs to an instruction. */
export interface Heredoc {
  readonly name: string;
  /** Whether variables in it are expanded: no part of its word was quoted. */
  readonly expands: boolean;
  /** Whether leading tabs are dropped ("<<-"). */
  readonly dropsTabs: boolean;
  readonly content: string;
}

/** One instruction as it is written, continuation lines joined and comments gone. */
export interface SourceInstruction {
  /** As written; compare without case. */
  readonly keyword: string;
  /** The "--name=value" words before the arguments, quotes and escapes removed. */
  readonly flags: readonly string[];
  /** Everything behind the flags, trimmed. */
  readonly rest: string;
  /** The joined line, trailing blanks included. */
  readonly text: string;
  readonly heredocs: readonly Heredoc[];
  /** 1-based first and last line. */
  readonly line: number;
  readonly lastLine: number;
}

/** A Dockerfile as a list of instructions. */
export interface DockerfileSyntax {
  /** Path for messages. */
  readonly file: string;
  readonly escape: "\\" | "`";
  /** The image that a "# syntax=" line names, which then interprets the file. */
  readonly syntaxImage?: string;
  readonly instructions: readonly SourceInstruction[];
}

/** BuildKit reads lines with a scanner whose token limit is 64 KiB. */
const MAX_LINE_BYTES = 64 * 1024 - 1;

const HEREDOC_KEYWORDS = new Set(["add", "copy", "run"]);

/**
 * Reads a Dockerfile as BuildKit 0.34 does: directives, comments, continuation lines, flags and here-documents.
 * @param text the file's content
 * @param file its path, for messages
 * @throws UserError with file and line where BuildKit would refuse the file
 */
export function parseSyntax(text: string, file: string): DockerfileSyntax {
  return new SyntaxReader(text, file).read();
}

/** Reads a trigger of ONBUILD: one instruction in a line of its own. */
export function parseTrigger(expression: string, file: string, line: number): SourceInstruction {
  const { instructions } = parseSyntax(expression, file);
  const [only] = instructions;
  if (instructions.length !== 1 || !only) {
    throw new UserError({
      problem: "an ONBUILD trigger has to be one instruction",
      value: expression,
      at: { file, line },
    });
  }
  return { ...only, line, lastLine: line };
}

class SyntaxReader {
  private readonly file: string;
  private readonly lines: readonly string[];
  private readonly directives: DirectiveReader;
  private at = 0;

  constructor(text: string, file: string) {
    this.file = file;
    this.lines = splitLines(text.startsWith("\ufeff") ? text.slice(1) : text);
    this.directives = new DirectiveReader();
  }

  read(): DockerfileSyntax {
    const instructions: SourceInstruction[] = [];
    while (this.at < this.lines.length) {
      const instruction = this.readInstruction();
      if (instruction) instructions.push(instruction);
    }
    if (instructions.length === 0) throw this.error("the Dockerfile has no instructions", Math.max(1, this.at));
    const syntaxImage = detectSyntax(this.lines);
    return { file: this.file, escape: this.directives.escape, ...(syntaxImage && { syntaxImage }), instructions };
  }

  private error(problem: string, line: number, value?: string): UserError {
    return new UserError({ problem, ...(value !== undefined && { value }), at: { file: this.file, line } });
  }

  private nextLine(): string {
    const line = this.lines[this.at++] ?? "";
    if (line.length > MAX_LINE_BYTES / 4 && Buffer.byteLength(line) > MAX_LINE_BYTES) {
      throw this.error(`the line is longer than ${MAX_LINE_BYTES} bytes, which BuildKit does not read`, this.at);
    }
    refuseSymbols(line, { file: this.file, line: this.at });
    return line;
  }

  /** Directives are looked for in every line until the first that is none. */
  private readDirective(line: string): void {
    const problem = this.directives.offer(line);
    if (problem) throw this.error(problem, this.at, line);
  }

  private readInstruction(): SourceInstruction | undefined {
    const line = this.at + 1;
    const first = trimStart(trimLineEnd(this.nextLine()));
    this.readDirective(first);
    let { text, continues } = this.continuation(isComment(first) ? "" : first);
    if (!continues && text === "") return undefined;
    while (continues && this.at < this.lines.length) {
      const next = trimLineEnd(this.nextLine());
      this.readDirective(next);
      if (isComment(next) || trimStart(next) === "") continue;
      const part = this.continuation(next);
      text += part.text;
      continues = part.continues;
    }
    return this.instruction(text, line);
  }

  private continuation(text: string): { text: string; continues: boolean } {
    const end = trimEnd(text, (character) => character === " " || character === "\t");
    const { escape } = this.directives;
    // An escaped escape character at the end continues nothing.
    if (!end.endsWith(escape) || end.endsWith(escape + escape)) return { text, continues: false };
    return { text: end.slice(0, -1), continues: true };
  }

  private instruction(text: string, line: number): SourceInstruction {
    const at = { file: this.file, line };
    const { keyword, flags, rest } = splitInstruction(text, this.directives.escape);
    const heredocs: Heredoc[] = [];
    if (text.includes("<<") && canHaveHeredocs(keyword, rest, this.directives.escape)) {
      for (const heredoc of findHeredocs(text, at))
        heredocs.push({ ...heredoc, content: this.heredocContent(heredoc, line) });
    }
    return { keyword, flags, rest, text, heredocs, line, lastLine: this.at };
  }

  private heredocContent({ name, dropsTabs }: Omit<Heredoc, "content">, line: number): string {
    let content = "";
    while (this.at < this.lines.length) {
      const next = this.nextLine();
      const candidate = trimLineEnd(next);
      if ((dropsTabs ? candidate.replace(/^\t+/, "") : candidate) === name) return content;
      content += next;
    }
    throw this.error(`the here-document is not ended: no line reads ${name}`, line);
  }
}

/** The directives that precede everything else: escape, syntax, check. */
class DirectiveReader {
  escape: "\\" | "`" = "\\";
  private readonly seen = new Set<string>();
  private done = false;

  /** Takes a line; returns what is wrong with it as a directive, undefined where nothing is. */
  offer(line: string): string | undefined {
    if (this.done) return undefined;
    const directive = matchDirective(line, "#");
    if (!directive) {
      this.done = true;
      return undefined;
    }
    if (this.seen.has(directive.name)) return `only one ${directive.name} directive can be used`;
    this.seen.add(directive.name);
    if (directive.name !== "escape") return undefined;
    if (directive.value !== "\\" && directive.value !== "`") return "the escape directive takes \\ or `";
    this.escape = directive.value;
    return undefined;
  }
}

function matchDirective(line: string, comment: string): { name: string; value: string } | undefined {
  if (!line.startsWith(comment)) return undefined;
  const match = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(.+)$/.exec(trimStart(line.slice(comment.length)));
  const name = match?.[1]?.toLowerCase();
  if (name !== "syntax" && name !== "escape" && name !== "check") return undefined;
  return { name, value: trimEnd(match?.[2] ?? "", isDirectiveBlank) };
}

function isDirectiveBlank(character: string): boolean {
  return "\t\n\f\r ".includes(character);
}

/** The syntax directive may also stand behind a shebang, or in "//" comments. */
function detectSyntax(lines: readonly string[]): string | undefined {
  const start = lines[0]?.startsWith("#!") ? 1 : 0;
  for (const comment of ["#", "//"]) {
    const seen = new Set<string>();
    for (const line of lines.slice(start)) {
      const directive = matchDirective(trimLineEnd(line), comment);
      if (!directive || seen.has(directive.name)) break;
      seen.add(directive.name);
      if (directive.name === "syntax") return directive.value.split(" ")[0];
    }
  }
  return undefined;
}

/** Lines with their line feeds. */
function splitLines(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  const result = lines.map((line) => `${line}\n`);
  if (last !== "") result.push(last);
  return result;
}

function trimLineEnd(line: string): string {
  return trimEnd(line, (character) => character === "\r" || character === "\n");
}

function isComment(line: string): boolean {
  return trimStart(line).startsWith("#");
}

/** The keyword, the flags behind it and what follows, of a joined line. */
export function splitInstruction(
  text: string,
  escape: string,
): { readonly keyword: string; readonly flags: readonly string[]; readonly rest: string } {
  const [keyword, behind = ""] = splitOnce(trim(text));
  const { flags, rest } = takeFlags(behind, escape);
  return { keyword, flags, rest: trim(rest) };
}

/**
 * BuildKit takes flags byte by byte and each byte for a character, so a flag with characters beyond ASCII does not mean
 * what it says; the line is read here as the same bytes, to agree with it.
 */
function takeFlags(text: string, escape: string): { flags: string[]; rest: string } {
  const bytes = /^[\0-\x7f]*$/.test(text) ? text : Buffer.from(text).toString("latin1");
  const flags: string[] = [];
  const rest = (at: number) => (bytes === text ? text.slice(at) : Buffer.from(bytes.slice(at), "latin1").toString());
  let at = 0;
  for (;;) {
    while (at < bytes.length && isBlank(bytes.charAt(at))) at++;
    if (!bytes.startsWith("--", at)) return { flags, rest: rest(at) };
    let word = "";
    let quoted = false;
    let quote = "";
    for (; at < bytes.length; at++) {
      const character = bytes.charAt(at);
      if (quote === "" && isBlank(character)) break;
      if (character === quote) quote = "";
      else if (quote === "" && (character === "'" || character === '"')) {
        quote = character;
        quoted = true;
      } else if (character !== escape) word += character;
      else if (at + 1 < bytes.length) word += bytes.charAt(++at);
      else quote = "";
    }
    if (word === "--") return { flags, rest: rest(at) };
    if (quoted || word !== "") flags.push(word);
  }
}

function canHaveHeredocs(keyword: string, rest: string, escape: string): boolean {
  const inner = keyword.toLowerCase() === "onbuild" ? splitInstruction(rest, escape) : { keyword, rest };
  return HEREDOC_KEYWORDS.has(inner.keyword.toLowerCase()) && parseJsonArray(inner.rest) === undefined;
}

/** Finds the "<<NAME" words of a line. Escapes in it are always backslashes, whatever the directive says. */
function findHeredocs(text: string, at: { file: string; line: number }): Omit<Heredoc, "content">[] {
  let words: readonly string[];
  try {
    words = splitWords(text, noVariables, { escape: "\\", keepQuotes: true, keepEscapes: true, keepUnset: true });
  } catch {
    // A line whose quotes do not match has no here-documents for BuildKit either.
    return [];
  }
  return words.flatMap((word) => {
    const heredoc = heredocOf(word, at);
    return heredoc ? [heredoc] : [];
  });
}

/** What a word such as "<<EOF", "3<<-'END'" announces; undefined where it announces nothing. */
export function heredocOf(word: string, at: { file: string; line: number }): Omit<Heredoc, "content"> | undefined {
  const match = /^\d*<<(-?)([^<]*)$/.exec(word);
  const label = (match?.[2] ?? "").replace(/^[\t\n\f\r ]+/, "");
  if (label === "") return undefined;
  const options = { escape: "\\", keepUnset: true };
  try {
    const words = splitWords(label, noVariables, options);
    const [name] = words;
    if (words.length !== 1 || name === undefined) return undefined;
    const raw = splitWords(label, noVariables, { ...options, keepQuotes: true })[0] ?? "";
    return { name, expands: countQuotes(name) === countQuotes(raw), dropsTabs: match?.[1] === "-" };
  } catch (error) {
    throw new UserError({
      problem: `the here-document's word cannot be read: ${(error as Error).message}`,
      value: word,
      at,
    });
  }
}

function countQuotes(text: string): number {
  return text.replace(/[^'"]/g, "").length;
}

/** A JSON array of strings, undefined where the text is no JSON array; "mixed" where an element is not a string. */
export function parseJsonArray(text: string): readonly string[] | "mixed" | undefined {
  const start = trimStart(text);
  if (!start.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(start);
    if (!Array.isArray(value)) return undefined;
    // Go replaces half a surrogate pair, JavaScript keeps it.
    return value.every((one) => typeof one === "string") ? value.map((one: string) => one.toWellFormed()) : "mixed";
  } catch {
    return undefined;
  }
}
