import { randomUUID } from "node:crypto";
import type { HeldLock, Locks } from "./lock.ts";
import { LockLost } from "./lock.ts";
import { ConditionFailed, type ObjectStore, readAll } from "./objectStore.ts";
import { pause } from "./retry.ts";

/** Times of a lock, in milliseconds. */
export interface LockTimes {
  /** How long a lock is good for after it was taken or renewed; it is renewed three times as often. */
  readonly lease: number;
  /** The longest pause between two looks at a lock that somebody else holds. */
  readonly look: number;
}

const standardTimes: LockTimes = { lease: 30_000, look: 2_000 };

/** What a lock's object holds, as JSON. */
interface LockState {
  /** Who holds it; absent when it is free. */
  readonly holder?: string;
  readonly note?: string;
}

interface Seen {
  readonly state: LockState;
  /** `"0"` where there is no object yet. */
  readonly generation: string;
}

const longestState = 1 << 16;

/**
 * Locks that are objects in a bucket. Each change is made on the condition that the object is at the generation that
 * was read, so of several that try, one succeeds. No clocks are compared: a lease has ended when whoever waits has
 * seen the same generation for a whole lease, while a living holder changes it three times as often.
 */
export class ObjectLocks implements Locks {
  private readonly store: ObjectStore;
  private readonly prefix: string;
  private readonly times: LockTimes;

  /** The object of a lock is `prefix` + its name. */
  constructor(store: ObjectStore, prefix: string, times: LockTimes = standardTimes) {
    this.store = store;
    this.prefix = prefix;
    this.times = times;
  }

  async acquireUnless<T>(
    name: string,
    answer: (note: string) => Promise<T | undefined>,
  ): Promise<{ readonly lock: HeldLock } | { readonly answer: T }> {
    const object = `${this.prefix}${name}`;
    const holder = randomUUID();
    let unchangedSince = performance.now();
    let last = "";
    for (;;) {
      const seen = await this.look(object);
      if (seen.generation !== last) {
        unchangedSince = performance.now();
        last = seen.generation;
        const found = seen.state.note === undefined ? undefined : await answer(seen.state.note);
        if (found !== undefined) return { answer: found };
      }
      const over = performance.now() - unchangedSince > this.times.lease;
      if (seen.state.holder === holder || seen.state.holder === undefined || over) {
        const taken = await this.change(object, seen, { ...seen.state, holder });
        if (taken !== undefined) {
          return { lock: new HeldObject(taken, (at, to) => this.change(object, at, to), this.times.lease) };
        }
      }
      await pause(this.times.look * (0.25 + Math.random() * 0.75));
    }
  }

  private async look(object: string): Promise<Seen> {
    const read = async (found: Parameters<Parameters<ObjectStore["read"]>[1]>[0]): Promise<Seen> => {
      const text = Buffer.from(await readAll(found, longestState)).toString("utf8");
      return { state: JSON.parse(text), generation: found.generation };
    };
    return (await this.store.read(object, read)) ?? { state: {}, generation: "0" };
  }

  /** The new state, or undefined if the object is no longer at the generation that was seen. */
  private async change(object: string, seen: Seen, state: LockState): Promise<Seen | undefined> {
    try {
      const bytes = new Uint8Array(Buffer.from(JSON.stringify(state)));
      return { state, generation: await this.store.write(object, bytes, { ifGeneration: seen.generation }) };
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
      // The write may be this process's own, whose answer was lost before it was made again.
      const now = await this.look(object);
      return state.holder !== undefined && now.state.holder === state.holder ? now : undefined;
    }
  }
}

type Change = (seen: Seen, state: LockState) => Promise<Seen | undefined>;

class HeldObject implements HeldLock {
  private seen: Seen | undefined;
  private readonly change: Change;
  private readonly timer: NodeJS.Timeout;
  /** One change at a time, each on the generation that the last one made. */
  private turn: Promise<void> = Promise.resolve();

  constructor(seen: Seen, change: Change, lease: number) {
    this.seen = seen;
    this.change = change;
    // A renewal that fails is found out by the next `confirm` or `release`.
    this.timer = setInterval(() => void this.renew().catch(() => {}), lease / 3);
    this.timer.unref();
  }

  async confirm(): Promise<void> {
    await this.renew();
    if (this.seen === undefined) throw new LockLost("the lock was taken over by another process");
  }

  async release(note?: string): Promise<void> {
    clearInterval(this.timer);
    await this.inTurn(async (seen) => {
      const kept = note ?? seen.state.note;
      await this.change(seen, kept === undefined ? {} : { note: kept });
      return undefined;
    });
  }

  private renew(): Promise<void> {
    return this.inTurn((seen) => this.change(seen, seen.state));
  }

  private inTurn(work: (seen: Seen) => Promise<Seen | undefined>): Promise<void> {
    const mine = this.turn.then(async () => {
      if (this.seen !== undefined) this.seen = await work(this.seen);
    });
    this.turn = mine.catch(() => {});
    return mine;
  }
}
