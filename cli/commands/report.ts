import { writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { recentRecords } from "../../builder/recentRecords.ts";
import type { BuildEnvironment } from "../../builder/services.ts";
import { UserError } from "../../chain/errors.ts";
import type { Plan } from "../../chain/plan.ts";
import { errorCode } from "../../cloud/systemError.ts";
import { renderReport } from "../../page/render/page.ts";
import { headline } from "../../page/render/summary.ts";
import { readStyle } from "../../page/style/style.ts";
import { type PastBuild, viewOf } from "../../page/view.ts";
import { SETTINGS_OPTION } from "../buildEnvironment.ts";
import { AGAINST_OPTION, type DecideOptions, decidePlan, REGISTRY_OPTION } from "../decidePlan.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION } from "../openChain.ts";
import type { Terminal } from "../terminal.ts";

interface Options extends DecideOptions {
  readonly title: string;
  readonly out: string;
}

/** `strata report`: a plan as one HTML file, for a pull request or a mail. */
export function reportCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("report")
    .description("write a plan as one HTML file that needs nothing else: for a pull request")
    .argument("[targets...]", "image:stage or image, with what they are built on; by default all")
    .option(...CATALOGUE_OPTION)
    .option(...AGAINST_OPTION)
    .option(...REGISTRY_OPTION)
    .option(SETTINGS_OPTION[0], "plan in this environment: a file or gs:// object with the stack's output `build`")
    .option("--title <text>", "what stands above it", "Plan")
    .option("--out <file>", "the file to write", "plan.html")
    .addHelpText("after", EXAMPLES)
    .action(async (names: readonly string[], options: Options) => {
      finish(await report(names, options, terminal));
    });
}

const EXAMPLES = `
Examples:
  strata report --against origin/main                       what this change rebuilds, in plan.html
  strata report --settings build.json --out chain.html      the chain of an environment, with its earlier builds`;

async function report(names: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const { against, settings, out, title } = options;
  const { plan, registry, environment } = await decidePlan(names, options, terminal);
  const records =
    environment === undefined ? new Map<string, readonly PastBuild[]>() : await recordsIn(environment, plan);
  const about = against !== undefined ? `compared with ${against}` : (settings ?? registry);
  const view = viewOf({ title, ...(about && { about }), plan, records, now: Date.now() });
  await write(out, renderReport(view, readStyle()).text);
  terminal.stdout.write(`${out}: ${headline(view)}\n`);
  return EXIT.done;
}

async function recordsIn(
  { services }: BuildEnvironment,
  { targets }: Plan,
): Promise<ReadonlyMap<string, readonly PastBuild[]>> {
  const read = targets.map(async ({ target }) => [target, await recentRecords(services.store, target)] as const);
  return new Map(await Promise.all(read));
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text);
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw new UserError({
      problem: code === "ENOENT" ? "the report's folder is not there" : `the report cannot be written: ${code}`,
      value: file,
      fix: "name a file that can be written: --out path/to/plan.html",
    });
  }
}
