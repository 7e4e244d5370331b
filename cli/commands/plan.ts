import type { Command } from "commander";
import type { Chain } from "../../chain/chain.ts";
import type { CollectedChain } from "../../chain/collect.ts";
import { UserError } from "../../chain/errors.ts";
import type { TargetInputs } from "../../chain/inputs.ts";
import { type Plan, planChain } from "../../chain/plan.ts";
import { UnresolvedPin } from "../../chain/unresolved.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION, openChain, openChainAt, partNamed } from "../openChain.ts";
import { renderPlanSummary, renderPlanTree } from "../render/planTree.ts";
import { styleFor } from "../render/style.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly against?: string;
  readonly registry?: string;
  readonly settings?: string;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly exitCode?: boolean;
}

/** `strata plan`: what would be built, why, for how long and for how much. Changes nothing, anywhere. */
export function planCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("plan")
    .description("show what would be built, why, for how long and for how much; changes nothing")
    .argument("[targets...]", "image:stage or image; by default all")
    .option(...CATALOGUE_OPTION)
    .option("--against <revision>", "compare with a Git revision instead of asking a registry which keys exist")
    .option("--registry <address>", "where images are published (or STRATA_REGISTRY)")
    .option("--settings <place>", "plan as `strata build` would there: a file or gs:// object with the output `build`")
    .option("--json", "print JSON (docs/schemas/plan.schema.json)")
    .option("--markdown", "print Markdown for a pull request")
    .option("--exit-code", "exit 3 when something would be built")
    .addHelpText("after", EXAMPLES)
    .action(async (names: readonly string[], options: Options) => {
      finish(await runPlan(names, options, terminal));
    });
}

const EXAMPLES = `
Examples:
  strata plan                               keys of all targets
  strata plan --against main                what this working tree would rebuild compared with main
  strata plan --against main --markdown     the same as a comment for a pull request
  strata plan --registry us-east4-docker.pkg.dev/acme/images arr-trainer --exit-code
  strata plan --settings build.json         with the pools, quotas and earlier builds of an environment`;

async function runPlan(names: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const registry = options.registry ?? (options.settings === undefined ? terminal.env.STRATA_REGISTRY : undefined);
  if (options.json && options.markdown) {
    throw new UserError({ problem: "--json and --markdown exclude each other", fix: "name one of them" });
  }
  if (options.registry !== undefined && options.settings !== undefined) {
    throw new UserError({
      problem: "--settings says which registry is asked, so --registry cannot",
      fix: "name one of them",
    });
  }
  const now = await openChain(options.catalogue, terminal);
  const plan = await decide(names, now, options, registry, terminal);
  const asked = { ...(options.against !== undefined && { against: options.against }), ...(registry && { registry }) };
  if (options.json) {
    const { renderPlanJson } = await import("../render/planJson.ts");
    terminal.stdout.write(renderPlanJson(plan, asked));
  } else if (options.markdown) {
    const { renderPlanMarkdown } = await import("../render/planMarkdown.ts");
    terminal.stdout.write(renderPlanMarkdown(plan, options.against));
  } else {
    const style = styleFor(terminal);
    terminal.stdout.write(`${renderPlanTree(plan, style)}\n${renderPlanSummary(plan, style)}`);
    if (plan.totals.unknown > 0) terminal.stdout.write(NOT_ASKED);
  }
  // A pin that is known to be open stops its own images only; anything else that cannot be keyed is a mistake.
  if ([...now.chain.refused.values()].some(({ error }) => !(error instanceof UnresolvedPin))) return EXIT.problem;
  return options.exitCode && plan.totals.build > 0 ? EXIT.differs : EXIT.done;
}

const NOT_ASKED = `No registry was asked which of these keys exist. To see what would be built:
  strata plan --registry ADDRESS       ask where images are published (or set STRATA_REGISTRY)
  strata plan --settings PLACE         the same in an environment, with its pools, quotas and earlier builds
  strata plan --against REVISION       compare with a Git revision, offline
`;

/** What a plan is decided by. */
export interface DecideOptions {
  readonly catalogue: string;
  readonly against?: string;
  readonly settings?: string;
}

/**
 * Plans the targets that are named with what they are built on; no names stand for all.
 * @param registry where images are published, to be asked which keys exist
 */
export async function decide(
  names: readonly string[],
  now: Chain,
  options: DecideOptions,
  registry: string | undefined,
  terminal: Terminal,
): Promise<Plan> {
  const part = partNamed(names, now);
  const before = options.against === undefined ? undefined : await inputsAt(options.catalogue, options.against);
  if (options.settings !== undefined) return planIn(options.settings, part, before, terminal);
  const { graph, chain } = part;
  const exists = registry ? await askRegistry(registry, chain) : before && compareKeys(before, chain);
  return planChain(graph, chain, { ...(exists && { exists }), ...(before && { before }) });
}

async function inputsAt(folder: string, revision: string): Promise<ReadonlyMap<string, TargetInputs>> {
  const { chain } = await openChainAt(folder, revision);
  return new Map([...chain.targets].map(([name, { inputs }]) => [name, inputs]));
}

/** The clients of an environment are loaded only where one is asked. */
async function planIn(
  settings: string,
  part: Pick<Chain, "graph" | "chain">,
  before: ReadonlyMap<string, TargetInputs> | undefined,
  terminal: Terminal,
): Promise<Plan> {
  const [{ openEnvironment }, { planInEnvironment }] = await Promise.all([
    import("../buildEnvironment.ts"),
    import("../../builder/planInEnvironment.ts"),
  ]);
  const { plan } = await planInEnvironment(await openEnvironment(settings, terminal), part, before);
  return plan;
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
    import("../../cloud/registry/ociRegistry.ts"),
    import("../../builder/publishedKeys.ts"),
  ]);
  return publishedKeys(new OciRegistry(), registry, chain);
}
