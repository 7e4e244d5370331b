import { once } from "node:events";
import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { UserError } from "../errors.ts";
import { allTaken, DIGEST_BYTES, type HashFailure, type HashJob, hashJob, takeBatches } from "./hashJob.ts";

/** What hashing is expected to cost, to decide on threads only: opening, reading and closing a file, in milliseconds. */
const MS_PER_FILE = 0.02;
/** Bytes that are read and hashed in a millisecond. */
const BYTES_PER_MS = 800_000;
/** A thread is worth its start, which takes about as long, only for so much work, in milliseconds. */
const MS_PER_THREAD = 120;
/** More threads than this gain nothing on one disk and only cost memory. */
const MOST_WORKERS = 7;
/** Batches between two looks at the event loop: some 20 ms. */
const BATCHES_PER_TURN = 16;

/**
 * Lower-case hexadecimal sha256 of each file's content, in the order of the paths. The calling thread hashes too; more
 * threads are started only where there is work for them, so that a small catalogue never waits for one to start.
 *
 * @param folder the folder that the paths are relative to
 * @param sizes each file's size in bytes when the tree was read; another size now is a UserError
 */
export async function hashFiles(
  folder: string,
  paths: readonly string[],
  sizes: readonly number[],
): Promise<readonly string[]> {
  const job = hashJob(folder, paths, sizes);
  const workers = startWorkers(job, workersFor(sizes));
  let failure: HashFailure | undefined;
  while (!failure && !allTaken(job)) {
    failure = takeBatches(job, workers.length === 0 ? Number.POSITIVE_INFINITY : BATCHES_PER_TURN);
    if (workers.length > 0) await setImmediate();
  }
  const failures = [failure, ...(await Promise.all(workers))];
  for (const failed of failures) if (failed) throw hashError(folder, paths[failed.index] ?? "", failed);
  const digests = Buffer.from(job.digests.buffer);
  return paths.map((_, i) => digests.toString("hex", DIGEST_BYTES * i, DIGEST_BYTES * (i + 1)));
}

function workersFor(sizes: readonly number[]): number {
  let bytes = 0;
  for (const size of sizes) bytes += size;
  const expectedMs = sizes.length * MS_PER_FILE + bytes / BYTES_PER_MS;
  return Math.min(Math.floor(expectedMs / MS_PER_THREAD), availableParallelism() - 1, MOST_WORKERS);
}

/** Starts threads on the job. Each resolves when it takes no more batches, with why, where a file could not be hashed. */
function startWorkers(job: HashJob, count: number): Promise<HashFailure | undefined>[] {
  return Array.from({ length: count }, async () => {
    const worker = new Worker(new URL("./hashWorker.ts", import.meta.url), { workerData: job, env: environment() });
    const [failure] = await once(worker, "message");
    return failure as HashFailure | undefined;
  });
}

/** A thread does not inherit the cache of compiled modules by itself, and compiling is most of its start. */
function environment(): NodeJS.ProcessEnv {
  const compileCache = getCompileCacheDir();
  return compileCache === undefined ? process.env : { ...process.env, NODE_COMPILE_CACHE: compileCache };
}

function hashError(folder: string, path: string, { changed, message }: HashFailure): UserError {
  const at = { file: `${folder}/${path}` };
  return changed
    ? new UserError({ problem: "the file changed while it was being read", fix: "run the command again", at })
    : new UserError({ problem: "the file cannot be read", value: message, fix: "make it readable or ignore it", at });
}
