import { createHash, randomBytes } from "node:crypto";
import { open, rename, rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { UserError } from "../errors.ts";
import { sortByBytes } from "./byteOrder.ts";
import { piecesOf } from "./contents.ts";
import { header, type Member, padding, trailer } from "./tar.ts";
import type { FileTree } from "./tree.ts";

/** Small members are handed on together, in pieces of about this size, in bytes. */
const PIECE_BYTES = 256 * 1024;

/** A crafted revision may hold names that would lead an extraction out of its folder. */
const LEADS_ELSEWHERE = /(^|\/)\.{0,2}(\/|$)/;

/** What was packed. */
export interface PackedContext {
  /** Lower-case hexadecimal sha256 of the archive: the name of its object in the bucket. */
  readonly digest: string;
  /** The archive's size. */
  readonly bytes: number;
  /** How many regular files are in it. */
  readonly files: number;
}

/**
 * Writes the normalised archive of a context: a tar of exactly these paths and of the directories above them, sorted
 * by bytes, with modes 0644 and 0755, owner 0, one fixed time and no names of owners. The same inputs are the same
 * bytes on every machine. It is not compressed: what a compressor writes differs between its versions, and then so
 * would the digest. (An upload may compress on its way; the digest is that of the archive.)
 *
 * Each content is checked against the digest that went into the key while it is written; should a file have changed
 * since, the error says so and the archive is not completed.
 *
 * @param paths files, symlinks and directories of the tree; a directory does not bring what is in it
 * @param out a stream, which is ended, or the path of a file, which appears only when it is complete
 */
export async function packContext(
  tree: FileTree,
  paths: Iterable<string>,
  out: Writable | string,
): Promise<PackedContext> {
  const members = membersOf(tree, paths);
  const files = members.filter(({ kind }) => kind === "file").map(({ path }) => path);
  const digests = await tree.digests(files);
  const expected = new Map(files.map((path, i) => [path, digests[i] ?? ""]));
  const sha = createHash("sha256");
  let bytes = 0;
  const measured = function* () {
    for (const piece of joined(archive(tree, members, expected))) {
      sha.update(piece);
      bytes += piece.length;
      yield piece;
    }
  };
  if (typeof out === "string") await writeWhole(out, measured());
  else await pipeline(measured(), out);
  return { digest: sha.digest("hex"), bytes, files: files.length };
}

/** What the archive holds, in its order: a directory before what is in it. */
function membersOf(tree: FileTree, paths: Iterable<string>): readonly Member[] {
  const all = new Set<string>();
  for (const path of paths) {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) all.add(path.slice(0, end));
  }
  return sortByBytes([...all]).map((path) => {
    const entry = LEADS_ELSEWHERE.test(path) ? undefined : tree.entry(path);
    if (entry && entry.kind !== "special") return { ...entry, path };
    throw new UserError({
      problem: entry ? "a socket, pipe or device cannot be part of a context" : "there is no such file in the context",
      value: path,
      fix: "remove it, or ignore it in .dockerignore",
      at: { file: tree.label },
    });
  });
}

function* archive(
  tree: FileTree,
  members: readonly Member[],
  expected: ReadonlyMap<string, string>,
): Generator<Buffer, void> {
  for (const member of members) {
    yield header(member);
    if (member.kind !== "file") continue;
    yield* checked(tree, member.path, member.size, expected.get(member.path) ?? "");
    yield padding(member.size);
  }
  yield trailer();
}

/** A file's content, as long as it is the one that was hashed. */
function* checked(tree: FileTree, path: string, size: number, digest: string): Generator<Buffer, void> {
  const sha = createHash("sha256");
  let left = size;
  for (const piece of piecesOf(tree, path)) {
    left -= piece.length;
    if (left < 0) break;
    sha.update(piece);
    yield piece;
  }
  if (left === 0 && sha.digest("hex") === digest) return;
  throw new UserError({
    problem: "the file changed after its content went into the key",
    fix: "run the command again",
    at: { file: `${tree.label}/${path}` },
  });
}

/** The same bytes in fewer pieces: a write for each header and each small file would be most of the time. */
function* joined(pieces: Iterable<Buffer>): Generator<Buffer, void> {
  let waiting: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    waiting.push(piece);
    bytes += piece.length;
    if (bytes < PIECE_BYTES) continue;
    yield waiting.length === 1 ? piece : Buffer.concat(waiting, bytes);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting, bytes);
}

/** Writes a file beside its place and moves it there when it is complete. */
async function writeWhole(path: string, pieces: Iterable<Buffer>): Promise<void> {
  const partial = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  // Opened first: a stream that opens by itself could make the file after it was removed.
  const file = await open(partial, "wx");
  try {
    await pipeline(pieces, file.createWriteStream());
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}
