import { type Location, UserError } from "../errors.ts";
import { cleanPath, MalformedPattern } from "./goPath.ts";
import { followLinks, join, parentOf } from "./links.ts";
import { type FolderResults, type Pattern, PatternList, parsePattern, trimSpace } from "./pattern.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** What an ignore file says. */
export interface IgnoreRules {
  /** The file, as a message names it; undefined where there is none. */
  readonly file: string | undefined;
  readonly patterns: PatternList;
}

/** The longest line in bytes that BuildKit's reader takes. */
const longestLine = 64 * 1024 - 1;

/**
 * Reads an ignore file as BuildKit does. Only a `#` in the first column begins a comment; a leading slash means
 * nothing; paths are cleaned. Throws a UserError that names the file and the line of a malformed pattern and of one that is too large to be matched here.
 *
 * @param file the file's name for messages
 */
export function parseIgnoreFile(text: string, file: string): IgnoreRules {
  const patterns: Pattern[] = [];
  for (const [index, line] of text
    .replace(/^\ufeff/, "")
    .split("\n")
    .entries()) {
    const at = { file, line: index + 1 };
    try {
      const pattern = parseLine(line.endsWith("\r") ? line.slice(0, -1) : line, at);
      if (pattern) patterns.push(pattern);
    } catch (error) {
      if (!(error instanceof MalformedPattern)) throw error;
      throw new UserError(
        {
          problem: `BuildKit refuses this pattern: ${error.message}`,
          value: line.length > 200 ? `${line.slice(0, 200)}…` : line,
          allowed: "paths with * ? ** and [classes]; a backslash takes a character as it stands",
          fix: "correct the pattern, or escape the character that is meant as it stands",
          at,
        },
        { cause: error },
      );
    }
  }
  return { file, patterns: new PatternList(patterns, { file }) };
}

function parseLine(line: string, at: Location): Pattern | undefined {
  if (Buffer.byteLength(line) > longestLine) throw new MalformedPattern(`a line longer than ${longestLine} bytes`);
  if (line.startsWith("#")) return undefined;
  const written = trimSpace(line);
  const exception = written.startsWith("!");
  const path = exception ? trimSpace(written.slice(1)) : written;
  const cleaned = path === "" ? "" : cleanPath(path);
  const relative = cleaned.length > 1 && cleaned.startsWith("/") ? cleaned.slice(1) : cleaned;
  return parsePattern(exception ? `!${relative}` : relative, at);
}

/**
 * The rules that BuildKit applies to a context: those of `<Dockerfile>.dockerignore` beside the Dockerfile, which
 * counts even if it is empty, else those of `.dockerignore` at the context's root, else none.
 *
 * @param dockerfile the tree that the Dockerfile lies in, which need not be the context, and its path there
 */
export function readIgnoreRules(
  dockerfile: { readonly tree: FileTree; readonly path: string },
  context: FileTree,
): IgnoreRules {
  const candidates = [
    { tree: dockerfile.tree, path: `${dockerfile.path}.dockerignore` },
    { tree: context, path: ".dockerignore" },
  ];
  for (const { tree, path } of candidates) {
    const found = followLinks(tree, path, "follow");
    if (found.entry?.kind !== "file") continue;
    return parseIgnoreFile(tree.read(found.path).toString("utf8"), join(tree.label, path));
  }
  return { file: undefined, patterns: new PatternList([]) };
}

/**
 * The tree that a build receives: what BuildKit's transfer of the context leaves of the tree. A folder stays if no
 * pattern takes it out, even with nothing left in it, or if something in it stays. Folders are filtered when they are
 * first looked at, and those that cannot hold an exception are never looked into.
 */
export function withoutIgnored(tree: FileTree, rules: IgnoreRules): FileTree {
  return rules.patterns.patterns.length === 0 ? tree : new ReceivedTree(tree, rules.patterns);
}

/** A folder that is received, or that is taken out and may hold something that is. */
interface ReceivedFolder {
  /** Names of what is received, in the tree's order. */
  readonly names: readonly string[];
  /** Names of what is not. */
  readonly ignored: ReadonlySet<string>;
  /** Results of the patterns for the folder; undefined for the context itself. */
  readonly results: FolderResults | undefined;
  /** The same where every pattern is tried: it decides whether BuildKit opens a file that it has listed. */
  readonly alone: FolderResults | undefined;
}

class ReceivedTree implements FileTree {
  readonly label: string;
  readonly #tree: FileTree;
  readonly #patterns: PatternList;
  readonly #exceptions: readonly ExceptionPlace[];
  readonly #folders = new Map<string, ReceivedFolder | undefined>();
  #lastPath: string | undefined;
  #lastFolder: ReceivedFolder | undefined;

  constructor(tree: FileTree, patterns: PatternList) {
    this.label = tree.label;
    this.#tree = tree;
    this.#patterns = patterns;
    this.#exceptions = exceptionPlaces(patterns);
  }

  entry(path: string): TreeEntry | undefined {
    const folder = this.#folderAbove(path);
    if (!folder || isIgnored(path, folder)) return undefined;
    const entry = this.#tree.entry(path);
    if (entry?.kind === "file" && folder.alone !== folder.results && this.#patterns.matches(path, folder.alone)) {
      throw sentEmpty(path, this.label);
    }
    return entry;
  }

  children(path: string): readonly string[] {
    return this.#receives(path) ? (this.#folder(path)?.names ?? []) : [];
  }

  read(path: string): Buffer {
    this.#demand(path);
    return this.#tree.read(path);
  }

  async digests(paths: readonly string[]): Promise<readonly string[]> {
    for (const path of paths) this.#demand(path);
    return this.#tree.digests(paths);
  }

  #demand(path: string): void {
    if (this.#receives(path)) return;
    throw new UserError({
      problem: `${path} is not in the context: the ignore rules of ${this.label} leave it out`,
      fix: `take it back in with a last line !${path}`,
    });
  }

  #receives(path: string): boolean {
    const folder = this.#folderAbove(path);
    return folder !== undefined && !isIgnored(path, folder);
  }

  /** The folder that a path lies in; the root counts as lying in itself. A walk asks for the same one again and again. */
  #folderAbove(path: string): ReceivedFolder | undefined {
    const slash = Math.max(0, path.lastIndexOf("/"));
    if (slash !== this.#lastPath?.length || !path.startsWith(this.#lastPath)) {
      const above = path.slice(0, slash);
      this.#lastFolder = this.#folder(above);
      this.#lastPath = above;
    }
    return this.#lastFolder;
  }

  /** The folder at a path, or undefined where nothing of it is received. */
  #folder(path: string): ReceivedFolder | undefined {
    let folder = this.#folders.get(path);
    if (folder === undefined && !this.#folders.has(path)) {
      const parent = path === "" ? undefined : this.#folder(parentOf(path));
      if (path === "" || (parent && !isIgnored(path, parent))) folder = this.#filter(path, parent);
      this.#folders.set(path, folder);
    }
    return folder;
  }

  /** Filters a folder, and at once those folders in it that stay only if something in them does. */
  #filter(path: string, parent: ReceivedFolder | undefined): ReceivedFolder {
    const results = parent && this.#results(path, parent.results);
    const alone = results && this.#resultsAlone(path, results, parent?.alone);
    const all = this.#tree.children(path);
    const ignored = new Set<string>();
    const unfiltered = { names: all, ignored, results, alone };
    for (const name of all) {
      const child = join(path, name);
      if (!this.#patterns.matches(child, results)) continue;
      if (this.#mayHoldException(child) && this.#tree.entry(child)?.kind === "directory") {
        const folder = this.#filter(child, unfiltered);
        if (folder.names.length > 0) {
          this.#folders.set(child, folder);
          continue;
        }
      }
      ignored.add(name);
    }
    return ignored.size === 0 ? unfiltered : { ...unfiltered, names: all.filter((name) => !ignored.has(name)) };
  }

  #results(path: string, above: FolderResults | undefined): FolderResults {
    const results = new Uint8Array(this.#patterns.patterns.length);
    this.#patterns.matches(path, above, results);
    return results;
  }

  /** The same results object where trying every pattern changes nothing. */
  #resultsAlone(path: string, results: FolderResults, above: FolderResults | undefined): FolderResults {
    if (!this.#patterns.hasExceptions) return results;
    const alone = this.#patterns.resultsAlone(path, above);
    return alone.every((result, i) => result === results[i]) ? results : alone;
  }

  #mayHoldException(folder: string): boolean {
    const inside = `${folder}/`;
    return this.#exceptions.some(({ at, below }) => at.startsWith(inside) || (below && inside.startsWith(at)));
  }
}

/** Where an exception of a list can take something back in. */
interface ExceptionPlace {
  /** A path with a slash at its end, or nothing for the context itself. */
  readonly at: string;
  /** Whether it can be anywhere below that path, and not only there. */
  readonly below: boolean;
}

/**
 * Where the exceptions of a list can match. Without wildcards that is where the transfer looks for them: the patterns
 * themselves, without a last `/**` or `/*`. As soon as one of them has a wildcard elsewhere, the transfer looks
 * everywhere; it can find something only below the folders that a pattern names before its first wildcard, because what
 * is taken out stays so until an exception matches it itself.
 */
function exceptionPlaces(patterns: PatternList): readonly ExceptionPlace[] {
  const exceptions = patterns.patterns.filter(({ exception }) => exception).map(({ text }) => text);
  const plain = exceptions.map((text) => text.replace(/\/\*\*$/, "").replace(/\/\*$/, ""));
  if (!plain.some(hasWildcard)) return plain.map((path) => ({ at: `${path}/`, below: false }));
  return exceptions.map((text) => {
    const parts = text.split("/");
    const first = parts.findIndex(hasWildcard);
    const named = first === -1 ? parts : parts.slice(0, first);
    return { at: named.map((part) => `${part}/`).join(""), below: first !== -1 };
  });
}

function hasWildcard(text: string): boolean {
  return /[*[\]?^\\]/.test(text);
}

/** BuildKit lists a file by one reading of the patterns and opens it by another; where they differ, it arrives empty. */
function sentEmpty(path: string, label: string): UserError {
  return new UserError({
    problem: `the ignore file takes ${path} back in and out again: BuildKit would send it without its content`,
    value: label,
    fix: `move the exception that is meant for it (!…) to the end of the ignore file, or add a last line !${path}`,
  });
}

function isIgnored(path: string, folder: ReceivedFolder): boolean {
  return folder.ignored.size > 0 && folder.ignored.has(path.slice(path.lastIndexOf("/") + 1));
}
