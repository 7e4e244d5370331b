import { closeSync, openSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import type { StreamedTree } from "./contents.ts";
import { Directory, unreadable } from "./directory.ts";
import { OPEN_FLAGS } from "./hashFile.ts";
import { hashFiles } from "./hashPool.ts";
import { ROOT_KEY, STAT_FIELDS, StatCache } from "./statCache.ts";
import type { TreeEntry } from "./tree.ts";

/** A large file is given in pieces of this size, in bytes. */
const PIECE_BYTES = 1 << 20;

/** How a work tree is read. */
export interface WorkTreeOptions {
  /**
   * The folder that keeps stat caches, see `statCacheFolder`: files that have not changed are then not read again.
   * Without it nothing is written anywhere, and each content is read.
   */
  readonly statCache?: string;
}

/**
 * The tree of a folder of this machine. Only the directories that are asked for are listed, and what was seen once is
 * kept for the life of the tree: make a new one to see later changes.
 */
export function workTree(folder: string, options: WorkTreeOptions = {}): StreamedTree {
  return new WorkTree(folder, options.statCache);
}

class WorkTree implements StreamedTree {
  readonly label: string;
  readonly #root: string;
  readonly #cacheFolder: string | undefined;
  readonly #readAt = Date.now();
  /** Listed directories by path; undefined for paths that are not directories. */
  readonly #directories = new Map<string, Directory | undefined>();
  #cache: StatCache | undefined;

  constructor(folder: string, cacheFolder: string | undefined, label = folder) {
    this.label = label;
    this.#root = realFolder(folder);
    this.#cacheFolder = cacheFolder;
    this.#directories.set("", new Directory(this.#root, ROOT_KEY));
  }

  entry(path: string): TreeEntry | undefined {
    if (path === "") return { kind: "directory" };
    const directory = this.#parent(path);
    const index = directory?.indexOf(lastName(path)) ?? -1;
    return index < 0 ? undefined : directory?.entry(index);
  }

  children(path: string): readonly string[] {
    return this.#directory(path)?.names ?? [];
  }

  read(path: string): Buffer {
    const { directory, index } = this.#file(path);
    try {
      return readFileSync(directory.pathOf(index));
    } catch (error) {
      throw unreadable(directory.pathOf(index), error);
    }
  }

  *pieces(path: string): Generator<Buffer, void> {
    const { directory, index } = this.#file(path);
    const file = open(directory.pathOf(index));
    // One byte more than expected, so that a file of the expected size comes in one piece.
    const room = Math.min(directory.size(index) + 1, PIECE_BYTES);
    try {
      for (;;) {
        const piece = Buffer.allocUnsafe(room);
        const read = readSync(file, piece);
        if (read === 0) return;
        yield piece.subarray(0, read);
      }
    } finally {
      closeSync(file);
    }
  }

  async digests(paths: readonly string[]): Promise<readonly string[]> {
    if (this.#cacheFolder !== undefined) this.#cache ??= new StatCache(this.#cacheFolder, this.#root);
    const cache = this.#cache;
    const digests: string[] = [];
    const missing: { path: string; at: number; directory: Directory; index: number }[] = [];
    for (const path of paths) {
      const { directory, index } = this.#file(path);
      directory.digests[index] ??= cache?.find(directory.keyOf(index), directory.stats, index * STAT_FIELDS);
      const digest = directory.digests[index];
      if (digest === undefined) missing.push({ path, at: digests.length, directory, index });
      digests.push(digest ?? "");
    }
    if (missing.length === 0) return digests;
    const hashed = await hashFiles(
      this.#root,
      missing.map(({ path }) => path),
      missing.map(({ directory, index }) => directory.size(index)),
    );
    missing.forEach(({ at, directory, index }, i) => {
      const digest = hashed[i] ?? "";
      digests[at] = digest;
      directory.digests[index] = digest;
      cache?.record(directory.keyOf(index), directory.stats, index * STAT_FIELDS, digest, this.#readAt);
    });
    cache?.save();
    return digests;
  }

  holder(): StreamedTree | undefined {
    const above = dirname(this.#root);
    return above === this.#root ? undefined : new WorkTree(above, this.#cacheFolder, join(this.label, ".."));
  }

  /** The listed directory at a path, or undefined where there is none. */
  #directory(path: string): Directory | undefined {
    const known = this.#directories.get(path);
    if (known || this.#directories.has(path)) return known;
    const parent = this.#parent(path);
    const index = parent?.indexOf(lastName(path)) ?? -1;
    const listed = parent?.isDirectory(index) ? new Directory(parent.pathOf(index), parent.keyOf(index)) : undefined;
    this.#directories.set(path, listed);
    return listed;
  }

  /** The listed directory that a path's last name would be in. */
  #parent(path: string): Directory | undefined {
    const slash = path.lastIndexOf("/");
    if (slash < 0) return this.#directory("");
    return slash === 0 ? undefined : this.#directory(path.slice(0, slash));
  }

  /** Where a file is kept. */
  #file(path: string): { directory: Directory; index: number } {
    const directory = this.#parent(path);
    const index = directory?.indexOf(lastName(path)) ?? -1;
    if (directory?.isFile(index)) return { directory, index };
    throw new UserError({
      problem: "there is no such file",
      value: path,
      fix: "check the path",
      at: { file: this.label },
    });
  }
}

function open(path: string): number {
  try {
    return openSync(path, OPEN_FLAGS);
  } catch (error) {
    throw unreadable(path, error);
  }
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function realFolder(folder: string): string {
  try {
    const real = realpathSync(folder);
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    throw unreadable(folder, error);
  }
  throw new UserError({ problem: "is not a folder", fix: "name a folder", at: { file: folder } });
}
