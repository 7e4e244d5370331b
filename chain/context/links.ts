import { UserError } from "../errors.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** Where a path leads. */
export interface Destination {
  /** The path without symlinks on its way, also where nothing stands there. */
  readonly path: string;
  readonly entry: TreeEntry | undefined;
  /** The symlinks that were followed, in order. */
  readonly links: readonly string[];
}

/** What BuildKit allows in one path. */
const mostLinks = 255;

/**
 * Follows the symlinks of a path as BuildKit does when it looks something up in a context: the tree's root is "/", so
 * an absolute target starts there and `..` stops there; a missing folder before a `..` is no obstacle. `last` says
 * whether a link at the path's end is followed too. Throws a UserError for a loop.
 */
export function followLinks(tree: FileTree, path: string, last: "follow" | "keep"): Destination {
  const direct = tree.entry(path);
  if (direct && (last === "keep" || direct.kind !== "symlink")) return { path, entry: direct, links: [] };
  const links: string[] = [];
  let remaining = path.split("/");
  let current = "";
  let entry: TreeEntry | undefined = tree.entry("");
  for (let part = remaining.shift(); part !== undefined; part = remaining.shift()) {
    if (part === "" || part === ".") continue;
    const next = part === ".." ? parentOf(current) : join(current, part);
    entry = tree.entry(next);
    if (entry?.kind !== "symlink" || (last === "keep" && remaining.length === 0)) {
      current = next;
      continue;
    }
    links.push(next);
    if (links.length > mostLinks) {
      throw new UserError({
        problem: `the symlink ${links[0]} of ${tree.label} leads in a circle`,
        value: entry.target,
        fix: "point it at a file or folder of the context",
      });
    }
    if (entry.target.startsWith("/")) current = "";
    remaining = entry.target.split("/").concat(remaining);
  }
  return { path: current, entry: tree.entry(current), links };
}

/** The path of something in a folder. */
export function join(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

/** The folder that a path lies in; the root's is the root. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}
