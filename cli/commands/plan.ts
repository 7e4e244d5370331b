import type { Command } from "commander";
import { UserError } from "../../chain/errors.ts";
import { AGAINST_OPTION, type DecideOptions, decidePlan, REGISTRY_OPTION } from "../decidePlan.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION } from "../openChain.ts";
import { problemIn } from "../refusals.ts";
import { renderPlanSummary, renderPlanTree } from "../render/planTree.ts";
import { styleFor } from "../render/style.ts";
import { columnsOf } from "../render/width.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends DecideOptions {
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
    .option(...AGAINST_OPTION)
    .option(...REGISTRY_OPTION)
    .option(
      "--settings <place>",
      "plan as `strata build` would there: a file or gs:// object with the output `build` (or STRATA_SETTINGS)",
    )
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
  if (options.json && options.markdown) {
    throw new UserError({ problem: "--json and --markdown exclude each other", fix: "name one of them" });
  }
  const { plan, refusals, registry, environment } = await decidePlan(names, options, terminal);
  const asked = { ...(options.against !== undefined && { against: options.against }), ...(registry && { registry }) };
  if (options.json) {
    const { renderPlanJson } = await import("../render/planJson.ts");
    terminal.stdout.write(renderPlanJson(plan, asked));
  } else if (options.markdown) {
    const { renderPlanMarkdown } = await import("../render/planMarkdown.ts");
    terminal.stdout.write(renderPlanMarkdown(plan, options.against));
  } else {
    const style = styleFor(terminal);
    terminal.stdout.write(`${renderPlanTree(plan, style, columnsOf(terminal))}\n${renderPlanSummary(plan, style)}`);
    if (plan.totals.unknown > 0) terminal.stdout.write(NOT_ASKED);
    const { build, reuse } = plan.totals;
    if (registry && environment === undefined && build > 0 && reuse === 0) {
      terminal.stdout.write(`Nothing of this is published in ${registry}: is that the repository that is meant?\n`);
    }
  }
  const problem = problemIn(refusals);
  if (problem !== undefined) throw problem;
  return options.exitCode && plan.totals.build > 0 ? EXIT.differs : EXIT.done;
}

const NOT_ASKED = `No registry was asked which of these keys exist. To see what would be built:
  strata plan --registry ADDRESS       ask where images are published (or set STRATA_REGISTRY)
  strata plan --settings PLACE         the same in an environment, with its pools, quotas and earlier builds
  strata plan --against REVISION       compare with a Git revision, offline
`;
