import type { Chain } from "../chain/chain.ts";
import { type Plan, type PlanFacts, planChain } from "../chain/plan.ts";
import { type Quotas, quotaOf } from "../chain/schedule.ts";
import type { ObjectStore } from "../cloud/objectStore.ts";
import { machinesOf, quotasOf } from "./capacity.ts";
import { publishedKeys } from "./publishedKeys.ts";
import { recentRecords } from "./recentRecords.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildEnvironment } from "./services.ts";

/** A plan that can be run, and the quotas that it was made under. */
export interface EnvironmentPlan {
  readonly plan: Plan;
  readonly quotas: Quotas;
}

/**
 * Plans what is built in an environment: asks the registry which keys exist, the store what the last builds of the
 * others took, the pools which machines they have, and Cloud Build how many vCPUs it grants.
 * @param before inputs to compare with, to say what changed
 * @throws UserError where a machine exceeds its quota
 */
export async function planInEnvironment(
  environment: BuildEnvironment,
  { graph, chain }: Pick<Chain, "graph" | "chain">,
  before?: PlanFacts["before"],
): Promise<EnvironmentPlan> {
  const { settings, services } = environment;
  const [exists, machines] = await Promise.all([
    publishedKeys(services.registry, settings.images, chain),
    machinesOf(environment),
  ]);
  const builds = await earlierBuilds(services.store, exists);
  const facts: PlanFacts = { exists, machines, earlierBuilds: builds, ...(before && { before }) };
  const planned = planChain(graph, chain, facts);
  const building = planned.targets.filter(({ action }) => action === "build");
  const quotas = await quotasOf(environment, [...new Set(building.map(({ machine }) => quotaOf(machine)))]);
  return { plan: planChain(graph, chain, { ...facts, quotas }), quotas };
}

/**
 * The last builds of the targets that are not published, newest first: one read for each of them.
 * @param exists whether a target's key is published
 */
export async function earlierBuilds(
  store: ObjectStore,
  exists: ReadonlyMap<string, boolean>,
): Promise<ReadonlyMap<string, readonly BuildRecord[]>> {
  const missing = [...exists].filter(([, published]) => !published);
  const reads = missing.map(async ([target]) => [target, await recentRecords(store, target)] as const);
  return new Map(await Promise.all(reads));
}
