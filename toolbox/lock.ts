import { DatabaseSync } from "node:sqlite";

/** An exclusive lock between processes. */
export interface FileLock {
  release(): void;
}

/**
 * Takes the lock of a file, or returns undefined while another process has it. Node has no such lock of its own; an
 * open transaction of an SQLite file is one that the kernel releases when its process dies, however it dies. The file
 * itself stays, empty and free.
 */
export function tryLock(file: string): FileLock | undefined {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (isBusy(error)) return undefined;
    throw error;
  }
}

function isBusy(error: unknown): boolean {
  const SQLITE_BUSY = 5;
  return typeof error === "object" && error !== null && "errcode" in error && error.errcode === SQLITE_BUSY;
}
