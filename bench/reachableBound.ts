import { type Task, tailsOf } from "../chain/schedule.ts";
import type { RandomChain } from "./randomChains.ts";

/**
 * Minutes that no schedule can undercut, closer to what can be reached than the longest chain and the work over the
 * quota: machines that do not fit beside each other count as the whole quota (a dual feasible function of the vCPUs),
 * and only between the earliest start and the least that follows of the tasks that are counted.
 */
export function reachableBound({ tasks, quotas }: RandomChain): number {
  const tails = tailsOf(tasks);
  const heads = headsOf(tasks);
  const behind = (task: Task) => (tails.get(task.name) ?? 0) - task.minutes;
  const head = (task: Task) => heads.get(task.name) ?? 0;
  let bound = Math.max(0, ...tails.values());
  for (const [quota, limit] of Object.entries(quotas)) {
    const own = tasks.filter((task) => task.quota === quota);
    const thresholds = [0, ...new Set(own.map(({ vCpus }) => vCpus).filter((vCpus) => vCpus <= limit / 2))];
    for (const least of thresholds) {
      const counted = own.map((task) => ({ task, work: (task.minutes * share(task.vCpus, least, limit)) / limit }));
      for (const from of new Set(own.map(head))) {
        for (const until of new Set(own.map(behind))) {
          const inside = counted.filter(({ task }) => head(task) >= from && behind(task) >= until);
          const work = inside.reduce((sum, one) => sum + one.work, 0);
          if (work > 0) bound = Math.max(bound, from + work + until);
        }
      }
    }
  }
  return bound;
}

/** What vCPUs count for: nothing below a threshold, the whole quota where less than that threshold is left beside. */
function share(vCpus: number, least: number, limit: number): number {
  if (vCpus < least) return 0;
  return vCpus > limit - least ? limit : vCpus;
}

/** Minutes before each task can start, by its parents alone. */
function headsOf(tasks: readonly Task[]): ReadonlyMap<string, number> {
  const heads = new Map<string, number>();
  const minutes = new Map(tasks.map((task) => [task.name, task.minutes]));
  // Parents stand before their children.
  for (const { name, after } of tasks) {
    heads.set(name, Math.max(0, ...after.map((parent) => (heads.get(parent) ?? 0) + (minutes.get(parent) ?? 0))));
  }
  return heads;
}
