import { type BuildProgress, dollarsSoFar, elapsedOf, remainingOf, type TargetProgress } from "../builder/runState.ts";
import type { Plan, PlannedTarget } from "../chain/plan.ts";

/**
 * Where a target stands. The first four are what a plan says: published already, to be built, nobody was asked,
 * cannot be keyed. The others are what becomes of a target that is to be built.
 */
export type TargetState =
  | "reuse"
  | "build"
  | "unknown"
  | "refused"
  | "queued"
  | "building"
  | "verified"
  | "published"
  | "skipped"
  | "failed";

/** The build of a target that runs or has ended. */
export interface BuildView {
  readonly id?: string;
  /** Its page in the console. */
  readonly logUrl?: string;
  /** Whether somebody else submitted it, so that it is on their bill. */
  readonly attached: boolean;
  /** 0 to 100, and what was finished last; absent before the first marker. What has passed its checks is at 100. */
  readonly percent?: number;
  readonly marker?: string;
  readonly seconds: number;
  /** Undefined where it takes longer than expected, so that nobody knows. */
  readonly secondsLeft?: number;
  readonly dollars: number;
}

/** What is shown of a build that published a key: a part of its record, which is one of these as it is. */
export interface PastBuild {
  readonly key: string;
  readonly build: string;
  /** RFC 3339. */
  readonly finishedAt: string;
  readonly machine: string;
  readonly minutes: number;
  readonly dollars: number;
  /** Whether it was played and not run. */
  readonly simulated?: boolean | undefined;
  readonly checks: readonly { readonly outcome: "passed" | "skipped" }[];
  /** Compiles by kind of source, where a compiler cache said so. */
  readonly compilerCache?:
    | { readonly compiles?: Readonly<Record<string, { readonly hits: number; readonly misses: number }>> | undefined }
    | undefined;
}

/** One target, with everything that is shown of it. */
export interface TargetView {
  /** "image:stage". */
  readonly target: string;
  readonly tier: number;
  readonly parents: readonly string[];
  readonly state: TargetState;
  /** Absent where the target is refused. */
  readonly key?: string;
  /** Why it is built, was skipped, has failed or is refused: one text each, which may have several lines. */
  readonly reasons: readonly string[];
  readonly machine?: string;
  /** What the plan expects of its build; 0 where nothing is built. */
  readonly minutes: number;
  readonly dollars: number;
  /** Whether the longest chain of builds goes through it. */
  readonly onLongestChain: boolean;
  readonly build?: BuildView;
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Its builds so far, the newest first. */
  readonly history: readonly PastBuild[];
}

/** How far a run is. */
export interface RunView {
  /** Whether every target is published, skipped or failed. */
  readonly over: boolean;
  /** Of the targets that are to be built. */
  readonly published: number;
  readonly toPublish: number;
  /** At least so long, as if no build waited for a machine. */
  readonly secondsLeft: number;
  readonly dollars: number;
}

/** A chain as it is shown: what every page and every report is made of. */
export interface ChainView {
  readonly title: string;
  /** What was compared or asked, in a few words, as "compared with main". */
  readonly about?: string;
  /** Whether builds are played and not run. */
  readonly simulated: boolean;
  /** When this was the state of things, in milliseconds since 1970. */
  readonly at: number;
  /** Parents before their children. */
  readonly targets: readonly TargetView[];
  /** How far the run of the plan is; absent where it is only a plan, or nothing is to be built. */
  readonly run?: RunView;
  /** Of the plan: minutes until everything is built, minutes of machines, dollars. */
  readonly expected: { readonly makespan: number; readonly minutes: number; readonly dollars: number };
  /** The longest chain of builds, first to last. */
  readonly longestChain: readonly string[];
}

/** What a view is made from. */
export interface ViewFacts {
  readonly title: string;
  readonly about?: string;
  readonly simulated?: boolean;
  readonly plan: Plan;
  /** How far the builds of the plan are; absent where it is only a plan. */
  readonly progress?: BuildProgress;
  /** What was recorded of earlier builds, by target, the newest first. */
  readonly records?: ReadonlyMap<string, readonly PastBuild[]>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The view of a plan, of the run of it, and of what was built before. */
export function viewOf({ title, about, simulated, plan, progress, records, now }: ViewFacts): ChainView {
  const { makespan, minutes, dollars } = plan.totals;
  const run = progress && progress.size > 0 ? runOf(plan, progress, now) : undefined;
  return {
    title,
    ...(about !== undefined && { about }),
    simulated: simulated ?? false,
    at: now,
    targets: plan.targets.map((one) => ({
      ...targetOf(one, progress?.get(one.target), now),
      onLongestChain: plan.criticalPath.includes(one.target),
      history: records?.get(one.target) ?? [],
    })),
    ...(run && { run }),
    expected: { makespan, minutes, dollars },
    longestChain: plan.criticalPath,
  };
}

function targetOf(
  { target, tier, parents, action, key, reasons, machine, minutes, dollars, sharesWith }: PlannedTarget,
  progress: TargetProgress | undefined,
  now: number,
): Omit<TargetView, "onLongestChain" | "history"> {
  const shared = sharesWith === undefined ? [] : [`built after ${sharesWith}, whose layers it shares`];
  return {
    target,
    tier,
    parents,
    state: progress === undefined || progress.phase === "waiting" ? action : progress.phase,
    ...(key !== undefined && { key }),
    reasons: [...outcomeOf(progress), ...reasons.map(({ text }) => text), ...shared],
    machine,
    minutes,
    dollars,
    ...(progress?.build !== undefined && { build: buildOf(progress, now) }),
    log: progress?.log ?? [],
  };
}

function outcomeOf(progress: TargetProgress | undefined): readonly string[] {
  if (progress?.failure !== undefined) return [progress.failure];
  return progress?.because === undefined ? [] : [`not built, because ${progress.because} failed`];
}

function buildOf(progress: TargetProgress, now: number): BuildView {
  const { build, logUrl, attached = false, phase, marker } = progress;
  const percent = phase === "verified" || phase === "published" ? 100 : progress.percent;
  const secondsLeft = remainingOf(progress, now);
  return {
    ...(build !== undefined && { id: build }),
    ...(logUrl !== undefined && { logUrl }),
    attached,
    ...(percent !== undefined && { percent }),
    ...(marker !== undefined && { marker }),
    seconds: elapsedOf(progress, now),
    ...(secondsLeft !== undefined && { secondsLeft }),
    dollars: dollarsSoFar(progress, now),
  };
}

const OVER: ReadonlySet<TargetProgress["phase"]> = new Set(["published", "skipped", "failed"]);

function runOf(plan: Plan, progress: BuildProgress, now: number): RunView {
  const all = [...progress.values()];
  const left = new Map<string, number>();
  for (const { target, parents, sharesWith = "" } of plan.targets) {
    const own = progress.get(target);
    if (own === undefined) continue;
    const before = Math.max(0, ...[...parents, sharesWith].map((name) => left.get(name) ?? 0));
    left.set(target, before + (remainingOf(own, now) ?? 0));
  }
  return {
    over: all.every(({ phase }) => OVER.has(phase)),
    published: all.filter(({ phase }) => phase === "published").length,
    toPublish: all.length,
    secondsLeft: Math.max(...left.values()),
    dollars: all.reduce((sum, one) => sum + dollarsSoFar(one, now), 0),
  };
}
