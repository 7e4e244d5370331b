import { log } from "@pulumi/pulumi";
import { publishedKeys } from "../builder/publishedKeys.ts";
import type { Chain } from "../chain/chain.ts";
import { type Plan, planChain } from "../chain/plan.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import type { Settings } from "../settings.ts";

/**
 * Tells once, in a preview as in an update, what is not published yet, for how long and for how much it would be
 * built. Asks the registry which keys exist, and changes nothing.
 *
 * @param address - where images are published.
 * @returns the same address, for those who wait until it is told.
 */
export async function announcePlan(
  address: string,
  { graph, chain }: Chain,
  { machines, promoteFrom }: Settings,
): Promise<string> {
  if (promoteFrom !== undefined) return address;
  const exists = await publishedKeys(new OciRegistry(), address, chain);
  await log.info(summary(planChain(graph, chain, { exists, machines })));
  return address;
}

/** A plan in one or two sentences. */
export function summary({ targets, totals, criticalPath }: Plan): string {
  const builds = targets.filter(({ action }) => action === "build").map(({ target }) => target);
  const published = `${totals.reuse} of ${targets.length - totals.refused} images are published`;
  if (builds.length === 0) return `${published}; nothing is to be built.`;
  const cost = `about ${minutes(totals.makespan)} and $${totals.dollars.toFixed(2)}`;
  return `${published}; to be built: ${builds.join(", ")}. That takes ${cost}; longest chain: ${criticalPath.join(" -> ")}.`;
}

function minutes(total: number): string {
  const whole = Math.ceil(total);
  return whole < 60 ? `${whole} min` : `${Math.floor(whole / 60)} h ${whole % 60} min`;
}
