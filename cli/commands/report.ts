import { writeFile } from "node:fs/promises";
import { type Command, Option } from "commander";
import { recentRecords } from "../../builder/recentRecords.ts";
import { UserError } from "../../chain/errors.ts";
import type { Plan } from "../../chain/plan.ts";
import { errorCode } from "../../cloud/systemError.ts";
import { renderReport } from "../../page/render/page.ts";
import { headline } from "../../page/render/summary.ts";
import { readStyle } from "../../page/style/style.ts";
import { type PastBuild, viewOf } from "../../page/view.ts";
import { openEnvironment, SETTINGS_OPTION } from "../buildEnvironment.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION, openChain } from "../openChain.ts";
import type { Terminal } from "../terminal.ts";
import { type DecideOptions, decide } from "./plan.ts";

interface Options extends DecideOptions {
  readonly registry?: string;
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
    .option("--against <revision>", "compare with a Git revision instead of asking a registry which keys exist")
    .addOption(
      new Option("--registry <address>", "where images are published (or STRATA_REGISTRY)").conflicts("settings"),
    )
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
  const registry = options.registry ?? (settings === undefined ? terminal.env.STRATA_REGISTRY : undefined);
  const plan = await decide(names, await openChain(options.catalogue, terminal), options, registry, terminal);
  const records = settings === undefined ? new Map() : await recordsIn(settings, plan, terminal);
  const about = against !== undefined ? `compared with ${against}` : (registry ?? settings);
  const view = viewOf({ title, ...(about && { about }), plan, records, now: Date.now() });
  await write(out, renderReport(view, readStyle()).text);
  terminal.stdout.write(`${out}: ${headline(view)}\n`);
  return EXIT.done;
}

async function recordsIn(
  settings: string,
  { targets }: Plan,
  terminal: Terminal,
): Promise<ReadonlyMap<string, readonly PastBuild[]>> {
  const { services } = await openEnvironment(settings, terminal);
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
