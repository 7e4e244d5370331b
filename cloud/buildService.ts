/** One step of a build: a container that runs and ends. */
export interface BuildStep {
  readonly id: string;
  /** The image that the step runs in. */
  readonly name: string;
  readonly entrypoint?: string;
  readonly args: readonly string[];
  /** `KEY=VALUE`. */
  readonly env?: readonly string[];
  /** Whether the build goes on, and may succeed, when this step fails. */
  readonly allowFailure?: boolean;
}

/** A build as Cloud Build's REST API takes it (`Build`, the part of it that strata uses). */
export interface BuildRequest {
  readonly steps: readonly BuildStep[];
  /** Letters, digits, `_`, `.` and `-`; at most 128 of them each. */
  readonly tags: readonly string[];
  /** Seconds, as `3600s`: of the build, and of its waiting before that. */
  readonly timeout: string;
  readonly queueTtl: string;
  /** `projects/P/serviceAccounts/EMAIL`. */
  readonly serviceAccount: string;
  /** `gs://bucket/folder`; a build that names its account must have it. */
  readonly logsBucket: string;
  readonly options: {
    readonly pool: { readonly name: string };
    readonly logging: "GCS_ONLY";
    /** `KEY=VALUE`, in the environment of every step. */
    readonly env?: readonly string[];
  };
}

/** Where a build can stand, by Cloud Build's names. */
export type BuildState =
  | "PENDING"
  | "QUEUED"
  | "WORKING"
  | "SUCCESS"
  | "FAILURE"
  | "INTERNAL_ERROR"
  | "TIMEOUT"
  | "CANCELLED"
  | "EXPIRED";

/** A build that was submitted, as it stands. */
export interface Build {
  readonly id: string;
  readonly status: BuildState;
  /** Why it ended as it did, where Cloud Build says so. */
  readonly statusDetail?: string;
  /** RFC 3339. Waiting in the queue is the time between the first two. */
  readonly createTime?: string;
  readonly startTime?: string;
  readonly finishTime?: string;
  /** The build's page in the console. */
  readonly logUrl?: string;
}

/** Runs builds. */
export interface BuildService {
  /**
   * Submits a build, once: an answer that is lost leads to the build being looked for, not to a second one.
   *
   * @param before asked before the build is sent again, because time has passed since the first attempt: it gives a build
   *   that does the same meanwhile, which is then the answer, and may throw to stop
   */
  submit(request: BuildRequest, before?: () => Promise<Build | undefined>): Promise<Build>;
  /** A build with this tag that has not ended, if there is one; the one that was submitted first. */
  running(tag: string): Promise<Build | undefined>;
  /** How a build stands. */
  status(id: string): Promise<Build>;
  /** The same for a build that may be unknown here: another project's, or one that is no longer kept. */
  find(id: string): Promise<Build | undefined>;
  /** Stops a build; one that has ended is left as it is. */
  cancel(id: string): Promise<void>;
  /** What a build has logged from a byte on; empty if there is nothing more yet. */
  log(id: string, fromByte: number): Promise<Uint8Array>;
}

/** Whether a build has come to its end. */
export function hasEnded({ status }: Build): boolean {
  return status !== "PENDING" && status !== "QUEUED" && status !== "WORKING";
}
