import { EventEmitter } from "node:events";
import { join } from "node:path";
import { Faults } from "./http/faults.ts";
import { Journal } from "./http/journal.ts";
import { Access } from "./identity/access.ts";
import { Tokens } from "./identity/tokens.ts";
import type { Message } from "./schema/messages.ts";
import { Blobs } from "./state/blobs.ts";
import { Documents } from "./state/documents.ts";

/** Who runs builds: in appearance, or for real with BuildKit. */
export const WORKER_NAMES = ["simulated", "buildkit"] as const;

/** Who runs builds. */
export type WorkerName = (typeof WORKER_NAMES)[number];

/** What can be set on a local cloud. */
export interface CloudSettings {
  /** Milliseconds until a long-running operation is done; 0 answers `done: true` at once. */
  readonly operationDelayMs: number;
  /** How many times faster than real the simulated builds run; 0 finishes them at once. */
  readonly timeScale: number;
  readonly worker: WorkerName;
}

/** What the settings are when nobody says otherwise. */
export const DEFAULT_SETTINGS: CloudSettings = { operationDelayMs: 0, timeScale: 600, worker: "simulated" };

/** Everything that the products of one local cloud share. */
export class Cloud {
  readonly documents: Documents;
  readonly blobs: Blobs;
  readonly tokens: Tokens;
  readonly access: Access;
  readonly journal = new Journal();
  readonly faults = new Faults();
  /** Things that products tell each other: `object` when one is finalised, `message` when one is published. */
  readonly events = new EventEmitter();
  /** Finders of operations that are not kept as such but are another thing seen from a second side: a build's. */
  readonly liveOperations: ((name: string) => Message | undefined)[] = [];
  readonly settings: CloudSettings;
  /** `http://127.0.0.1:PORT`, set once the server listens. */
  origin = "";
  /** Why it answers no call any more: its state could not be written, so that what it says would not be true. */
  brokenBy: unknown;
  /** Whether it has ended: what is still under way then writes nothing more, because its folder may be gone. */
  stopped = false;

  /**
   * @param directory - where the state is kept.
   */
  constructor(directory: string, settings: CloudSettings) {
    this.documents = new Documents(directory);
    this.blobs = new Blobs(join(directory, "content"));
    this.tokens = new Tokens(this.documents);
    this.access = new Access(this.documents);
    this.settings = settings;
  }

  /** `127.0.0.1:PORT`: the host of image references. */
  get host(): string {
    return this.origin.replace("http://", "");
  }
}
