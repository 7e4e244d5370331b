import { FileChanged, hashFile } from "./hashFile.ts";

/** Bytes of a sha256 digest. */
export const DIGEST_BYTES = 32;

/** A batch is closed at so many files or so many bytes: large enough that taking one costs nothing, small enough that threads end together. */
const BATCH_FILES = 64;
const BATCH_BYTES = 1 << 20;

/** Slots of `HashJob.control`. */
const NEXT = 0;
const STOPPED = 1;

/**
 * Files to hash, in memory that all threads share: a thread takes the next batch by one atomic addition and writes the
 * digests where they belong, so nothing is copied between threads and no thread waits for another.
 */
export interface HashJob {
  /** The folder that the paths are relative to. */
  readonly folder: string;
  /** All paths in UTF-8, one after the other. */
  readonly pathBytes: Uint8Array;
  /** Where each path ends in `pathBytes`. */
  readonly pathEnds: Uint32Array;
  /** Each file's size in bytes. */
  readonly sizes: Float64Array;
  /** The index at which each batch ends. */
  readonly batchEnds: Uint32Array;
  /** Next batch to take; whether to stop because a file could not be hashed. */
  readonly control: Int32Array;
  /** The digests, 32 bytes each. */
  readonly digests: Uint8Array;
}

/** Why a file could not be hashed. */
export interface HashFailure {
  /** The file's index in the job. */
  readonly index: number;
  /** Whether it changed after the tree was read; otherwise it could not be read. */
  readonly changed: boolean;
  readonly message: string;
}

/** Lays out a job for these files. */
export function hashJob(folder: string, paths: readonly string[], sizes: readonly number[]): HashJob {
  const count = paths.length;
  let bytes = 0;
  for (const path of paths) bytes += Buffer.byteLength(path);
  const pathBytes = new Uint8Array(new SharedArrayBuffer(bytes));
  const pathEnds = new Uint32Array(new SharedArrayBuffer(4 * count));
  const sharedSizes = new Float64Array(new SharedArrayBuffer(8 * count));
  const text = asBuffer(pathBytes);
  const ends: number[] = [];
  let end = 0;
  let batchStart = 0;
  let batchBytes = 0;
  paths.forEach((path, i) => {
    const size = sizes[i] ?? 0;
    end += text.write(path, end);
    pathEnds[i] = end;
    sharedSizes[i] = size;
    batchBytes += size;
    if (i + 1 - batchStart >= BATCH_FILES || batchBytes >= BATCH_BYTES || i + 1 === count) {
      ends.push(i + 1);
      batchStart = i + 1;
      batchBytes = 0;
    }
  });
  const batchEnds = new Uint32Array(new SharedArrayBuffer(4 * ends.length));
  batchEnds.set(ends);
  const control = new Int32Array(new SharedArrayBuffer(8));
  const digests = new Uint8Array(new SharedArrayBuffer(DIGEST_BYTES * count));
  return { folder, pathBytes, pathEnds, sizes: sharedSizes, batchEnds, control, digests };
}

/**
 * Takes batches and hashes their files until none is left, until `most` were taken, or until another thread failed.
 * Returns why a file could not be hashed, where one could not.
 */
export function takeBatches(job: HashJob, most: number): HashFailure | undefined {
  const text = asBuffer(job.pathBytes);
  const digests = asBuffer(job.digests);
  for (let taken = 0; taken < most; taken++) {
    const batch = Atomics.add(job.control, NEXT, 1);
    if (batch >= job.batchEnds.length || Atomics.load(job.control, STOPPED) !== 0) return undefined;
    const end = job.batchEnds[batch] ?? 0;
    for (let i = batch === 0 ? 0 : (job.batchEnds[batch - 1] ?? 0); i < end; i++) {
      const path = text.toString("utf8", i === 0 ? 0 : job.pathEnds[i - 1], job.pathEnds[i]);
      try {
        digests.write(hashFile(`${job.folder}/${path}`, job.sizes[i] ?? 0), DIGEST_BYTES * i, "hex");
      } catch (error) {
        Atomics.store(job.control, STOPPED, 1);
        return { index: i, changed: error instanceof FileChanged, message: String(error) };
      }
    }
  }
  return undefined;
}

/** Whether every batch has been taken, or a thread failed. */
export function allTaken(job: HashJob): boolean {
  return Atomics.load(job.control, NEXT) >= job.batchEnds.length || Atomics.load(job.control, STOPPED) !== 0;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
