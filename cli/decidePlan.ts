import type { BuildEnvironment } from "../builder/services.ts";
import type { Chain } from "../chain/chain.ts";
import type { CollectedChain } from "../chain/collect.ts";
import { UserError } from "../chain/errors.ts";
import type { TargetInputs } from "../chain/inputs.ts";
import { type Plan, planChain } from "../chain/plan.ts";
import { parseReference } from "../chain/reference.ts";
import { publishedReference } from "../chain/target.ts";
import { openChain, openChainAt, partNamed } from "./openChain.ts";
import { type Refusals, refusalsIn } from "./refusals.ts";
import type { Terminal } from "./terminal.ts";

/** What a plan is decided by. */
export interface DecideOptions {
  readonly catalogue: string;
  readonly against?: string;
  readonly registry?: string;
  readonly settings?: string;
}

/** The options of every command that decides a plan and runs none. */
export const AGAINST_OPTION = [
  "--against <revision>",
  "compare with a Git revision instead of asking a registry which keys exist",
] as const;
export const REGISTRY_OPTION = ["--registry <address>", "where images are published (or STRATA_REGISTRY)"] as const;

/** A plan, what it is a plan of, and whom it was asked of. */
export interface DecidedPlan {
  readonly open: Chain;
  readonly plan: Plan;
  readonly refusals: Refusals;
  /** Where images are published, if that registry was asked. */
  readonly registry?: string;
  /** The environment that it was made in. */
  readonly environment?: BuildEnvironment;
}

/**
 * Plans the targets that are named with what they are built on, as the catalogue is now; no names stand for all.
 * @throws UserError where two options say which registry is asked
 */
export async function decidePlan(
  names: readonly string[],
  options: DecideOptions,
  terminal: Terminal,
): Promise<DecidedPlan> {
  const { catalogue, against } = options;
  if (options.registry !== undefined && options.settings !== undefined) {
    throw new UserError({
      problem: "--settings says which registry is asked, so --registry cannot",
      fix: "name one of them",
    });
  }
  const open = await openChain(catalogue, terminal);
  const part = partNamed(names, open);
  const before = against === undefined ? undefined : await inputsAt(catalogue, against);
  // A variable names the environment where no option says what to ask, or that nothing is to be asked.
  const unsaid = options.registry === undefined && against === undefined;
  const settings = options.settings ?? ((unsaid && terminal.env.STRATA_SETTINGS) || undefined);
  const refusals = refusalsIn(names, open, part.chain.refused);
  if (settings !== undefined) return { open, refusals, ...(await planIn(settings, part, before, terminal)) };
  const registry = options.registry ?? terminal.env.STRATA_REGISTRY;
  if (registry) requireAddress(registry);
  const { graph, chain } = part;
  const exists = registry ? await askRegistry(registry, chain) : before && compareKeys(before, chain);
  const plan = planChain(graph, chain, { ...(exists && { exists }), ...(before && { before }) });
  return { open, plan, refusals, ...(registry && { registry }) };
}

/** An address is good where the images below it have names. */
function requireAddress(registry: string): void {
  try {
    parseReference(publishedReference(registry, "image:stage", "key"));
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(
      {
        problem: "this is no address of a repository that images are published in",
        value: registry,
        allowed: "HOST/PATH without a scheme, as us-east4-docker.pkg.dev/acme-images-dev/strata-dev-images",
        fix: "copy it from the stack: pulumi stack output registry",
      },
      { cause: error },
    );
  }
}

async function inputsAt(folder: string, revision: string): Promise<ReadonlyMap<string, TargetInputs>> {
  const { chain } = await openChainAt(folder, revision);
  return new Map([...chain.targets].map(([name, { inputs }]) => [name, inputs]));
}

/** The clients of an environment are loaded only where one is asked. */
async function planIn(
  place: string,
  part: Pick<Chain, "graph" | "chain">,
  before: ReadonlyMap<string, TargetInputs> | undefined,
  terminal: Terminal,
): Promise<Required<Omit<DecidedPlan, "open" | "refusals">>> {
  const [{ openEnvironment }, { planInEnvironment }] = await Promise.all([
    import("./buildEnvironment.ts"),
    import("../builder/planInEnvironment.ts"),
  ]);
  const environment = await openEnvironment(place, terminal);
  const { plan, unread } = await planInEnvironment(environment, part, { ...(before && { before }), shownOnly: true });
  for (const sentence of unread) terminal.stderr.write(`strata: planned without what may not be read: ${sentence}\n`);
  return { plan, registry: environment.settings.images, environment };
}

/** A key that the other side has counts as there: that side's images are taken to be published. */
function compareKeys(
  before: ReadonlyMap<string, TargetInputs>,
  { targets }: CollectedChain,
): ReadonlyMap<string, boolean> {
  return new Map([...targets].map(([name, { inputs }]) => [name, before.get(name)?.key === inputs.key]));
}

/** The clients of a registry are loaded only where one is asked. */
async function askRegistry(registry: string, chain: CollectedChain): Promise<ReadonlyMap<string, boolean>> {
  const [{ OciRegistry }, { publishedKeys }] = await Promise.all([
    import("../cloud/registry/ociRegistry.ts"),
    import("../builder/publishedKeys.ts"),
  ]);
  return publishedKeys(new OciRegistry(), registry, chain);
}
