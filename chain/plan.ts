import type { CollectedChain } from "./collect.ts";
import { declaredMinutes, dollarsFor, type EarlierBuild, measuredMinutes } from "./estimate.ts";
import { explain, type Reason } from "./explain.ts";
import type { Graph, GraphTarget } from "./graph.ts";
import type { TargetInputs } from "./inputs.ts";
import { jobsFor, machineNamed } from "./machines.ts";
import { criticalPath, type Quotas, quotaOf, schedule, type Task } from "./schedule.ts";

/**
 * What happens to a target: its key is published already, it is built, nobody was asked whether its key is published,
 * or it cannot be keyed.
 */
export type Action = "reuse" | "build" | "unknown" | "refused";

/** One target of a plan. */
export interface PlannedTarget {
  /** "image:stage". */
  readonly target: string;
  readonly tier: number;
  readonly parents: readonly string[];
  readonly action: Action;
  /** Absent where the target is refused. */
  readonly key?: string;
  /** Why it is built; for a refused one, what is wrong and how to mend it. */
  readonly reasons: readonly Reason[];
  readonly machine: string;
  /** MAX_JOBS on this machine. */
  readonly jobs: number;
  /** Expected minutes of the build; 0 where nothing is built. */
  readonly minutes: number;
  /** How many of its last builds those minutes are the median of; absent where they are image.yaml's estimate. */
  readonly measured?: number;
  /** Expected dollars of the build; 0 where nothing is built. */
  readonly dollars: number;
  /** Another target of the same image whose layers it reuses, so that it is built after it. */
  readonly sharesWith?: string;
}

/** What would be built, why, for how long and for how much. */
export interface Plan {
  /** Parents before their children. */
  readonly targets: readonly PlannedTarget[];
  readonly totals: {
    readonly reuse: number;
    readonly build: number;
    readonly unknown: number;
    readonly refused: number;
    /** Machine minutes of all builds. */
    readonly minutes: number;
    readonly dollars: number;
    /** Minutes until everything is built, in parallel as far as the quotas allow. */
    readonly makespan: number;
  };
  /** The longest chain of builds. */
  readonly criticalPath: readonly string[];
}

/** What a plan is decided from. */
export interface PlanFacts {
  /** Whether a target's key is published; undefined where no registry was asked. */
  readonly exists?: ReadonlyMap<string, boolean>;
  /** Inputs that a target was last built from, to say what changed. */
  readonly before?: ReadonlyMap<string, TargetInputs>;
  /** A target's last builds, newest first; those on the same machine replace image.yaml's estimate. */
  readonly earlierBuilds?: ReadonlyMap<string, readonly EarlierBuild[]>;
  /** Machines used in place of those of image.yaml. */
  readonly machines?: Readonly<Record<string, string>>;
  readonly quotas?: Quotas;
}

/**
 * Decides for every target of a collected chain. Has no effects.
 * @throws UserError where a machine exceeds its quota, or is none
 */
export function planChain(graph: Graph, chain: CollectedChain, facts: PlanFacts = {}): Plan {
  const targets: PlannedTarget[] = [];
  for (const one of graph.values()) {
    const planned = planTarget(one, chain, facts, targets);
    if (planned) targets.push(planned);
  }
  return planOf(targets, facts.quotas);
}

/** The plan of targets that are decided: how many there are of each action, what they cost, how long they take. */
export function planOf(targets: readonly PlannedTarget[], quotas?: Quotas): Plan {
  const tasks = buildTasks(targets);
  const count = (action: Action) => targets.filter((one) => one.action === action).length;
  const sum = (field: "minutes" | "dollars") => targets.reduce((total, one) => total + one[field], 0);
  return {
    targets,
    totals: {
      reuse: count("reuse"),
      build: count("build"),
      unknown: count("unknown"),
      refused: count("refused"),
      minutes: sum("minutes"),
      dollars: sum("dollars"),
      makespan: schedule(tasks, quotas).makespan,
    },
    criticalPath: criticalPath(tasks),
  };
}

/** The builds of a plan as tasks for the scheduler. */
export function buildTasks(targets: readonly PlannedTarget[]): readonly Task[] {
  const builds = new Set(targets.filter(({ action }) => action === "build").map(({ target }) => target));
  return targets
    .filter(({ action }) => action === "build")
    .map(({ target, parents, sharesWith, minutes, machine }) => ({
      name: target,
      after: [...parents, ...(sharesWith === undefined ? [] : [sharesWith])].filter((name) => builds.has(name)),
      minutes,
      vCpus: machineNamed(machine).vCpus,
      quota: quotaOf(machine),
    }));
}

function planTarget(
  one: GraphTarget,
  chain: CollectedChain,
  facts: PlanFacts,
  before: readonly PlannedTarget[],
): PlannedTarget | undefined {
  const { settings } = one.image;
  const machine = facts.machines?.[settings.machine] ?? settings.machine;
  const shape = machineNamed(machine);
  const jobs = jobsFor(shape, settings.peakGbPerJob);
  const common = { target: one.name, tier: one.tier, parents: one.parents, machine, jobs, minutes: 0, dollars: 0 };
  const refused = chain.refused.get(one.name);
  if (refused) {
    const why = refused.because === undefined ? refused.error.message : `its parent ${refused.because} cannot be keyed`;
    return { ...common, action: "refused", reasons: [{ kind: "first", text: why }] };
  }
  const collected = chain.targets.get(one.name);
  if (!collected) return undefined;
  const { key } = collected.inputs;
  const exists = facts.exists?.get(one.name);
  if (exists === undefined) return { ...common, key, action: "unknown", reasons: [] };
  if (exists) return { ...common, key, action: "reuse", reasons: [] };
  const shared = sharedWork(one, chain, before);
  const reasons = explain(facts.before?.get(one.name), collected.inputs);
  const measured = measuredMinutes(facts.earlierBuilds?.get(one.name) ?? [], machine);
  // What earlier builds took from shared layers is in their minutes already.
  const minutes = measured?.minutes ?? declaredMinutes(settings, machine) * (1 - (shared?.share ?? 0));
  return {
    ...common,
    key,
    action: "build",
    reasons: reasons.length > 0 ? reasons : [{ kind: "first", text: "its image is no longer in the registry" }],
    minutes,
    ...(measured && { measured: measured.builds }),
    dollars: dollarsFor(shape, minutes),
    ...(shared && { sharesWith: shared.target }),
  };
}

/**
 * The build of the same image that does the most of this target's steps, and the share of them. That share is taken
 * from the layer cache when this target is built after it; built at the same time, both would do it.
 */
function sharedWork(
  one: GraphTarget,
  chain: CollectedChain,
  before: readonly PlannedTarget[],
): { readonly target: string; readonly share: number } | undefined {
  const steps = chain.targets.get(one.name)?.steps ?? new Set<string>();
  const siblings = before.filter(({ target, action }) => action === "build" && target.startsWith(`${one.image.name}:`));
  const shares = siblings.map(({ target }) => {
    const theirs = chain.targets.get(target)?.steps ?? new Set<string>();
    return { target, share: [...steps].filter((step) => theirs.has(step)).length / Math.max(1, steps.size) };
  });
  return shares.filter(({ share }) => share > 0).sort((a, b) => b.share - a.share)[0];
}
