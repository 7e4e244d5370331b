import { readFileSync } from "node:fs";
import { schedule } from "../chain/schedule.ts";
import type { Row } from "./measure.ts";
import { randomChains } from "./randomChains.ts";

/** The shortest makespan of each chain in minutes, as `optimum.py` proved it. */
const optima: readonly number[] = JSON.parse(readFileSync(new URL("optima.json", import.meta.url), "utf8"));

/** How much longer than what it is compared with a schedule may be. */
const ALLOWED = 1.05;

/**
 * The scheduler on random chains under random quotas, against the proven optimum of each, and against the bound that is
 * seen at a glance: the longest chain, or the work over the quota. No schedule reaches that one on every chain, because
 * two machines that do not fit beside each other leave vCPUs idle; how often the optimum does is said beside it.
 */
export async function rows(): Promise<Row[]> {
  const chains = randomChains();
  const placed = chains.map(({ tasks, quotas }) => schedule(tasks, quotas));
  const row = (against: string, theirs: readonly number[], goal: string): Row => {
    const ratios = placed.map(({ makespan }, index) => makespan / (theirs[index] ?? Number.NaN));
    const within = withinAllowed(ratios);
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
    const worst = Math.max(...ratios).toFixed(2);
    return {
      work: `makespan of ${chains.length} random chains, mean; ${within} within ${ALLOWED}, worst ${worst}`,
      against,
      ours: mean,
      unit: "",
      goal,
      met: within === chains.length,
    };
  };
  const bounds = placed.map(({ lowerBound }) => lowerBound);
  const reachable = withinAllowed(optima.map((optimum, index) => optimum / (bounds[index] ?? Number.NaN)));
  return [
    row("the shortest schedule that there is, proven by CP-SAT", optima, `at most ${ALLOWED} for each`),
    row(
      "the longest chain or the work over the quota",
      bounds,
      `at most ${ALLOWED} for each; the shortest schedules reach it for ${reachable}`,
    ),
  ];
}

function withinAllowed(ratios: readonly number[]): number {
  return ratios.filter((ratio) => ratio <= ALLOWED).length;
}
