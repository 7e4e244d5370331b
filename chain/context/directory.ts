import { isUtf8 } from "node:buffer";
import { lstatSync, readdirSync, readlinkSync, type Stats } from "node:fs";
import { UserError } from "../errors.ts";
import { compareBytes, sortByBytes } from "./byteOrder.ts";
import { notUtf8 } from "./notUtf8.ts";
import { STAT_FIELDS, statKey } from "./statCache.ts";
import type { TreeEntry } from "./tree.ts";

/** What stands under a name; 0 where nobody has asked yet. */
const ABSENT = 1;
const FILE = 2;
const DIRECTORY = 3;
const SYMLINK = 4;
const SPECIAL = 5;

/** Where the size and the mode stand among a name's statistics. */
const SIZE = 0;
const MODE = 5;

/**
 * The bit that says whether a file is executable: the owner's, as Git decides it too, so that a work tree and a
 * revision agree. A umask takes bits from the group and from others; the owner's tells what was meant.
 */
const OWNER_EXECUTES = 0o100;

const DIRECTORY_ENTRY: TreeEntry = { kind: "directory" };
const SPECIAL_ENTRY: TreeEntry = { kind: "special" };

/**
 * One listed directory of a work tree. `lstat` is called once per name, when the name is first asked for, and what it
 * says is kept in a few arrays per directory rather than in an object per file.
 */
export class Directory {
  /** The names in it, sorted by their UTF-8 bytes. */
  readonly names: readonly string[];
  /** Sizes, times and the like by the name's index, STAT_FIELDS numbers each in the order of the stat cache. */
  readonly stats: Float64Array;
  /** The digests of its files, as far as they are known, by the name's index. */
  readonly digests: (string | undefined)[];
  readonly #path: string;
  readonly #key: number;
  readonly #kinds: Uint8Array;
  /** Targets of its symlinks by the name's index: what was hashed is what is packed, though the link be turned between. */
  readonly #targets: (string | undefined)[] = [];
  #expected = 0;

  /**
   * @param path where it is, for the operating system
   * @param key its key in the stat cache
   */
  constructor(path: string, key: number) {
    this.names = list(path);
    this.stats = new Float64Array(this.names.length * STAT_FIELDS);
    this.digests = new Array(this.names.length);
    this.#path = path;
    this.#key = key;
    this.#kinds = new Uint8Array(this.names.length);
  }

  /** The index of a name, or -1 where there is none. Names are mostly asked for in their order, which is cheapest. */
  indexOf(name: string): number {
    if (this.names[this.#expected] === name) return this.#expected++;
    let low = 0;
    for (let high = this.names.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (compareBytes(this.names[middle] ?? "", name) < 0) low = middle + 1;
      else high = middle;
    }
    if (this.names[low] !== name) return -1;
    this.#expected = low + 1;
    return low;
  }

  /** What stands under the name with this index; undefined where it is gone since the directory was listed. */
  entry(index: number): TreeEntry | undefined {
    const at = index * STAT_FIELDS;
    switch (this.#kind(index)) {
      case FILE: {
        const executable = ((this.stats[at + MODE] ?? 0) & OWNER_EXECUTES) !== 0;
        return { kind: "file", executable, size: this.stats[at + SIZE] ?? 0 };
      }
      case DIRECTORY:
        return DIRECTORY_ENTRY;
      case SYMLINK:
        this.#targets[index] ??= linkTarget(this.pathOf(index));
        return { kind: "symlink", target: this.#targets[index] };
      case SPECIAL:
        return SPECIAL_ENTRY;
      default:
        return undefined;
    }
  }

  /** Whether a file stands there; false for index -1. */
  isFile(index: number): boolean {
    return this.#kind(index) === FILE;
  }

  /** Whether a directory stands there; false for index -1. */
  isDirectory(index: number): boolean {
    return this.#kind(index) === DIRECTORY;
  }

  /** A file's size in bytes. */
  size(index: number): number {
    return this.stats[index * STAT_FIELDS + SIZE] ?? 0;
  }

  /** Where the name with this index is, for the operating system. */
  pathOf(index: number): string {
    return `${this.#path}/${this.names[index]}`;
  }

  /** The key of the name with this index in the stat cache. */
  keyOf(index: number): number {
    return statKey(this.#key, this.names[index] ?? "");
  }

  #kind(index: number): number {
    const known = this.#kinds[index] ?? ABSENT;
    if (known !== 0) return known;
    const stats = look(this.pathOf(index));
    if (stats) {
      const { size, mtimeMs, ctimeMs, ino, dev, mode } = stats;
      const at = index * STAT_FIELDS;
      this.stats[at] = size;
      this.stats[at + 1] = mtimeMs;
      this.stats[at + 2] = ctimeMs;
      this.stats[at + 3] = ino;
      this.stats[at + 4] = dev;
      this.stats[at + MODE] = mode;
    }
    const kind = stats ? kindOf(stats) : ABSENT;
    this.#kinds[index] = kind;
    return kind;
  }
}

function kindOf(stats: Stats): number {
  if (stats.isFile()) return FILE;
  if (stats.isDirectory()) return DIRECTORY;
  return stats.isSymbolicLink() ? SYMLINK : SPECIAL;
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function list(path: string): readonly string[] {
  try {
    const names = readdirSync(path);
    // Bytes that are not UTF-8 arrive as U+FFFD; a name may also hold that character itself.
    if (names.some((name) => name.includes("\ufffd"))) {
      const broken = readdirSync(path, { encoding: "buffer" }).find((name) => !isUtf8(name));
      if (broken) throw notUtf8("a file's name", broken, path);
    }
    return sortByBytes(names);
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(path, error);
  }
}

function linkTarget(path: string): string {
  let target: Buffer;
  try {
    target = readlinkSync(path, { encoding: "buffer" });
  } catch (error) {
    throw unreadable(path, error);
  }
  if (isUtf8(target)) return target.toString();
  throw notUtf8("the target of a symlink", target, path);
}

/** The error for a file or directory that the operating system refuses. */
export function unreadable(path: string, cause: unknown): UserError {
  return new UserError(
    {
      problem: "cannot be read",
      value: cause instanceof Error ? cause.message : String(cause),
      fix: "make it readable for the user who runs this, or remove it",
      at: { file: path },
    },
    { cause },
  );
}
