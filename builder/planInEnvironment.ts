import type { Chain } from "../chain/chain.ts";
import { UserError } from "../chain/errors.ts";
import { type Plan, type PlanFacts, planChain } from "../chain/plan.ts";
import { type Quotas, quotaOf } from "../chain/schedule.ts";
import { GoogleError } from "../cloud/google/api.ts";
import type { ObjectStore } from "../cloud/objectStore.ts";
import { machinesOf, quotasOf } from "./capacity.ts";
import { lastInputs } from "./lastInputs.ts";
import { publishedKeys } from "./publishedKeys.ts";
import { recentRecords } from "./recentRecords.ts";
import type { BuildRecord } from "./record.ts";
import type { BuildEnvironment } from "./services.ts";

/** A plan that can be run, and the quotas that it was made under. */
export interface EnvironmentPlan {
  readonly plan: Plan;
  readonly quotas: Quotas;
  /** What the caller may not read, a sentence each: then machines are the catalogue's, and no quota is counted with. */
  readonly unread: readonly string[];
}

/** What an environment is planned for. */
export interface PlanPurpose {
  /** Inputs to compare with in place of the last ones, to say what changed. */
  readonly before?: PlanFacts["before"];
  /** Whether the plan is only shown: then who may not look at pools and quotas is planned for without them. */
  readonly shownOnly?: boolean;
}

/**
 * Plans what is built in an environment: asks the registry which keys exist, the store what the last builds of the
 * others took and were built from, the pools which machines they have, and Cloud Build how many vCPUs it grants.
 * @throws UserError where a machine exceeds its quota
 */
export async function planInEnvironment(
  environment: BuildEnvironment,
  { graph, chain }: Pick<Chain, "graph" | "chain">,
  { before, shownOnly = false }: PlanPurpose = {},
): Promise<EnvironmentPlan> {
  const { settings, services } = environment;
  const unread: string[] = [];
  const ifAllowed = <T extends object>(reading: Promise<T>): Promise<T | Record<string, never>> =>
    reading.catch((error: unknown) => {
      if (!shownOnly || !isForbidden(error)) throw error;
      unread.push(error.message);
      return {};
    });
  const [exists, machines] = await Promise.all([
    publishedKeys(services.registry, settings.images, chain),
    ifAllowed(machinesOf(environment)),
  ]);
  const [builds, last] = await Promise.all([
    earlierBuilds(services.store, exists),
    before ?? lastInputs(services.store, exists),
  ]);
  const facts: PlanFacts = { exists, machines, earlierBuilds: builds, before: last };
  const planned = planChain(graph, chain, facts);
  const building = planned.targets.filter(({ action }) => action === "build");
  const quotas = await ifAllowed(quotasOf(environment, [...new Set(building.map(({ machine }) => quotaOf(machine)))]));
  return { plan: planChain(graph, chain, { ...facts, quotas }), quotas, unread };
}

/** Whether Google does not let the caller read something. */
function isForbidden(error: unknown): error is UserError {
  return error instanceof UserError && error.cause instanceof GoogleError && error.cause.status === 403;
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
