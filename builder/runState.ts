import { dollarsFor } from "../chain/estimate.ts";
import { machineShape } from "../chain/machines.ts";
import type { Plan } from "../chain/plan.ts";
import type { BuildEvent } from "./events.ts";

/** How far one target is. */
export interface TargetProgress {
  readonly target: string;
  readonly tier: number;
  readonly phase: "waiting" | "queued" | "building" | "verified" | "published" | "skipped" | "failed";
  readonly machine: string;
  /** What the plan expects. */
  readonly minutes: number;
  /** Of the build that is followed. */
  readonly build?: string;
  /** Whether that build is somebody else's. */
  readonly attached?: boolean;
  /** When this was heard to be building, in milliseconds, less what it had run by then. */
  readonly startedAt?: number;
  readonly percent?: number;
  /** What the build last said of itself, with the marker's name. */
  readonly marker?: string;
  /** Seconds and dollars of a build that has ended well. */
  readonly seconds?: number;
  readonly dollars?: number;
  readonly because?: string;
  /** Why it failed. */
  readonly failure?: string;
  /** The last lines of the build's log, and the build's page in the console. */
  readonly log?: readonly string[];
  readonly logUrl?: string;
}

/** What a display shows: the targets that are built, in the order of the plan. */
export type BuildProgress = ReadonlyMap<string, TargetProgress>;

/** The start of a run: everything that is to be built waits. */
export function progressOf(plan: Plan): BuildProgress {
  const targets = plan.targets.filter(({ action }) => action === "build");
  return new Map(
    targets.map(({ target, tier, machine, minutes }) => [target, { target, tier, machine, minutes, phase: "waiting" }]),
  );
}

/**
 * The progress after an event.
 * @param now milliseconds since 1970
 */
export function withEvent(progress: BuildProgress, event: BuildEvent, now: number): BuildProgress {
  const before = progress.get(event.target);
  return before === undefined
    ? progress
    : new Map(progress).set(event.target, { ...before, ...changeBy(event, before, now) });
}

function changeBy(event: BuildEvent, before: TargetProgress, now: number): Partial<TargetProgress> {
  if (event.kind === "QUEUED" || event.kind === "ATTACHED") {
    const { build, logUrl, kind } = event;
    return { phase: "queued", build, ...(logUrl && { logUrl }), ...(kind === "ATTACHED" && { attached: true }) };
  }
  if (event.kind === "BUILDING") {
    const { progress, seconds, log } = event;
    return {
      phase: before.phase === "verified" ? "verified" : "building",
      startedAt: now - seconds * 1000,
      log,
      ...(progress && { percent: progress.percent, marker: [progress.what, progress.gem].filter(Boolean).join(", ") }),
    };
  }
  if (event.kind === "VERIFIED") return { phase: "verified" };
  if (event.kind === "FOUND") return { phase: "published", seconds: 0, dollars: 0 };
  if (event.kind === "PUBLISHED") {
    return { phase: "published", seconds: event.seconds, dollars: event.dollars };
  }
  if (event.kind === "SKIPPED") return { phase: "skipped", because: event.because };
  if (event.kind === "PLANNED") return {};
  return { phase: "failed", failure: event.error.message, ...secondsUntil(before, now) };
}

/** A build that failed is billed for the time that it ran. */
function secondsUntil({ startedAt, machine }: TargetProgress, now: number): Partial<TargetProgress> {
  if (startedAt === undefined) return {};
  const seconds = (now - startedAt) / 1000;
  return { seconds, dollars: dollarsOf(machine, seconds) };
}

/** Seconds that a target has been built for. */
export function elapsedOf({ seconds, startedAt }: TargetProgress, now: number): number {
  return seconds ?? (startedAt === undefined ? 0 : Math.max(0, (now - startedAt) / 1000));
}

/** Dollars of a target so far; a build that was attached to is on somebody else's bill. */
export function dollarsSoFar(one: TargetProgress, now: number): number {
  if (one.attached) return 0;
  return one.dollars ?? dollarsOf(one.machine, elapsedOf(one, now));
}

/**
 * Seconds until a target is done: what its markers say where they have said enough, else what the plan expects.
 * Undefined where more time has passed than either says.
 */
export function remainingOf(one: TargetProgress, now: number): number | undefined {
  if (one.phase === "published" || one.phase === "failed" || one.phase === "skipped") return 0;
  const elapsed = elapsedOf(one, now);
  const { percent = 0 } = one;
  const whole = percent >= 10 && elapsed > 0 ? (elapsed * 100) / percent : one.minutes * 60;
  return whole > elapsed ? whole - elapsed : undefined;
}

function dollarsOf(machine: string, seconds: number): number {
  const shape = machineShape(machine);
  return shape === undefined ? 0 : dollarsFor(shape, seconds / 60);
}
