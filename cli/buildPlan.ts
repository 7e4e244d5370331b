import { machinesOf, quotasOf } from "../builder/capacity.ts";
import { publishedKeys } from "../builder/publishedKeys.ts";
import type { BuildEnvironment } from "../builder/services.ts";
import type { Chain } from "../chain/chain.ts";
import { UserError } from "../chain/errors.ts";
import { type Plan, planChain } from "../chain/plan.ts";
import { quotaOf } from "../chain/schedule.ts";
import { partNamed } from "./openChain.ts";
import { showDollars } from "./render/amounts.ts";

/** A plan that can be run, and the quotas that it was made under. */
export interface BuildPlan {
  readonly plan: Plan;
  readonly quotas: Readonly<Record<string, number>>;
}

/**
 * Plans what `strata build` builds: asks the registry which keys exist, the pools which machines they have, and Cloud
 * Build how many vCPUs it grants. Throws where a machine exceeds its quota, before anything is submitted.
 * @param names targets or images; none stands for all
 */
export async function planBuild(
  names: readonly string[],
  open: Chain,
  environment: BuildEnvironment,
): Promise<BuildPlan> {
  const { settings, services } = environment;
  const { graph, chain } = partNamed(names, open);
  const [exists, machines] = await Promise.all([
    publishedKeys(services.registry, settings.images, chain),
    machinesOf(environment),
  ]);
  const facts = { exists, machines };
  const planned = planChain(graph, chain, facts);
  const building = planned.targets.filter(({ action }) => action === "build");
  const quotas = await quotasOf(environment, [...new Set(building.map(({ machine }) => quotaOf(machine)))]);
  return { plan: planChain(graph, chain, { ...facts, quotas }), quotas };
}

/** Refuses a plan that costs more than a person wants to spend. */
export function requireCost({ totals }: Plan, most: number | undefined): void {
  if (most === undefined || totals.dollars <= most) return;
  throw new UserError({
    problem: `the plan of ${totals.build} builds costs more than --max-cost allows`,
    value: `about ${showDollars(totals.dollars)}`,
    allowed: `${showDollars(most)} at most`,
    fix: "see what is built and why with `strata plan`; then raise --max-cost or name fewer targets",
  });
}
