import { schedule } from "../chain/schedule.ts";
import { seeded } from "../chain/seeded.ts";
import type { Row } from "./measure.ts";
import { randomChain } from "./randomChains.ts";
import { reachableBound } from "./reachableBound.ts";

const CHAINS = 200;
/** How much longer than its lower bound a schedule may be. */
const ALLOWED = 1.05;

/**
 * The scheduler on random chains under random quotas, against lower bounds. The simple bound, the longest chain or the
 * work over the quota, cannot always be reached: two machines that do not fit beside each other leave vCPUs idle.
 */
export async function rows(): Promise<Row[]> {
  const random = seeded(1);
  const ratios = Array.from({ length: CHAINS }, () => {
    const chain = randomChain(random);
    const { makespan, lowerBound } = schedule(chain.tasks, chain.quotas);
    return { simple: makespan / lowerBound, reachable: makespan / Math.max(lowerBound, reachableBound(chain)) };
  });
  const within = (kind: "simple" | "reachable") => ratios.filter((one) => one[kind] <= ALLOWED).length;
  const mean = (kind: "simple" | "reachable") => ratios.reduce((sum, one) => sum + one[kind], 0) / CHAINS;
  const row = (kind: "simple" | "reachable", bound: string): Row => ({
    work: `makespan of ${CHAINS} random chains, mean; ${within(kind)} within ${ALLOWED}, worst ${worst(kind)}`,
    against: bound,
    ours: mean(kind),
    unit: "",
    goal: `at most ${ALLOWED} for each`,
    met: within(kind) === CHAINS,
  });
  const worst = (kind: "simple" | "reachable") => Math.max(...ratios.map((one) => one[kind])).toFixed(2);
  return [
    row("simple", "the longest chain or the work over the quota"),
    row("reachable", "the same, where machines that do not fit beside each other count as the whole quota"),
  ];
}
