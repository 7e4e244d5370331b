import type { Cloud } from "../cloud.ts";
import type { Caller } from "../identity/tokens.ts";
import type { Build } from "../products/cloudBuild/build.ts";

/** One build that a worker is to run. */
export interface Job {
  readonly cloud: Cloud;
  readonly build: Build;
  /** The service account that the build runs as: what the worker does, it does in its name. */
  readonly caller: Caller;
  /** Milliseconds that the build had run when the local cloud was stopped; 0 for a new one. */
  readonly elapsedMs: number;
  /** Aborted when the build is cancelled or has timed out. */
  readonly signal: AbortSignal;
  /** Adds a line to the build's log. */
  log(line: string): void;
  /** Says that a step has begun. */
  stepStarted(index: number): void;
  /** Says how a step has ended. */
  stepEnded(index: number, status: "SUCCESS" | "FAILURE", exitCode: number): void;
}

/** How a build has ended. */
export interface Outcome {
  readonly status: "SUCCESS" | "FAILURE" | "INTERNAL_ERROR";
  /** One sentence, for a build that did not succeed. */
  readonly detail?: string;
  /** The images that were pushed. */
  readonly images?: readonly { readonly name: string; readonly digest: string }[];
}

/** Runs builds. */
export interface Worker {
  /** Whether a build that was running when the local cloud was stopped can go on. */
  readonly survivesRestart: boolean;
  /** Runs one build to its end. Throws where the worker itself has failed. */
  run(job: Job): Promise<Outcome>;
}
