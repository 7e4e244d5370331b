import { Glob, hasWildcard } from "./goPath.ts";
import { followLinks, join } from "./links.ts";
import type { FolderResults, PatternList } from "./pattern.ts";
import { type Reading, ReadingBuilder } from "./reading.ts";
import { nothingThere, type Selector } from "./selector.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** A folder on the way down, whether or not it is part of what is selected. */
interface Folder {
  readonly above: Folder | undefined;
  /** Its name in the reading. */
  readonly name: string;
  readonly path: string;
  selected: boolean;
  includes: FolderResults | undefined;
  excludes: FolderResults | undefined;
}

/** Selects with wildcards, --exclude or --parents. What BuildKit passes on the way is added to `passed`. */
export function selectFiltered(tree: FileTree, selector: Selector, passed: string[]): Reading {
  return new FilteredSelection(tree, selector, passed).run();
}

class FilteredSelection {
  readonly #tree: FileTree;
  readonly #selector: Selector;
  readonly #passed: string[];
  readonly #reading: ReadingBuilder;
  readonly #glob: Glob | undefined;
  /** Slashes that a match of the glob has at most, its leading one left out. */
  readonly #depth: number;
  /** The source up to its first wildcard. */
  readonly #base: string;
  /** The names of what is selected, folders included, as far as they decide: no more than two. */
  readonly #selected: string[] = [];
  #foundRequired = false;

  constructor(tree: FileTree, selector: Selector, passed: string[]) {
    this.#tree = tree;
    this.#selector = selector;
    this.#passed = passed;
    this.#reading = new ReadingBuilder(tree);
    const parts = selector.path.split("/");
    const firstWildcard = selector.wildcard ? parts.findIndex(hasWildcard) : parts.length;
    this.#base = parts.slice(0, firstWildcard).join("/");
    this.#glob = selector.wildcard ? new Glob(`/${selector.path}`) : undefined;
    this.#depth = this.#glob?.keepsDepth === false ? Number.POSITIVE_INFINITY : parts.length - 1;
  }

  run(): Reading {
    const base = followLinks(this.#tree, this.#base, this.#glob ? "follow" : "keep");
    this.#passed.push(...base.links);
    if (!base.entry || (this.#glob && base.entry.kind !== "directory")) {
      throw nothingThere(this.#tree, this.#selector, base.links);
    }
    this.#passed.push(base.path);
    this.#visit(base.path, this.#base, base.entry, undefined, this.#glob ? undefined : this.#base);
    if (this.#selector.required !== undefined && !this.#foundRequired)
      throw nothingThere(this.#tree, this.#selector, []);
    return { source: this.#selector.path, entries: this.#named() };
  }

  /**
   * One step of the walk. `shown` is the path as the source spells it, where `path` has no links in it; `root` is the
   * spelling of the match that this lies in, if any.
   */
  #visit(path: string, shown: string, entry: TreeEntry, above: Folder | undefined, root: string | undefined): void {
    const match = root ?? (shown !== "" && this.#glob?.matches(`/${shown}`) ? shown : undefined);
    if (match === undefined) {
      if (entry.kind === "directory" && depthOf(shown) < this.#depth)
        this.#visitChildren(path, shown, above, undefined);
      return;
    }
    const name = this.#base === "" ? shown : shown.slice(this.#base.length + 1);
    if (entry.kind === "directory") {
      this.#visitFolder(path, shown, name, above, match);
      return;
    }
    if (shown === match) this.#passed.push(path);
    if (!this.#includes(below(match, shown), above)) return;
    this.#select(name, shown, above);
    if (entry.kind === "symlink" && above === undefined) this.#addFollowed(name, shown);
    else this.#reading.add(name, path, entry);
  }

  #visitFolder(path: string, shown: string, name: string, above: Folder | undefined, match: string): void {
    // BuildKit leaves the tree's root out, so what lies in it is treated like a source of its own.
    if (shown === "") {
      this.#visitChildren(path, shown, undefined, match);
      return;
    }
    const folder: Folder = { above, name, path, selected: false, includes: undefined, excludes: undefined };
    const included = this.#includes(below(match, shown), above, folder);
    if (included) this.#select(name, shown, folder);
    const before = this.#reading.entries.length;
    this.#visitChildren(path, shown, folder, match);
    if (folder.selected && this.#reading.entries.length === before)
      this.#reading.add(name, path, { kind: "directory" });
  }

  #visitChildren(path: string, shown: string, folder: Folder | undefined, root: string | undefined): void {
    for (const name of this.#tree.children(path)) {
      const child = join(path, name);
      const entry = this.#tree.entry(child);
      if (entry) this.#visit(child, path === shown ? child : join(shown, name), entry, folder, root);
    }
  }

  /** Whether the patterns select a path, given below its match. A folder's results are kept for what lies in it. */
  #includes(path: string, above: Folder | undefined, folder?: Folder): boolean {
    const { include, exclude } = this.#selector;
    if (include) {
      if (folder) folder.includes = resultsFor(include);
      if (!include.matches(path, above?.includes, folder?.includes)) return false;
    }
    if (!exclude) return true;
    if (folder) folder.excludes = resultsFor(exclude);
    return !exclude.matches(path, above?.excludes, folder?.excludes);
  }

  /** Counts something as selected, and with it the folders that it lies in. */
  #select(name: string, shown: string, folder: Folder | undefined): void {
    for (let at = folder; at && !at.selected; at = at.above) {
      at.selected = true;
      if (at.name !== name) this.#count(at.name);
    }
    this.#count(name);
    const { required } = this.#selector;
    if (required !== undefined && `/${shown}`.startsWith(required)) this.#foundRequired = true;
  }

  #count(name: string): void {
    if (this.#selected.length < 2) this.#selected.push(name);
  }

  /** Adds what a link leads to in its place. */
  #addFollowed(name: string, shown: string): void {
    const found = followLinks(this.#tree, shown, "follow");
    this.#passed.push(...found.links);
    if (!found.entry) throw nothingThere(this.#tree, this.#selector, found.links);
    if (found.entry.kind === "directory") this.#reading.addFolder(found.path, `${name}//`);
    else this.#reading.add(name, found.path, found.entry);
  }

  /** The entries; the only thing selected loses its name where the source's last part spells it out. */
  #named(): Reading["entries"] {
    const [only, second] = this.#selected;
    const entries = this.#reading.entries;
    const sourceName = baseName(this.#selector.path);
    if (only === undefined || second !== undefined) return entries;
    const shown = join(this.#base, only);
    if (sourceName !== baseName(only === "" ? this.#base : shown)) return entries;
    return entries.map((entry) => ({ ...entry, name: entry.name.slice(only.length) }));
  }
}

function resultsFor(patterns: PatternList): FolderResults {
  return new Uint8Array(patterns.patterns.length);
}

function below(root: string, path: string): string {
  return path === root ? "" : path.slice(root === "" ? 0 : root.length + 1);
}

function depthOf(path: string): number {
  let depth = path === "" ? -1 : 0;
  for (let slash = path.indexOf("/"); slash >= 0; slash = path.indexOf("/", slash + 1)) depth++;
  return depth;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
