import { log } from "@pulumi/pulumi";
import { lastInputs } from "../builder/lastInputs.ts";
import { earlierBuilds } from "../builder/planInEnvironment.ts";
import { publishedKeys } from "../builder/publishedKeys.ts";
import { showDollars, showMinutes } from "../chain/amounts.ts";
import type { Chain } from "../chain/chain.ts";
import { type Plan, type PlanFacts, planChain } from "../chain/plan.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { Bucket } from "../cloud/google/bucket.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import { errorMessage } from "../cloud/systemError.ts";
import type { Settings } from "../settings.ts";

/**
 * Tells once, in a preview as in an update, what is not published yet, for how long and for how much it would be
 * built. Asks the registry which keys exist and the store what the last builds took, and changes nothing.
 *
 * @param address - where images are published.
 * @param store - the bucket that has the records.
 * @returns the same address, for those who wait until it is told.
 */
export async function announcePlan(
  address: string,
  store: string,
  { graph, chain }: Chain,
  { machines, promoteFrom }: Settings,
): Promise<string> {
  if (promoteFrom !== undefined) return address;
  const exists = await publishedKeys(new OciRegistry(), address, chain);
  await log.info(summary(planChain(graph, chain, { exists, machines, ...(await recordsIn(store, exists)) })));
  return address;
}

/** Who may preview need not be allowed to read records: then image.yaml's estimates stand, and that is said. */
async function recordsIn(
  store: string,
  exists: ReadonlyMap<string, boolean>,
): Promise<Pick<PlanFacts, "before" | "earlierBuilds">> {
  try {
    const bucket = new Bucket(new GoogleApi(), store);
    const [builds, before] = await Promise.all([earlierBuilds(bucket, exists), lastInputs(bucket, exists)]);
    return { earlierBuilds: builds, before };
  } catch (error) {
    const why = `because records cannot be read: ${errorMessage(error)}`;
    await log.warn(`the minutes are those of image.yaml, and what changed is not known, ${why}`);
    return {};
  }
}

/** A plan in one or two sentences; of each image that is to be built, the first reason. */
export function summary({ targets, totals, criticalPath }: Plan): string {
  const builds = targets
    .filter(({ action }) => action === "build")
    .map(({ target, reasons: [first] }) => (first && first.kind !== "first" ? `${target} (${first.text})` : target));
  const published = `${totals.reuse} of ${targets.length - totals.refused} images are published`;
  if (builds.length === 0) return `${published}; nothing is to be built.`;
  const cost = `about ${showMinutes(totals.makespan)} and ${showDollars(totals.dollars)}`;
  return `${published}; to be built: ${builds.join(", ")}. That takes ${cost}; longest chain: ${criticalPath.join(" -> ")}.`;
}
