import { GoogleError } from "../cloud/google/api.ts";
import type { ObjectStore, StoredObject } from "../cloud/objectStore.ts";
import { errorMessage } from "../cloud/systemError.ts";
import { Breaker } from "./breaker.ts";
import { entryIn, frameLength, open, seal } from "./entryFrame.ts";
import { Hold, MemoryBudget } from "./memoryBudget.ts";
import { emptyStoreStatistics, type StoreStatistics } from "./statistics.ts";

/** What the cache's entries are kept in: an {@link ObjectStore} or as much of one. */
export type EntryStore = Pick<ObjectStore, "read" | "write" | "remove">;

/** What a listener hears; everything else is in the statistics. */
export type CacheEvent =
  | { readonly kind: "STORE_AWAY"; readonly reason: string }
  | { readonly kind: "STORE_BACK" }
  /** The store lets this build read and not write; nothing more is sent to it. */
  | { readonly kind: "WRITES_REFUSED"; readonly reason: string }
  /** An entry whose checksum is wrong; it was treated as a miss. */
  | { readonly kind: "REJECTED"; readonly key: string };

/** How long and how much; the defaults are for a build machine. */
export interface EntryLimits {
  /** Bytes of entries in memory at the same time. */
  readonly memory: number;
  /** How long a compile waits for the store to answer before it is told that there is no entry, in milliseconds. */
  readonly readMs: number;
  /** How long an entry waits for memory, in milliseconds. */
  readonly memoryMs: number;
  /** How long a store that was found away is left alone, in milliseconds. */
  readonly awayMs: number;
  /** Entries on their way to the store at the same time. */
  readonly uploads: number;
}

export const standardLimits: EntryLimits = {
  memory: 512 << 20,
  readMs: 5_000,
  memoryMs: 2_000,
  awayMs: 30_000,
  uploads: 32,
};

interface Upload {
  readonly key: string;
  readonly frame: Uint8Array<ArrayBuffer>;
}

/**
 * The entries of one prefix of a store. Reading never fails and never takes long: whatever goes wrong is a miss.
 * Writing returns at once; {@link drained} tells when everything has arrived.
 */
export class Entries {
  readonly statistics: StoreStatistics = emptyStoreStatistics();
  private readonly budget: MemoryBudget;
  private readonly store: EntryStore;
  private readonly prefix: string;
  private readonly limits: EntryLimits;
  private readonly tell: (event: CacheEvent) => void;
  private readonly breaker: Breaker;
  private writesRefused = false;
  /** What ccache has handed over and the store does not have yet, in the order it came. */
  private readonly pending = new Map<string, Upload>();
  private readonly waiting: Upload[] = [];
  private uploading = 0;
  private readonly whenDrained: (() => void)[] = [];

  /** Whether the store does not take entries of this build. */
  get readOnly(): boolean {
    return this.writesRefused;
  }

  constructor(store: EntryStore, prefix: string, limits: EntryLimits, tell: (event: CacheEvent) => void) {
    this.store = store;
    this.prefix = prefix;
    this.limits = limits;
    this.tell = tell;
    this.budget = new MemoryBudget(limits.memory);
    this.breaker = new Breaker(limits.awayMs, (away, reason) => {
      if (away) this.statistics.timesAway++;
      tell(away ? { kind: "STORE_AWAY", reason } : { kind: "STORE_BACK" });
    });
  }

  /** Hands the entry to `deliver` if there is a sound one, and says whether there was. */
  async read(key: string, deliver: (bytes: Uint8Array) => Promise<void>): Promise<boolean> {
    const pending = this.pending.get(key);
    if (pending !== undefined) {
      this.statistics.hits++;
      await deliver(entryIn(pending.frame));
      return true;
    }
    const hold = new Hold(this.budget);
    try {
      const frame = await this.fetch(key, hold);
      const entry = frame === undefined ? undefined : this.checked(key, frame);
      if (entry !== undefined) await deliver(entry);
      return entry !== undefined;
    } finally {
      hold.release();
    }
  }

  /**
   * Sets memory aside for an entry that is about to come, if there is enough. It is given back by {@link abandon}, or
   * after {@link write} when the entry is stored or dropped.
   */
  async expect(length: number): Promise<boolean> {
    const room = await this.budget.take(length + frameLength, this.limits.memoryMs);
    if (!room) this.statistics.unwritten++;
    return room;
  }

  /** An entry that was expected does not come. */
  abandon(length: number): void {
    this.budget.release(length + frameLength);
  }

  /** Takes an entry that was expected, in a frame that is not sealed yet. */
  write(key: string, frame: Uint8Array<ArrayBuffer>): void {
    seal(key, frame);
    const upload = { key, frame };
    this.pending.set(key, upload);
    this.waiting.push(upload);
    this.startUploads();
  }

  /** Removes an entry that ccache found to be of no use. */
  async remove(key: string): Promise<void> {
    if (!this.breaker.allows()) return;
    try {
      await this.store.remove(this.nameOf(key));
      this.breaker.succeeded();
    } catch (error) {
      this.breaker.failed(errorMessage(error));
    }
  }

  /** Resolves when every entry that was taken has been stored or given up. */
  drained(): Promise<void> {
    if (this.pending.size === 0 && this.uploading === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenDrained.push(resolve));
  }

  /** What the store has under a key; undefined if it has nothing, or if it is away, or slow, or memory is short. */
  private async fetch(key: string, hold: Hold): Promise<Uint8Array | undefined> {
    const frame = this.breaker.allows() ? await this.tryFetch(key, hold) : "unread";
    if (frame === "unread") this.statistics.unread++;
    if (frame === undefined) this.statistics.misses++;
    return frame === "unread" ? undefined : frame;
  }

  private async tryFetch(key: string, hold: Hold): Promise<Uint8Array | undefined | "unread"> {
    const late = Promise.withResolvers<never>();
    const giveUp = () => late.reject(new Error(`the store gave no answer for ${this.limits.readMs / 1000} s`));
    const timer = setTimeout(giveUp, this.limits.readMs);
    try {
      const read = this.store.read(this.nameOf(key), async (object) => {
        if (!(await hold.take(object.size, this.limits.memoryMs))) return "unread";
        return whole(object, hold);
      });
      const frame = await Promise.race([read, late.promise]);
      this.breaker.succeeded();
      return frame;
    } catch (error) {
      this.breaker.failed(errorMessage(error));
      return "unread";
    } finally {
      clearTimeout(timer);
    }
  }

  private checked(key: string, frame: Uint8Array): Uint8Array | undefined {
    const entry = open(key, frame);
    if (entry === undefined) {
      this.statistics.rejected++;
      this.tell({ kind: "REJECTED", key });
      return undefined;
    }
    this.statistics.hits++;
    this.statistics.bytesRead += entry.length;
    return entry;
  }

  private startUploads(): void {
    while (this.uploading < this.limits.uploads) {
      const upload = this.waiting.shift();
      if (upload === undefined) break;
      this.uploading++;
      void this.upload(upload).then(() => this.uploaded(upload));
    }
  }

  private async upload({ key, frame }: Upload): Promise<void> {
    if (this.writesRefused) {
      this.statistics.refused++;
      return;
    }
    if (!this.breaker.allows()) {
      this.statistics.unwritten++;
      return;
    }
    try {
      await this.store.write(this.nameOf(key), frame);
      this.breaker.succeeded();
      this.statistics.written++;
      this.statistics.bytesWritten += frame.length - frameLength;
    } catch (error) {
      if (isRefusal(error)) return this.stopWriting(errorMessage(error));
      this.breaker.failed(errorMessage(error));
      this.statistics.unwritten++;
    }
  }

  /** A store that refuses a write has answered: it is not away, and may still be read. */
  private stopWriting(reason: string): void {
    this.breaker.succeeded();
    this.statistics.refused++;
    if (!this.writesRefused) this.tell({ kind: "WRITES_REFUSED", reason });
    this.writesRefused = true;
  }

  private uploaded(upload: Upload): void {
    this.uploading--;
    if (this.pending.get(upload.key) === upload) this.pending.delete(upload.key);
    this.budget.release(upload.frame.length);
    this.startUploads();
    if (this.uploading === 0 && this.waiting.length === 0) for (const resolve of this.whenDrained.splice(0)) resolve();
  }

  /** Spread over folders, so that a listing and a local folder stay manageable. */
  private nameOf(key: string): string {
    return `${this.prefix}/${key.slice(0, 2)}/${key}`;
  }
}

/** Reads an object whole, straight into its place; stops once nobody waits for it any more. */
async function whole({ size, body }: StoredObject, hold: Hold): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let length = 0;
  for await (const chunk of body) {
    if (hold.over) throw new Error("nobody waits for the entry any more");
    if (length + chunk.length > size) throw new Error(`the object has more than ${size} bytes`);
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function isRefusal(error: unknown): boolean {
  const { cause } = error instanceof Error ? error : {};
  return cause instanceof GoogleError && cause.status === 403;
}
