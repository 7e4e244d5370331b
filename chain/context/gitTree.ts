import { isUtf8 } from "node:buffer";
import { UserError } from "../errors.ts";
import { sortByBytes } from "./byteOrder.ts";
import { digestBlobs, git, readBlobs } from "./git.ts";
import { notUtf8 } from "./notUtf8.ts";
import type { FileTree, TreeEntry } from "./tree.ts";

/** Files that are read ahead together are no larger than this, and in all no more than this, in bytes. */
const AHEAD_FILE_BYTES = 256 * 1024;
const AHEAD_BYTES = 8 * 1024 * 1024;

/** One object of a tree, as `git ls-tree --long` lists it. */
interface GitObject {
  readonly mode: string;
  readonly id: string;
  /** In bytes; 0 for directories and submodules. */
  readonly size: number;
}

const DIRECTORY = "040000";
const EXECUTABLE = "100755";
const SYMLINK = "120000";
const SUBMODULE = "160000";

/**
 * The tree of a folder as it stands in a revision, read from Git's objects: the work tree and the index are neither
 * read nor touched. A submodule is an empty directory, as in a clone without submodules. Contents are those that Git
 * stores: what a checkout would make of them (line ends under core.autocrlf, LFS and other filters) is not applied.
 *
 * @param folder a folder of the repository; it need not be the topmost one
 * @param revision what Git takes for a commit or tree: a branch, a tag, an id, "main~2"
 * @param subfolder what the tree's root is, relative to the folder, separated by "/"; by default the folder itself
 */
export function gitTree(folder: string, revision: string, subfolder = ""): FileTree {
  const { tree, prefix } = resolve(folder, revision);
  return treeAt(folder, revision, tree, `${prefix}${subfolder}`.replace(/\/+$/, ""));
}

function treeAt(folder: string, revision: string, tree: string, root: string): FileTree {
  const answer = git(folder, ["ls-tree", "-r", "-t", "-z", "--long", "--full-tree", root ? `${tree}:${root}` : tree]);
  if (!answer.ok) {
    throw new UserError({
      problem: `the folder ${root} is not in revision ${revision}`,
      value: answer.message,
      fix: "name a revision that has the folder",
      at: { file: folder },
    });
  }
  const holder = () => (root === "" ? undefined : treeAt(folder, revision, tree, root.replace(/\/?[^/]*$/, "")));
  return new GitTree(folder, `${revision}:${root}`, answer.output, holder);
}

class GitTree implements FileTree {
  readonly label: string;
  readonly holder: () => FileTree | undefined;
  readonly #folder: string;
  readonly #objects = new Map<string, GitObject>();
  readonly #children = new Map<string, string[]>([["", []]]);
  /** Contents that were read ahead, by id. */
  readonly #contents = new Map<string, Buffer>();
  readonly #digests = new Map<string, string>();

  constructor(folder: string, label: string, listing: Buffer, holder: () => FileTree | undefined) {
    this.label = label;
    this.holder = holder;
    this.#folder = folder;
    if (!isUtf8(listing)) throw unnameable(listing, label);
    for (const { path, object } of parse(listing)) {
      this.#objects.set(path, object);
      if (object.mode === DIRECTORY || object.mode === SUBMODULE) this.#children.set(path, []);
      const slash = path.lastIndexOf("/");
      this.#children.get(path.slice(0, Math.max(slash, 0)))?.push(path.slice(slash + 1));
    }
    // Git sorts a directory as if its name ended in "/".
    for (const names of this.#children.values()) sortByBytes(names);
  }

  entry(path: string): TreeEntry | undefined {
    if (this.#children.has(path)) return { kind: "directory" };
    const object = this.#objects.get(path);
    if (!object) return undefined;
    if (object.mode === SYMLINK) return { kind: "symlink", target: this.#linkTarget(path, object) };
    return { kind: "file", executable: object.mode === EXECUTABLE, size: object.size };
  }

  children(path: string): readonly string[] {
    return this.#children.get(path) ?? [];
  }

  read(path: string): Buffer {
    return Buffer.from(this.#content(this.#file(path), lastName(path)));
  }

  async digests(paths: readonly string[]): Promise<readonly string[]> {
    const ids = paths.map((path) => this.#file(path).id);
    const missing = [...new Set(ids)].filter((id) => !this.#digests.has(id));
    if (missing.length > 0) {
      const digests = await digestBlobs(this.#folder, missing);
      missing.forEach((id, i) => {
        this.#digests.set(id, digests[i] ?? "");
      });
    }
    return ids.map((id) => this.#digests.get(id) ?? "");
  }

  #file(path: string): GitObject {
    const object = this.#objects.get(path);
    if (object && object.mode !== SYMLINK && !this.#children.has(path)) return object;
    throw new UserError({
      problem: "there is no such file",
      value: path,
      fix: "check the path",
      at: { file: this.label },
    });
  }

  #linkTarget(path: string, object: GitObject): string {
    const target = this.#content(object);
    if (isUtf8(target)) return target.toString();
    throw notUtf8("the target of a symlink", target, `${this.label}/${path}`);
  }

  /**
   * A content, and with it those of its like: all files of the same name, or all symlinks. A catalogue asks for the
   * same few names in every image's folder, and starting git for each would be most of the time.
   */
  #content(object: GitObject, name?: string): Buffer {
    const known = this.#contents.get(object.id);
    if (known) return known;
    const wanted = new Set([object.id]);
    let bytes = object.size;
    for (const [otherPath, { id, mode, size }] of this.#objects) {
      const alike = name === undefined ? mode === SYMLINK : lastName(otherPath) === name && isFileMode(mode);
      if (!alike || size > AHEAD_FILE_BYTES || bytes + size > AHEAD_BYTES || this.#contents.has(id)) continue;
      wanted.add(id);
      bytes += size;
    }
    const [content = Buffer.alloc(0), ...others] = readBlobs(this.#folder, [...wanted]);
    if (content.length <= AHEAD_FILE_BYTES) this.#contents.set(object.id, content);
    const [, ...otherIds] = wanted;
    otherIds.forEach((id, i) => {
      this.#contents.set(id, others[i] ?? Buffer.alloc(0));
    });
    return content;
  }
}

function isFileMode(mode: string): boolean {
  return mode !== DIRECTORY && mode !== SYMLINK && mode !== SUBMODULE;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The tree object that a revision names, and the folder's path from the top of the repository, ending in "/" or empty. */
function resolve(folder: string, revision: string): { tree: string; prefix: string } {
  // A leading "-" would be taken for an option.
  const answer = revision.startsWith("-")
    ? undefined
    : git(folder, ["rev-parse", "--show-prefix", "--revs-only", `${revision}^{tree}`]);
  if (answer && !answer.ok) {
    throw new UserError({
      problem: "is not a folder of a Git repository",
      value: answer.message,
      fix: "run this in a clone of the repository",
      at: { file: folder },
    });
  }
  const [, prefix = "", tree] = /^(.*)\n([0-9a-f]{40,64})\n$/s.exec(answer?.output.toString() ?? "") ?? [];
  if (tree !== undefined) return { tree, prefix };
  throw new UserError({
    problem: "the repository has no such revision",
    value: revision,
    allowed: "a branch, a tag, a commit id, or an expression like main~2",
    fix: "fetch it (a shallow clone has only its newest commits), or name another revision",
    at: { file: folder },
  });
}

/** Takes `git ls-tree -z --long` apart: "<mode> <type> <id> <size>\t<path>\0". */
function parse(listing: Buffer): { path: string; object: GitObject }[] {
  const lines = listing.toString().split("\0");
  lines.pop();
  return lines.map((line) => {
    const tab = line.indexOf("\t");
    const [mode = "", , id = "", size = ""] = line.slice(0, tab).split(/ +/);
    return { path: line.slice(tab + 1), object: { mode, id, size: size === "-" ? 0 : Number(size) } };
  });
}

function unnameable(listing: Buffer, label: string): UserError {
  let start = 0;
  let end = listing.indexOf(0);
  for (; isUtf8(listing.subarray(start, end)); end = listing.indexOf(0, start)) start = end + 1;
  const path = listing.subarray(listing.indexOf("\t", start) + 1, end);
  return notUtf8("a file's name", path, label);
}
