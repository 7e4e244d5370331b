import { createHash, randomUUID } from "node:crypto";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { appendFile, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { crc32c } from "./crc32c.ts";

/** What is known of bytes that were written. */
export interface Blob {
  /** Hex, without `sha256:`. */
  readonly sha256: string;
  readonly size: number;
  /** Base64, as Cloud Storage shows it. */
  readonly md5: string;
  /** Base64 of the big-endian value, as Cloud Storage shows it. */
  readonly crc32c: string;
}

/**
 * Bytes on disk, named by their digest. Bytes arrive in a file under `uploads/` and are moved to their name when they
 * are complete, so a blob that exists is whole.
 */
export class Blobs {
  readonly #directory: string;
  readonly #uploads: string;

  constructor(directory: string) {
    this.#directory = join(directory, "blobs");
    this.#uploads = join(directory, "uploads");
    mkdirSync(this.#directory, { recursive: true });
    mkdirSync(this.#uploads, { recursive: true });
  }

  /** Writes a stream or bytes and returns what they are. */
  async write(content: Readable | Uint8Array): Promise<Blob> {
    const upload = randomUUID();
    await this.append(upload, content);
    return this.finish(upload);
  }

  /** Writes bytes that are at hand, before it returns. */
  keep(bytes: Uint8Array): void {
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const target = this.#blob(sha256);
    if (existsSync(target)) return;
    mkdirSync(dirname(target), { recursive: true });
    const path = this.#upload(randomUUID());
    writeFileSync(path, bytes);
    renameSync(path, target);
  }

  /** Adds bytes to an unfinished upload. Returns its size so far. */
  async append(upload: string, content: Readable | Uint8Array): Promise<number> {
    const path = this.#upload(upload);
    if (content instanceof Uint8Array) await appendFile(path, content);
    else {
      const file = await open(path, "a");
      try {
        for await (const chunk of content) await file.write(chunk as Uint8Array);
      } finally {
        await file.close();
      }
    }
    return statSync(path).size;
  }

  /** The size of an unfinished upload; 0 where nothing has come yet. */
  uploaded(upload: string): number {
    const path = this.#upload(upload);
    return existsSync(path) ? statSync(path).size : 0;
  }

  /** Forgets an unfinished upload. */
  discard(upload: string): void {
    rmSync(this.#upload(upload), { force: true });
  }

  /** Reads an upload through, names it by its digest and returns what it is. */
  async finish(upload: string): Promise<Blob> {
    const path = this.#upload(upload);
    if (!existsSync(path)) await appendFile(path, new Uint8Array());
    const sha256 = createHash("sha256");
    const md5 = createHash("md5");
    let checksum = 0;
    let size = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      const bytes = chunk as Buffer;
      sha256.update(bytes);
      md5.update(bytes);
      checksum = crc32c(bytes, checksum);
      size += bytes.length;
    }
    const digest = sha256.digest("hex");
    const target = this.#blob(digest);
    mkdirSync(dirname(target), { recursive: true });
    if (existsSync(target)) await rm(path);
    else await rename(path, target);
    const checksumBytes = Buffer.alloc(4);
    checksumBytes.writeUInt32BE(checksum);
    return { sha256: digest, size, md5: md5.digest("base64"), crc32c: checksumBytes.toString("base64") };
  }

  /** The blob's size in bytes, or undefined where there is none. */
  size(sha256: string): number | undefined {
    const path = this.#blob(sha256);
    return existsSync(path) ? statSync(path).size : undefined;
  }

  /**
   * Streams a blob, or the part of it from `start` to `end`, both included.
   */
  read(sha256: string, range: { readonly start?: number; readonly end?: number } = {}): Readable {
    return createReadStream(this.#blob(sha256), range);
  }

  #blob(sha256: string): string {
    return join(this.#directory, sha256.slice(0, 2), sha256);
  }

  #upload(upload: string): string {
    return join(this.#uploads, upload);
  }
}
