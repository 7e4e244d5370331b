import type { BuildSettings } from "../builder/settings.ts";
import { UserError } from "../chain/errors.ts";
import { type Plan, planChain } from "../chain/plan.ts";
import { quotaOf } from "../chain/schedule.ts";
import { publishedReference } from "../chain/target.ts";
import type { ImageRegistry } from "../cloud/registry/imageRegistry.ts";
import { type BuildEnvironment, machinesOf, quotasOf } from "./buildEnvironment.ts";
import { type OpenChain, targetNamed } from "./openChain.ts";
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
  open: OpenChain,
  environment: BuildEnvironment,
): Promise<BuildPlan> {
  const { settings, services } = environment;
  const graph = names.length === 0 ? open.graph : withAncestors(open, names);
  const [exists, machines] = await Promise.all([
    publishedKeys(open, graph, services.registry, settings),
    machinesOf(environment),
  ]);
  const facts = { exists, machines };
  const planned = planChain(graph, open.chain, facts);
  const building = planned.targets.filter(({ action }) => action === "build");
  const quotas = await quotasOf(environment, [...new Set(building.map(({ machine }) => quotaOf(machine)))]);
  return { plan: planChain(graph, open.chain, { ...facts, quotas }), quotas };
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

function withAncestors(open: OpenChain, names: readonly string[]): OpenChain["graph"] {
  const keep = new Set<string>();
  const add = (name: string) => {
    keep.add(name);
    for (const parent of open.graph.get(name)?.parents ?? []) add(parent);
  };
  for (const name of names) add(targetNamed(name, open));
  return new Map([...open.graph].filter(([name]) => keep.has(name)));
}

async function publishedKeys(
  { chain }: OpenChain,
  graph: OpenChain["graph"],
  registry: ImageRegistry,
  { images }: BuildSettings,
): Promise<ReadonlyMap<string, boolean>> {
  const answers = [...chain.targets]
    .filter(([name]) => graph.has(name))
    .map(async ([name, { inputs }]) => {
      const digest = await registry.digestOf(publishedReference(images, name, inputs.key));
      return [name, digest !== undefined] as const;
    });
  return new Map(await Promise.all(answers));
}
