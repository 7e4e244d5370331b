import type { Chain } from "../chain/chain.ts";
import { UserError } from "../chain/errors.ts";
import { type Plan, type PlanFacts, planChain } from "../chain/plan.ts";
import { type Quotas, quotaOf } from "../chain/schedule.ts";
import { GoogleError } from "../cloud/google/api.ts";
import type { ReadableObjects } from "../cloud/objectStore.ts";
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
  /**
   * What the caller may not read, a sentence each: then machines and minutes are the catalogue's, no quota is counted
   * with, and nothing is known of earlier builds.
   */
  readonly unread: readonly string[];
}

/** What an environment is planned for. */
export interface PlanPurpose {
  /** Inputs to compare with in place of the last ones, to say what changed. */
  readonly before?: PlanFacts["before"];
  /** Whether the plan is only shown: then who may not look at pools, quotas and records is planned for without them. */
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
  const unread = new Set<string>();
  const ifAllowed = <T>(reading: Promise<T>, instead: T): Promise<T> =>
    reading.catch((error: unknown) => {
      if (!shownOnly || !isForbidden(error)) throw error;
      unread.add(error.message);
      return instead;
    });
  const [exists, machines] = await Promise.all([
    publishedKeys(services.registry, settings.images, chain),
    ifAllowed(machinesOf(environment), {}),
  ]);
  // Object by object: who may read some and may not list is refused one that is not there.
  const records: ReadableObjects = { read: (name, use) => ifAllowed(services.store.read(name, use), undefined) };
  const [builds, last] = await Promise.all([earlierBuilds(records, exists), before ?? lastInputs(records, exists)]);
  const facts: PlanFacts = { exists, machines, earlierBuilds: builds, before: last };
  const planned = planChain(graph, chain, facts);
  const building = planned.targets.filter(({ action }) => action === "build");
  const names = [...new Set(building.map(({ machine }) => quotaOf(machine)))];
  const quotas = await ifAllowed(quotasOf(environment, names), {});
  return { plan: planChain(graph, chain, { ...facts, quotas }), quotas, unread: [...unread] };
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
  store: ReadableObjects,
  exists: ReadonlyMap<string, boolean>,
): Promise<ReadonlyMap<string, readonly BuildRecord[]>> {
  const missing = [...exists].filter(([, published]) => !published);
  const reads = missing.map(async ([target]) => [target, await recentRecords(store, target)] as const);
  return new Map(await Promise.all(reads));
}
