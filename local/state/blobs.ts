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
    if (content instanceof Uint8Array) return this.keep(content);
    const upload = randomUUID();
    await this.append(upload, content);
    return this.finish(upload);
  }

  /** Writes bytes that are at hand, before it returns. */
  keep(bytes: Uint8Array): Blob {
    const sums = new Sums();
    sums.add(bytes);
    const blob = sums.blob();
    const target = this.#blob(blob.sha256);
    if (existsSync(target)) return blob;
    mkdirSync(dirname(target), { recursive: true });
    const path = this.#upload(randomUUID());
    writeFileSync(path, bytes);
    renameSync(path, target);
    return blob;
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
    const sums = new Sums();
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) sums.add(chunk as Buffer);
    const blob = sums.blob();
    const target = this.#blob(blob.sha256);
    mkdirSync(dirname(target), { recursive: true });
    if (existsSync(target)) await rm(path);
    else await rename(path, target);
    return blob;
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

/** The checksums of bytes that come one after the other. */
class Sums {
  readonly #sha256 = createHash("sha256");
  readonly #md5 = createHash("md5");
  #crc32c = 0;
  #size = 0;

  add(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#md5.update(bytes);
    this.#crc32c = crc32c(bytes, this.#crc32c);
    this.#size += bytes.length;
  }

  blob(): Blob {
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(this.#crc32c);
    const [sha256, md5] = [this.#sha256.digest("hex"), this.#md5.digest("base64")];
    return { sha256, size: this.#size, md5, crc32c: checksum.toString("base64") };
  }
}
