import { posix } from "node:path";

/** A pattern that BuildKit would refuse. The message is the reason, without the pattern. */
export class MalformedPattern extends Error {
  override readonly name = "MalformedPattern";
}

/** Go's `path.Clean`: the shortest spelling of a path, without a trailing slash; "." for the empty one. */
export function cleanPath(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 && normal.endsWith("/") ? normal.slice(0, -1) : normal;
}

/** Whether a COPY source is a pattern for BuildKit: it has a `*`, `?` or `[` that no backslash escapes. */
export function hasWildcard(source: string): boolean {
  for (let i = 0; i < source.length; i++) {
    const char = source[i];
    if (char === "\\") i++;
    else if (char === "*" || char === "?" || char === "[") return true;
  }
  return false;
}

/** One step of a glob. Literals are bytes; `?` and classes take a whole character. */
type GlobStep =
  | { readonly kind: "byte"; readonly byte: string }
  | { readonly kind: "any" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] };

/** A run of steps between stars. */
interface GlobChunk {
  readonly afterStar: boolean;
  readonly steps: readonly GlobStep[];
  readonly last: boolean;
}

/**
 * A pattern of Go's `path.Match`, which is what COPY's wildcards are: `*` and `?` do not cross a slash, `**` is the
 * same as `*`, a class may match a slash, and a chunk between stars is matched at its first fitting place and never
 * again at a later one.
 */
export class Glob {
  readonly #chunks: readonly GlobChunk[];

  /** Throws MalformedPattern where `path.Match` returns ErrBadPattern. */
  constructor(pattern: string) {
    this.#chunks = [...globChunks(toBytes(pattern))];
  }

  /** Whether every match has exactly as many slashes as the pattern: no class takes a slash. */
  get keepsDepth(): boolean {
    const slash = 0x2f;
    return this.#chunks.every(({ steps }) => steps.every((step) => step.kind !== "class" || !inClass(step, slash)));
  }

  /** Whether the whole path matches. */
  matches(path: string): boolean {
    return matchChunks(this.#chunks, toBytes(path));
  }
}

/**
 * Throws MalformedPattern where moby refuses an ignore pattern: it asks Go's `filepath.Match` whether the pattern
 * matches ".", which notices a mistake only as far as it has to look.
 */
export function refuseMalformed(pattern: string): void {
  matchChunks(globChunks(toBytes(pattern)), ".");
}

function matchChunks(chunks: Iterable<GlobChunk>, name: string): boolean {
  let at = 0;
  for (const { afterStar, steps, last } of chunks) {
    if (afterStar && steps.length === 0) return !name.includes("/", at);
    let end = matchSteps(steps, name, at);
    let fits = end >= 0 && (!last || end === name.length);
    for (let skip = at; afterStar && !fits && skip < name.length && name[skip] !== "/"; skip++) {
      end = matchSteps(steps, name, skip + 1);
      fits = end >= 0 && (!last || end === name.length);
    }
    if (!fits) return false;
    at = end;
  }
  return at === name.length;
}

/** The text with one character per UTF-8 byte: Go looks for a match at every byte, also inside a character. */
function toBytes(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text).toString("latin1");
  }
  return text;
}

function* globChunks(pattern: string): Generator<GlobChunk> {
  let at = 0;
  while (at < pattern.length) {
    const afterStar = pattern[at] === "*";
    while (pattern[at] === "*") at++;
    const steps: GlobStep[] = [];
    while (at < pattern.length && pattern[at] !== "*") {
      const char = pattern.charAt(at);
      if (char === "[") {
        const [step, end] = parseClass(pattern, at + 1);
        steps.push(step);
        at = end;
      } else if (char === "?") {
        steps.push({ kind: "any" });
        at++;
      } else {
        if (char === "\\") at++;
        if (at >= pattern.length) throw new MalformedPattern("a backslash at the end escapes nothing");
        steps.push({ kind: "byte", byte: pattern.charAt(at) });
        at++;
      }
    }
    yield { afterStar, steps, last: at >= pattern.length };
  }
}

function parseClass(pattern: string, start: number): [GlobStep, number] {
  let at = start;
  const negated = pattern[at] === "^";
  if (negated) at++;
  const ranges: [number, number][] = [];
  while (ranges.length === 0 || pattern[at] !== "]") {
    const [low, afterLow] = classCharacter(pattern, at);
    at = afterLow;
    let high = low;
    if (pattern[at] === "-") [high, at] = classCharacter(pattern, at + 1);
    ranges.push([low, high]);
  }
  return [{ kind: "class", negated, ranges }, at + 1];
}

function classCharacter(pattern: string, start: number): [number, number] {
  let at = start;
  const first = pattern[at];
  if (first === undefined) throw new MalformedPattern("a [ without its ]");
  if (first === "-" || first === "]")
    throw new MalformedPattern(`a class in [ ] with a "${first}" where a character must stand`);
  if (first === "\\") at++;
  if (at >= pattern.length) throw new MalformedPattern("a [ without its ]");
  const end = at + characterWidth(pattern, at);
  if (end >= pattern.length) throw new MalformedPattern("a [ without its ]");
  return [characterAt(pattern, at), end];
}

/** The place after the steps, matched from `start` on, or -1. */
function matchSteps(steps: readonly GlobStep[], name: string, start: number): number {
  let at = start;
  for (const step of steps) {
    if (at >= name.length) return -1;
    if (step.kind === "byte") {
      if (name[at] !== step.byte) return -1;
      at++;
    } else {
      const matched = step.kind === "any" ? name[at] !== "/" : inClass(step, characterAt(name, at));
      if (!matched) return -1;
      at += characterWidth(name, at);
    }
  }
  return at;
}

function inClass(step: GlobStep & { kind: "class" }, character: number): boolean {
  return step.ranges.some(([low, high]) => low <= character && character <= high) !== step.negated;
}

/** Bytes of the character that starts here; 1 inside of one, as Go decodes it. */
function characterWidth(bytes: string, at: number): number {
  const lead = bytes.charCodeAt(at);
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function characterAt(bytes: string, at: number): number {
  const width = characterWidth(bytes, at);
  const lead = bytes.charCodeAt(at);
  if (width === 1) return lead < 0x80 ? lead : 0xfffd;
  let character = lead & (0xff >> (width + 1));
  for (let i = 1; i < width; i++) character = (character << 6) | (bytes.charCodeAt(at + i) & 0x3f);
  return character;
}
