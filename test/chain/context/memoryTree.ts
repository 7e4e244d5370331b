import { createHash } from "node:crypto";
import type { FileTree, TreeEntry } from "../../../chain/context/tree.ts";
import { UserError } from "../../../chain/errors.ts";

/** What stands at a path: a file's text, or anything else by its entry. */
export type MemoryNode = string | TreeEntry;

/** A folder that is empty unless other paths lie in it. */
export const folder: TreeEntry = { kind: "directory" };

/** A symlink to a target. */
export function link(target: string): TreeEntry {
  return { kind: "symlink", target };
}

/** A tree of files that exists only in memory. Parent folders need not be named. */
export function memoryTree(nodes: Readonly<Record<string, MemoryNode>>): FileTree {
  const entries = new Map<string, TreeEntry>([["", folder]]);
  const children = new Map<string, Set<string>>([["", new Set()]]);
  const contents = new Map<string, Buffer>();

  function add(path: string, entry: TreeEntry): void {
    const slash = path.lastIndexOf("/");
    const parent = path.slice(0, Math.max(0, slash));
    if (!entries.has(parent)) add(parent, folder);
    entries.set(path, entry);
    if (entry.kind === "directory" && !children.has(path)) children.set(path, new Set());
    children.get(parent)?.add(path.slice(slash + 1));
  }
  for (const [path, node] of Object.entries(nodes)) {
    if (typeof node !== "string") {
      add(path, node);
      continue;
    }
    contents.set(path, Buffer.from(node));
    add(path, { kind: "file", executable: false, size: Buffer.byteLength(node) });
  }
  const sorted = new Map<string, string[]>();
  for (const [path, names] of children) {
    sorted.set(
      path,
      [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );
  }

  function read(path: string): Buffer {
    const content = contents.get(path);
    if (!content) throw new UserError({ problem: `${path} is not a file` });
    return content;
  }
  return {
    label: "memory",
    entry: (path) => entries.get(path),
    children: (path) => sorted.get(path) ?? [],
    read,
    digests: async (paths) => paths.map((path) => createHash("sha256").update(read(path)).digest("hex")),
  };
}

/** All paths of a tree below its root, folders included, sorted as a walk meets them. */
export function allPaths(tree: FileTree, path = ""): string[] {
  return tree.children(path).flatMap((name) => {
    const child = path === "" ? name : `${path}/${name}`;
    return [child, ...(tree.entry(child)?.kind === "directory" ? allPaths(tree, child) : [])];
  });
}
