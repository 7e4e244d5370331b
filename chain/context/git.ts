import { spawn, spawnSync } from "node:child_process";
import { createHash, hash } from "node:crypto";
import { UserError } from "../errors.ts";

const LINE_FEED = 0x0a;

/** What a `git` command said. */
export interface GitAnswer {
  /** Whether it succeeded. */
  readonly ok: boolean;
  readonly output: Buffer;
  /** What it wrote to standard error. */
  readonly message: string;
}

/** Runs git in a folder and waits for it. Throws a UserError where git is not installed. */
export function git(folder: string, args: readonly string[], input = ""): GitAnswer {
  const { error, status, stdout, stderr } = spawnSync("git", ["-C", folder, ...args], {
    input,
    env: environment(),
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  if (error) throw cannotRun(error);
  return { ok: status === 0, output: stdout, message: stderr.toString().trim() };
}

/** The contents of blobs, in their order. For blobs that fit in memory together. */
export function readBlobs(folder: string, ids: readonly string[]): readonly Buffer[] {
  const { ok, output, message } = git(folder, ["cat-file", "--batch", "--buffer"], `${ids.join("\n")}\n`);
  if (!ok) throw unreadableBlobs(folder, message);
  let at = 0;
  return ids.map((id) => {
    const lineEnd = output.indexOf(LINE_FEED, at);
    const start = lineEnd + 1;
    const end = start + blobSize(folder, id, output.toString("latin1", at, lineEnd));
    at = end + 1;
    return output.subarray(start, end);
  });
}

/**
 * Lower-case hexadecimal sha256 of the contents of blobs, in their order, through one process and in bounded memory:
 * whatever the size of a blob, only what the pipe holds is kept.
 */
export async function digestBlobs(folder: string, ids: readonly string[]): Promise<readonly string[]> {
  const process = spawn("git", ["-C", folder, "cat-file", "--batch", "--buffer"], { env: environment() });
  const ended = new Promise<number | null>((resolve, reject) => {
    process.once("error", (error) => reject(cannotRun(error)));
    process.once("close", resolve);
  });
  const complaints: Buffer[] = [];
  process.stderr.on("data", (chunk: Buffer) => complaints.push(chunk));
  // Should git end early, the broken pipe says less than its exit status and its complaint.
  process.stdin.on("error", () => {});
  process.stdin.end(`${ids.join("\n")}\n`);
  const digester = new BlobDigester(folder, ids);
  try {
    for await (const chunk of process.stdout) digester.take(chunk as Buffer);
  } finally {
    process.kill();
  }
  if ((await ended) !== 0 || digester.digests.length !== ids.length) {
    throw unreadableBlobs(folder, Buffer.concat(complaints).toString().trim());
  }
  return digester.digests;
}

/** Takes the output of `git cat-file --batch` apart, piece by piece as it arrives: "<id> blob <size>\n<content>\n". */
class BlobDigester {
  readonly digests: string[] = [];
  readonly #folder: string;
  readonly #ids: readonly string[];
  #header = "";
  /** The hash of a blob of which only a part has arrived. */
  #partial: ReturnType<typeof createHash> | undefined;
  /** Bytes of content still to come. */
  #left = 0;

  constructor(folder: string, ids: readonly string[]) {
    this.#folder = folder;
    this.#ids = ids;
  }

  take(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) at = this.#partial ? this.#content(chunk, at) : this.#head(chunk, at);
  }

  /** Reads a header, or a part of one, and the content where it came with it. Returns where the rest begins. */
  #head(chunk: Buffer, at: number): number {
    const lineEnd = chunk.indexOf(LINE_FEED, at);
    this.#header += chunk.toString("latin1", at, lineEnd < 0 ? chunk.length : lineEnd);
    if (lineEnd < 0) return chunk.length;
    const size = blobSize(this.#folder, this.#ids[this.digests.length] ?? "", this.#header);
    this.#header = "";
    const start = lineEnd + 1;
    // The content and the line feed after it.
    if (start + size < chunk.length) {
      this.digests.push(hash("sha256", chunk.subarray(start, start + size), "hex"));
      return start + size + 1;
    }
    this.#partial = createHash("sha256");
    this.#left = size;
    return start;
  }

  /** Reads more of a content that comes in parts, up to the line feed after it. */
  #content(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#left);
    this.#partial?.update(chunk.subarray(at, end));
    this.#left -= end - at;
    if (end === chunk.length || !this.#partial) return end;
    this.digests.push(this.#partial.digest("hex"));
    this.#partial = undefined;
    return end + 1;
  }
}

/** The size in a header of `git cat-file --batch`. */
function blobSize(folder: string, id: string, header: string): number {
  const [name, type, size] = header.split(" ");
  if (name !== id || type !== "blob" || size === undefined) throw unreadableBlobs(folder, header);
  return Number(size);
}

/** What a shell or a Git hook has set about another repository does not count: the folder says which one is meant. */
function environment(): NodeJS.ProcessEnv {
  const { GIT_DIR: _, GIT_WORK_TREE: __, GIT_INDEX_FILE: ___, GIT_PREFIX: ____, ...rest } = process.env;
  return { ...rest, LC_ALL: "C" };
}

function cannotRun(cause: Error): UserError {
  return new UserError({ problem: "git cannot be run", value: cause.message, fix: "install git" }, { cause });
}

function unreadableBlobs(folder: string, message: string): UserError {
  return new UserError({
    problem: "git cannot read an object of this repository",
    value: message,
    fix: "run git fsck; in a partial clone, fetch what is missing",
    at: { file: folder },
  });
}
