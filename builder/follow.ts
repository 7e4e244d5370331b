import { UserError } from "../chain/errors.ts";
import { type Build, type BuildService, hasEnded } from "../cloud/buildService.ts";
import { UnreachableError } from "../cloud/http.ts";
import { pause, TransientError } from "../cloud/retry.ts";
import type { BuildListener } from "./events.ts";
import { LogReader } from "./progress.ts";

/** A build that ended and did not succeed. */
export class BuildFailed extends UserError {
  readonly build: Build;

  constructor(target: string, build: Build, lastLines: readonly string[]) {
    const log = lastLines.map((line) => `    ${line}`).join("\n");
    super({
      problem: `the build of ${target} ended as ${build.status}: ${build.statusDetail ?? "no reason given"}\n${log}`,
      value: `build ${build.id}`,
      fix: adviceFor(build),
    });
    this.build = build;
  }
}

/** Following ended because the caller no longer wants to; the build goes on. */
export class Detached extends Error {
  override readonly name = "Detached";
  readonly build: string;

  constructor(build: string) {
    super(`the build ${build} goes on; \`strata watch ${build}\` follows it again`);
    this.build = build;
  }
}

/** How a build is followed. */
export interface FollowOptions {
  /** The longest pause between two looks, in milliseconds: Google asks for some seconds. A young build is looked at more often. */
  readonly pollMs: number;
  /** Aborted by a caller who does not want to wait any longer. */
  readonly detach?: AbortSignal;
  /** How long Google may be out of reach while a build is followed, in milliseconds; by default a quarter of an hour. */
  readonly outageMs?: number;
}

/** A laptop changes its network and a proxy restarts, and the build goes on all the same. */
const longestOutageMs = 15 * 60_000;

/** Pause between two looks at a build that has just begun, in milliseconds; it grows with the time that has passed. */
const youngPauseMs = 500;

/** Follows a build to its end and tells how it gets on. Throws {@link BuildFailed} and {@link Detached}. */
export async function follow(
  builds: BuildService,
  target: string,
  started: Build,
  tell: BuildListener,
  { pollMs, detach, outageMs = longestOutageMs }: FollowOptions,
): Promise<Build> {
  const log = new LogReader();
  const since = performance.now();
  let verified = false;
  let build = started;
  let heardAt = since;
  const wait = async () => {
    const young = Math.max(youngPauseMs, (performance.now() - since) / 4);
    await pause(Math.min(pollMs, young) * (0.75 + Math.random() / 2));
    if (detach?.aborted) throw new Detached(build.id);
  };
  for (let first = true; ; first = false) {
    try {
      // The state is read before the log, so that the log of a build that has ended is whole.
      if (!first) build = await builds.status(build.id);
      log.take(await builds.log(build.id, log.offset));
      heardAt = performance.now();
    } catch (error) {
      if (!outOfReach(error) || performance.now() - heardAt > outageMs) throw error;
      await wait();
      continue;
    }
    if (build.startTime !== undefined) tellProgress(build, target, log, tell);
    if (log.verified && !verified) tell({ kind: "VERIFIED", target, build: build.id });
    verified = log.verified;
    if (build.status === "SUCCESS") return build;
    if (hasEnded(build)) throw new BuildFailed(target, build, log.lastLines);
    await wait();
  }
}

/** Whether a call found no way to Google, after all of its own attempts. */
function outOfReach(error: unknown): boolean {
  const cause = error instanceof UserError ? error.cause : undefined;
  return cause instanceof TransientError || cause instanceof UnreachableError;
}

/** Seconds that a build's machine has run; 0 while it waits. */
export function secondsOf({ startTime, finishTime }: Build): number {
  if (startTime === undefined) return 0;
  const end = finishTime === undefined ? Date.now() : Date.parse(finishTime);
  return Math.max(0, (end - Date.parse(startTime)) / 1000);
}

function tellProgress(build: Build, target: string, log: LogReader, tell: BuildListener): void {
  const { progress, lastLines } = log;
  const seconds = secondsOf(build);
  tell({ kind: "BUILDING", target, build: build.id, seconds, log: lastLines, ...(progress && { progress }) });
}

function adviceFor({ status, logUrl }: Build): string {
  const log = logUrl === undefined ? "" : `; the whole log: ${logUrl}`;
  if (status === "EXPIRED") return `it waited too long for a machine: raise the quota or build fewer at once${log}`;
  if (status === "TIMEOUT") return `raise \`expectedMinutes\` in image.yaml if it really takes that long${log}`;
  if (status === "CANCELLED") return `run it again if that was not meant${log}`;
  if (status === "INTERNAL_ERROR") return `Cloud Build itself failed; run it again${log}`;
  return `the lines above are the last ones of its log${log}`;
}
