import { UserError } from "../chain/errors.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { Bucket } from "../cloud/google/bucket.ts";
import type { RetryPolicy } from "../cloud/retry.ts";
import { type EntryStore, standardLimits } from "./entries.ts";
import { FolderStore } from "./folderStore.ts";

/** A compile waits for the answer, so a call is made again once, at once, and then counts as failed. */
const impatientRetries: RetryPolicy = { attempts: 2, firstDelayMs: 50, longestDelayMs: 500 };

/** Where entries are kept: a store, and the first part of their names there. */
export interface StorePlace {
  readonly store: EntryStore;
  readonly prefix: string;
}

/** Reads a place: `gs://bucket/prefix`, or the absolute path of a folder on this machine. */
export function storeAt(place: string): StorePlace {
  const [, bucket, prefix] = /^gs:\/\/([a-z0-9][a-z0-9._-]*)\/(.+?)\/*$/.exec(place) ?? [];
  if (bucket !== undefined && prefix !== undefined) {
    const api = new GoogleApi({ retries: impatientRetries });
    const options = { retries: impatientRetries, timeoutMs: standardLimits.readMs };
    return { store: new Bucket(api, bucket, options), prefix };
  }
  if (place.startsWith("/")) return { store: new FolderStore(place), prefix: "entries" };
  throw new UserError({
    problem: "this is no place for a compiler cache",
    value: place,
    allowed: "gs://bucket/prefix, or the absolute path of a folder",
    fix: "name the bucket that the stack made, and a prefix in it",
  });
}
