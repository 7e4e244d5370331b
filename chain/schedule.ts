import { UserError } from "./errors.ts";
import { seeded } from "./seeded.ts";

/** A build to be placed. */
export interface Task {
  readonly name: string;
  /** Tasks that have to be finished before; names that are no task count as finished. */
  readonly after: readonly string[];
  readonly minutes: number;
  readonly vCpus: number;
  /** The quota it counts against; see quotaOf. */
  readonly quota: string;
}

/** vCPUs that may be in use at once, by quota; a quota that is not named has no limit. */
export type Quotas = Readonly<Record<string, number>>;

/** A task with its time. */
export interface Placed {
  readonly name: string;
  /** Minutes from the start. */
  readonly start: number;
  readonly end: number;
}

/** A whole schedule. */
export interface Schedule {
  /** In the order of their starts. */
  readonly tasks: readonly Placed[];
  /** Minutes until the last task ends. */
  readonly makespan: number;
  /** No schedule ends before: the longest chain, or the work over the quota, whichever is longer. */
  readonly lowerBound: number;
}

/** Cloud Build counts C3 machines against a quota of their own. */
export function quotaOf(machine: string): string {
  return machine.startsWith("c3-") ? "concurrent_private_pool_c3_build_cpus" : "concurrent_private_pool_build_cpus";
}

/** How many climbs are made when the first order does not reach the lower bound, and how many steps each has. */
const CLIMBS = 4;
const STEPS = 250;

/**
 * Places tasks under quotas so that the last ends early. The first order is by the longest chain behind a task; where
 * it does not reach the lower bound, climbs from it shift those priorities at random and keep what is no worse. The
 * same tasks always give the same schedule. `npm run bench` compares it with proven optima.
 * @throws UserError where a task alone exceeds its quota: it would wait for ever
 */
export function schedule(tasks: readonly Task[], quotas: Quotas = {}): Schedule {
  for (const task of tasks) requireFits(task, quotas[task.quota]);
  const tails = tailsOf(tasks);
  const lowerBound = lowerBoundOf(tasks, tails, quotas);
  const random = seeded(1);
  const first = place(tasks, tails, quotas);
  let best = first;
  for (let climb = 0; climb < CLIMBS; climb++) {
    let at = { placed: first, priorities: tails };
    for (let step = 0; step < STEPS; step++) {
      if (endOf(best) <= lowerBound * 1.0001) return { tasks: best, makespan: endOf(best), lowerBound };
      const priorities = shifted(at.priorities, random);
      const placed = place(tasks, priorities, quotas);
      // One that is as good is taken, too: many orders end alike, and a better one may be behind any of them.
      if (endOf(placed) <= endOf(at.placed)) at = { placed, priorities };
      if (endOf(placed) < endOf(best)) best = placed;
    }
  }
  return { tasks: best, makespan: endOf(best), lowerBound };
}

/** Priorities shifted at random, by up to 5 % in one step and by up to 75 % in another. */
function shifted(priorities: ReadonlyMap<string, number>, random: () => number): ReadonlyMap<string, number> {
  const spread = 0.1 + 1.4 * random();
  return new Map([...priorities].map(([name, priority]) => [name, priority * (1 + spread * (random() - 0.5))]));
}

/**
 * Refuses a build whose machine a quota can never fit, so that it is not left to wait for hours.
 * @param limit vCPUs that the quota grants; undefined where it has no limit
 */
export function requireFits({ name, vCpus, quota }: Pick<Task, "name" | "vCpus" | "quota">, limit?: number): void {
  if (limit === undefined || vCpus <= limit) return;
  throw new UserError({
    problem: `the quota ${quota} does not fit the machine of ${name}, so its build would wait in the queue for ever`,
    value: `${limit} vCPUs`,
    allowed: `${vCpus} vCPUs or more`,
    fix: `ask for ${vCpus} vCPUs of cloudbuild.googleapis.com/${quota} in the region, or choose a smaller machine`,
  });
}

/** Minutes from each task's start to the end of the longest chain behind it. */
export function tailsOf(tasks: readonly Task[]): ReadonlyMap<string, number> {
  const children = new Map<string, Task[]>();
  for (const task of tasks)
    for (const parent of task.after) children.set(parent, [...(children.get(parent) ?? []), task]);
  const tails = new Map<string, number>();
  const tail = (task: Task): number => {
    const known = tails.get(task.name);
    if (known !== undefined) return known;
    const value = task.minutes + Math.max(0, ...(children.get(task.name) ?? []).map(tail));
    tails.set(task.name, value);
    return value;
  };
  for (const task of tasks) tail(task);
  return tails;
}

/** The longest chain of tasks, first to last. */
export function criticalPath(tasks: readonly Task[]): readonly string[] {
  const tails = tailsOf(tasks);
  const longest = (candidates: readonly Task[]) =>
    candidates.reduce<Task | undefined>(
      (best, one) => (best && (tails.get(best.name) ?? 0) >= (tails.get(one.name) ?? 0) ? best : one),
      undefined,
    );
  const path: string[] = [];
  let at = longest(tasks);
  while (at) {
    const { name } = at;
    path.push(name);
    at = longest(tasks.filter(({ after }) => after.includes(name)));
  }
  return path;
}

function lowerBoundOf(tasks: readonly Task[], tails: ReadonlyMap<string, number>, quotas: Quotas): number {
  const work = new Map<string, number>();
  for (const { quota, minutes, vCpus } of tasks) work.set(quota, (work.get(quota) ?? 0) + minutes * vCpus);
  const shares = [...work].map(([quota, amount]) => amount / (quotas[quota] ?? Number.POSITIVE_INFINITY));
  return Math.max(0, ...tails.values(), ...shares);
}

/**
 * Places one task after the other, the highest priority first among those whose parents are placed, each as early as
 * its parents and the quota allow. So a large machine can be waited for while small ones would still fit: starting
 * whatever fits would put it off for as long as there are small ones.
 */
function place(tasks: readonly Task[], priorities: ReadonlyMap<string, number>, quotas: Quotas): readonly Placed[] {
  const names = new Set(tasks.map(({ name }) => name));
  const waiting = [...tasks].sort((one, other) => (priorities.get(other.name) ?? 0) - (priorities.get(one.name) ?? 0));
  const ends = new Map<string, number>();
  const placed: (Placed & Task)[] = [];
  while (waiting.length > 0) {
    const next = waiting.findIndex(({ after }) => after.every((parent) => !names.has(parent) || ends.has(parent)));
    const [task] = next === -1 ? [] : waiting.splice(next, 1);
    if (task === undefined) throw new Error("tasks wait for each other in a circle");
    const ready = Math.max(0, ...task.after.map((parent) => ends.get(parent) ?? 0));
    const beside = placed.filter(({ quota, end }) => quota === task.quota && end > ready);
    const start = earliest(task, ready, beside, quotas[task.quota] ?? Number.POSITIVE_INFINITY);
    placed.push({ ...task, start, end: start + task.minutes });
    ends.set(task.name, start + task.minutes);
  }
  return placed.map(({ name, start, end }) => ({ name, start, end })).sort((one, other) => one.start - other.start);
}

/** When a task first fits beside others for as long as it takes; vCPUs only become free when one of them ends. */
function earliest(task: Task, ready: number, beside: readonly (Placed & Task)[], limit: number): number {
  const fits = (start: number) => {
    const changes = beside.map((one) => one.start).filter((at) => at > start && at < start + task.minutes);
    return [start, ...changes].every((at) => {
      const running = beside.filter((one) => one.start <= at && one.end > at);
      return running.reduce((sum, { vCpus }) => sum + vCpus, task.vCpus) <= limit;
    });
  };
  const candidates = [ready, ...beside.map(({ end }) => end).sort((one, other) => one - other)];
  return candidates.find(fits) ?? ready;
}

function endOf(placed: readonly Placed[]): number {
  return Math.max(0, ...placed.map(({ end }) => end));
}
