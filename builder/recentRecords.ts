import { z } from "zod";
import { ConditionFailed, type ObjectStore, type ReadableObjects, readAll } from "../cloud/objectStore.ts";
import { storeLast } from "./lastInputs.ts";
import { type BuildRecord, recordFolder, recordSchema } from "./record.ts";

/** How many records of a target are kept together. */
const KEPT = 10;

/** No list of records is longer, in bytes. */
const longestList = 1 << 20;

/** Where the record of a key lies in the store. */
export function recordObject(target: string, key: string): string {
  return `${recordFolder(target)}${key}.json`;
}

/** Where the last records of a target lie together, so that one read has them all. */
export function recentObject(target: string): string {
  return `${recordFolder(target)}recent.json`;
}

const recentSchema = z.object({ records: z.array(z.unknown()) });

/**
 * The last records of a target, newest first; none where there are none. Simulated builds are left out, because what
 * they took was made up, and so are records of a version that this strata does not know.
 */
export async function recentRecords(store: ReadableObjects, target: string): Promise<readonly BuildRecord[]> {
  return (await readRecent(store, target)).records;
}

/** Stores the record of a key as its target's last one, and keeps it among the recent ones unless it is simulated. */
export async function storeRecord(store: ObjectStore, record: BuildRecord): Promise<void> {
  await store.write(recordObject(record.target, record.key), bytesOf(record));
  await storeLast(store, record.target, record.key);
  if (record.simulated) return;
  for (;;) {
    const { records, generation } = await readRecent(store, record.target);
    const others = records.filter(({ key }) => key !== record.key);
    const recent = { records: [record, ...others].slice(0, KEPT) };
    try {
      await store.write(recentObject(record.target), bytesOf(recent), { ifGeneration: generation });
      return;
    } catch (error) {
      // Another key of the same target was published just now, and its record came in between.
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
}

interface Recent {
  readonly records: readonly BuildRecord[];
  /** `"0"` where there is no list yet. */
  readonly generation: string;
}

async function readRecent(store: ReadableObjects, target: string): Promise<Recent> {
  const read = await store.read(recentObject(target), async (object): Promise<Recent> => {
    const text = Buffer.from(await readAll(object, longestList)).toString("utf8");
    const { data } = recentSchema.safeParse(parsed(text));
    const records = (data?.records ?? []).flatMap((one) => recordSchema.safeParse(one).data ?? []);
    return { records: records.filter(({ simulated }) => !simulated), generation: object.generation };
  });
  return read ?? { records: [], generation: "0" };
}

/** A list that cannot be read teaches nothing, and the next record begins it anew. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bytesOf(value: object): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(JSON.stringify(value, undefined, 2)));
}
