import { UserError } from "../errors.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** One file, link or empty folder that counts. */
export interface SelectedEntry {
  /**
   * The name that counts: "" for a source itself, else the path below the source, or, for wildcards, below the part
   * of the source before the first one. In `link//path` the part before the two slashes is a matched symlink to a
   * folder: BuildKit does not take it for a folder of that name.
   */
  readonly name: string;
  /** Where it stands in the tree; for a followed link, where it leads. */
  readonly path: string;
  readonly entry: TreeEntry;
}

/** What one source of an instruction reads. */
export interface Reading {
  /** The source as BuildKit looks it up: cleaned, without a leading slash. */
  readonly source: string;
  /** In BuildKit's order: names by their bytes, a folder's content right after it. A folder stands here only if empty. */
  readonly entries: readonly SelectedEntry[];
}

/** Collects the entries of a reading. */
export class ReadingBuilder {
  readonly tree: FileTree;
  readonly entries: SelectedEntry[] = [];

  constructor(tree: FileTree) {
    this.tree = tree;
  }

  /** Adds one entry. Throws a UserError for a socket, pipe or device. */
  add(name: string, path: string, entry: TreeEntry): void {
    if (entry.kind === "special") {
      throw new UserError({
        problem: `${path} is a socket, pipe or device, which no image can be built from`,
        allowed: "files, folders and symlinks",
        fix: "remove it, or leave it out with the ignore file",
      });
    }
    this.entries.push({ name, path, entry });
  }

  /** Adds all that lies in a folder, links as links. `prefix` comes before the names and is "" or ends in a slash. */
  addFolder(path: string, prefix: string): void {
    const names = this.tree.children(path);
    if (names.length === 0) this.add(prefix.slice(0, -1), path, { kind: "directory" });
    const base = path === "" ? "" : `${path}/`;
    for (const name of names) {
      const child = base + name;
      const entry = this.tree.entry(child);
      const childName = base === prefix ? child : prefix + name;
      if (entry?.kind === "directory") this.addFolder(child, `${childName}/`);
      else if (entry) this.add(childName, child, entry);
    }
  }
}
