/** What stands at one path of a tree. Times, owners and mode bits other than the executable one are not part of it. */
export type TreeEntry =
  | { readonly kind: "file"; readonly executable: boolean; readonly size: number }
  | { readonly kind: "directory" }
  | { readonly kind: "symlink"; readonly target: string }
  /** A socket, pipe or device: BuildKit leaves it out of a context or refuses it; it can never be an input. */
  | { readonly kind: "special" };

/**
 * A tree of files that inputs are read from: a folder of this machine, or a revision in Git. Paths are relative to
 * the tree's root, separated by "/", without a leading "./" or a trailing "/"; the root itself is "". Symlinks are
 * entries and are never followed by the tree.
 */
export interface FileTree {
  /** Where the tree comes from, as a message names it: a folder, or "revision:folder". */
  readonly label: string;
  /** The entry at a path, or undefined where nothing is (also below a file or a symlink). */
  entry(path: string): TreeEntry | undefined;
  /** The names in a directory, sorted by their UTF-8 bytes; empty where the path is not a directory. */
  children(path: string): readonly string[];
  /** A file's bytes. Throws a UserError where the path is not a file. */
  read(path: string): Buffer;
  /** Lower-case hexadecimal sha256 of the content of each of these files, in the same order. */
  digests(paths: readonly string[]): Promise<readonly string[]>;
  /**
   * The tree of the folder that holds this tree's folder. Absent, or undefined, where that is out of reach: above the
   * top of a repository or a file system.
   */
  holder?(): FileTree | undefined;
}
