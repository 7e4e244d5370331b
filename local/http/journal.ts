/** One request that the local cloud answered. */
export interface JournalEntry {
  /** Counts from 1. */
  readonly number: number;
  /** When it came, ISO 8601. */
  readonly at: string;
  /** Google's method id, such as `cloudbuild.projects.builds.create`; a path's first words where no method matched. */
  readonly method: string;
  readonly verb: string;
  /** Path with query. */
  readonly path: string;
  /** Who called, as a policy names it. */
  readonly caller?: string;
  /** The HTTP status; 0 where a fault dropped the connection. */
  readonly status: number;
  /** Whether the method changes anything. */
  readonly write: boolean;
  /** Why the request was refused as malformed: an unknown route, query key or field. */
  readonly refused?: string;
  /** The kind of fault that was injected. */
  readonly fault?: string;
}

/** How many requests the journal keeps. */
const CAPACITY = 100_000;

/** The requests of this server, newest last; the oldest go when there are too many. */
export class Journal {
  #entries: JournalEntry[] = [];
  #count = 0;

  add(entry: Omit<JournalEntry, "number">): void {
    this.#count++;
    this.#entries.push({ number: this.#count, ...entry });
    if (this.#entries.length >= 2 * CAPACITY) this.#entries = this.#entries.slice(-CAPACITY);
  }

  /** The requests after the given number: all that are kept, if left out. */
  since(number = 0): readonly JournalEntry[] {
    return this.#entries.filter((entry) => entry.number > number);
  }

  /** The number of the latest request. */
  get count(): number {
    return this.#count;
  }
}
