import { Bucket } from "../../../cloud/google/bucket.ts";
import { readAll } from "../../../cloud/objectStore.ts";
import { read } from "../ask.ts";
import { type Check, good } from "../finding.ts";
import { namesIn } from "../names.ts";

interface Page {
  readonly items?: readonly { readonly name: string; readonly updated?: string }[];
}

/** A living holder renews its lock every ten seconds; one that was silent for this long, in milliseconds, is gone. */
const SILENCE_MS = 5 * 60_000;

/** No more locks are read than this: a bucket has many old ones that nobody holds. */
const MOST = 100;

const longestLock = 1 << 16;

/** Locks whose holder has gone. They do no harm: whoever comes next takes them over once their lease has ended. */
export const locksCheck: Check = {
  subject: "locks",
  asksGoogle: true,
  async run({ api, settings, now }) {
    const { store } = namesIn(settings.environment);
    const query = new URLSearchParams({ prefix: "locks/", fields: "items(name,updated)", maxResults: "1000" });
    const page = await read<Page>(api, "storage", `b/${store}/o?${query}`, `list the locks in the bucket ${store}`);
    const silent = (page?.items ?? []).filter(({ updated }) => now() - Date.parse(updated ?? "") > SILENCE_MS);
    const bucket = new Bucket(api, store, {
      timeoutMs: 5_000,
      retries: { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 },
    });
    const held = await Promise.all(
      silent.slice(-MOST).map(async ({ name }) => {
        const bytes = await bucket.read(name, (object) => readAll(object, longestLock));
        const { holder }: { holder?: string } = JSON.parse(Buffer.from(bytes ?? Buffer.from("{}")).toString("utf8"));
        return holder === undefined ? [] : [name.slice("locks/".length)];
      }),
    );
    const stale = held.flat();
    if (stale.length === 0) return good("none is held by a process that has gone");
    const says = `${stale.length} held by a process that has gone: ${stale.join(", ")}`;
    return { state: "note", says, fix: "strata build (it takes over what it needs once the lease has ended)" };
  },
};
