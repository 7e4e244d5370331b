import { hash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Numbers kept per file: its key, what `lstat` said of it, and the day on which the row was last of use. */
const FIELDS = 8;
const DAY = 7;
const DIGEST_BYTES = 32;
const ROW_BYTES = 8 * FIELDS + DIGEST_BYTES;

/** Changed whenever the layout or the meaning of a field changes; read on a machine of other byte order it differs too. */
const FORMAT = 0x5354_0001;
/** Format, number of rows, and 32 bytes that say whose cache it is. */
const HEADER_BYTES = 40;
const CHECKSUM_BYTES = 32;

/**
 * A file is recorded only if it was last changed so long before the tree was read, in milliseconds. A change that
 * comes after the reading then always leaves another ctime, however coarse the file system's clock is (the coarsest
 * known, FAT's, has a grain of two seconds). Without this margin, a file written, hashed and written again within one
 * grain would keep its old digest: Git calls that "racily clean".
 */
const GRAIN_MS = 2000;

/** A row that was of no use for so many days is dropped when the file is next written. */
const DAYS_KEPT = 30;
const MS_PER_DAY = 86_400_000;

/** How many numbers of `lstat` a row must agree with: size, mtime, ctime, inode, device and mode, in this order. */
export const STAT_FIELDS = 6;
/** Where the inode stands among them. */
const INODE = 3;

/** Where stat caches are kept unless told otherwise: `$XDG_CACHE_HOME/strata/statcache`, by default under `~/.cache`. */
export function statCacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment.XDG_CACHE_HOME || join(homedir(), ".cache"), "strata", "statcache");
}

/** The key of a tree's root, from which `statKey` derives all others. */
export const ROOT_KEY = 0x811c_9dc5;

/**
 * A key for a path, a whole number below 2^53, from the key of its folder and its own name. Should two paths share
 * one, they take turns in one row, and the inode in that row keeps them apart.
 */
export function statKey(folder: number, name: string): number {
  let low = folder | 0;
  let high = Math.floor(folder / 0x1_0000_0000) ^ 0x2f;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x0100_0193);
    high = Math.imul(high ^ unit ^ (low >>> 13), 0x85eb_ca6b);
  }
  return ((high ^ (high >>> 11)) & 0x1f_ffff) * 0x1_0000_0000 + ((low ^ (low >>> 15)) >>> 0);
}

/**
 * The digests of files that have not changed since they were last read, in one file per folder. A row holds if size,
 * mtime, ctime, inode, device and mode are all what they were. ctime is what makes that safe: no program can put it
 * back. Times are milliseconds as a double, exact to a quarter of a microsecond; the margin that `record` demands is
 * what tells two states apart, so finer times would add nothing.
 *
 * Two things leave no trace in those numbers: a write through a memory mapping to a page that is dirty already, and
 * another file system, with the same numbers, mounted in the folder's place. What is built is safe from both, because
 * packing reads every content and compares it with the digest in the key.
 *
 * The file is a cache and nothing else: one that is missing, truncated, damaged, of another version or of another
 * folder is ignored and written anew, and where it cannot be written the next run is merely slower.
 */
export class StatCache {
  readonly #path: string;
  readonly #owner: Buffer;
  readonly #today = Math.floor(Date.now() / MS_PER_DAY);
  #count = 0;
  #rows: Float64Array = new Float64Array(0);
  #digests: Buffer = Buffer.alloc(0);
  /** Row number + 1 by key, 0 where free: open addressing, always less than half full. */
  #table = new Int32Array(16);
  #dirty = false;

  /**
   * @param cacheFolder the folder that keeps stat caches
   * @param folder the real path of the folder that this one is about
   */
  constructor(cacheFolder: string, folder: string) {
    this.#owner = hash("sha256", folder, "buffer");
    this.#path = join(cacheFolder, this.#owner.toString("hex"));
    this.#load();
  }

  /**
   * The digest recorded for a file, or undefined where there is none that still holds.
   *
   * @param key from `statKey`
   * @param stats an array that holds size, mtime, ctime, inode, device and mode from `at` on
   */
  find(key: number, stats: Float64Array, at: number): string | undefined {
    const row = (this.#table[this.#slot(key)] ?? 0) - 1;
    if (row < 0) return undefined;
    const start = row * FIELDS;
    for (let i = 0; i < STAT_FIELDS; i++) if (this.#rows[start + 1 + i] !== stats[at + i]) return undefined;
    this.#rows[start + DAY] = this.#today;
    return this.#digests.toString("hex", row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES);
  }

  /**
   * Records a file's digest, unless the file was changed so shortly before `readAt` that a later change could look
   * the same.
   *
   * @param readAt when the tree's reading began, in milliseconds since 1970
   */
  record(key: number, stats: Float64Array, at: number, digest: string, readAt: number): void {
    const [mtime = Infinity, ctime = Infinity] = stats.subarray(at + 1, at + 3);
    if (Math.max(mtime, ctime) > readAt - GRAIN_MS) return;
    // Some file systems have inodes above 2^53, which a double cannot tell apart.
    if (!Number.isSafeInteger(stats[at + INODE])) return;
    let slot = this.#slot(key);
    if (this.#table[slot] === 0) {
      if (this.#count * FIELDS === this.#rows.length) {
        this.#grow();
        slot = this.#slot(key);
      }
      this.#table[slot] = ++this.#count;
    }
    const row = (this.#table[slot] ?? 0) - 1;
    this.#rows[row * FIELDS] = key;
    this.#rows.set(stats.subarray(at, at + STAT_FIELDS), row * FIELDS + 1);
    this.#rows[row * FIELDS + DAY] = this.#today;
    this.#digests.write(digest, row * DIGEST_BYTES, "hex");
    this.#dirty = true;
  }

  /** Writes the file if anything was recorded. Readers see the old file or the new one, never a part. */
  save(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const temporary = `${this.#path}.${process.pid}.${randomBytes(4).toString("hex")}`;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      writeFileSync(temporary, this.#serialise(), { mode: 0o600, flag: "wx" });
      renameSync(temporary, this.#path);
    } catch {
      // A cache that cannot be kept (a read-only home, a full disk) costs time and nothing else.
      removeIfThere(temporary);
    }
  }

  #serialise(): Buffer {
    const kept: number[] = [];
    for (let row = 0; row < this.#count; row++) {
      if ((this.#rows[row * FIELDS + DAY] ?? 0) >= this.#today - DAYS_KEPT) kept.push(row);
    }
    const bytes = Buffer.alloc(HEADER_BYTES + kept.length * ROW_BYTES + CHECKSUM_BYTES);
    const numbers = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
    numbers.set([FORMAT, kept.length]);
    this.#owner.copy(bytes, 8);
    const rows = new Float64Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, kept.length * FIELDS);
    const digestsAt = HEADER_BYTES + rows.byteLength;
    kept.forEach((row, i) => {
      rows.set(this.#rows.subarray(row * FIELDS, (row + 1) * FIELDS), i * FIELDS);
      this.#digests.copy(bytes, digestsAt + i * DIGEST_BYTES, row * DIGEST_BYTES, (row + 1) * DIGEST_BYTES);
    });
    checksum(bytes).copy(bytes, bytes.length - CHECKSUM_BYTES);
    return bytes;
  }

  #load(): void {
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      return;
    }
    const rowBytes = bytes.length - HEADER_BYTES - CHECKSUM_BYTES;
    if (rowBytes < 0 || rowBytes % ROW_BYTES !== 0 || bytes.byteOffset % 8 !== 0) return;
    const [format, count = 0] = new Uint32Array(bytes.buffer, bytes.byteOffset, 2);
    if (format !== FORMAT || count !== rowBytes / ROW_BYTES) return;
    if (!bytes.subarray(8, HEADER_BYTES).equals(this.#owner)) return;
    if (!checksum(bytes).equals(bytes.subarray(bytes.length - CHECKSUM_BYTES))) return;
    this.#rows = new Float64Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, count * FIELDS);
    this.#digests = bytes.subarray(HEADER_BYTES + this.#rows.byteLength, bytes.length - CHECKSUM_BYTES);
    this.#count = count;
    this.#index();
  }

  /** Doubles the room for rows. */
  #grow(): void {
    const room = Math.max(64, 2 * this.#count);
    const rows = new Float64Array(room * FIELDS);
    rows.set(this.#rows);
    const digests = Buffer.alloc(room * DIGEST_BYTES);
    this.#digests.copy(digests);
    this.#rows = rows;
    this.#digests = digests;
    this.#index();
  }

  /** Builds the table from the rows, with room for twice as many as there is room for rows. */
  #index(): void {
    const room = Math.max(16, (2 * this.#rows.length) / FIELDS);
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(room)));
    for (let row = 0; row < this.#count; row++) this.#table[this.#slot(this.#rows[row * FIELDS] ?? 0)] = row + 1;
  }

  /** Where a key stands in the table, or the free place where it would. */
  #slot(key: number): number {
    const mask = this.#table.length - 1;
    let slot = (key % 0x1_0000_0000) & mask;
    for (;;) {
      const row = (this.#table[slot] ?? 0) - 1;
      if (row < 0 || this.#rows[row * FIELDS] === key) return slot;
      slot = (slot + 1) & mask;
    }
  }
}

/** sha256 over all but the checksum itself. */
function checksum(bytes: Buffer): Buffer {
  return hash("sha256", bytes.subarray(0, bytes.length - CHECKSUM_BYTES), "buffer");
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made, or its folder cannot be written to.
  }
}
