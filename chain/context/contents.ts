import type { FileTree } from "./tree.ts";

/** A tree that can give a file's content piece by piece, so that a large file need not fit in memory. */
export interface StreamedTree extends FileTree {
  /** A file's bytes in pieces. Throws a UserError where the path is not a file. */
  pieces(path: string): Iterable<Buffer>;
}

/** A file's bytes: in pieces where the tree has them so, else as one. */
export function piecesOf(tree: FileTree | StreamedTree, path: string): Iterable<Buffer> {
  return "pieces" in tree ? tree.pieces(path) : [tree.read(path)];
}
