import { type Command, InvalidArgumentError, Option } from "commander";
import { planInEnvironment } from "../../builder/planInEnvironment.ts";
import { type RunResult, runPlan } from "../../builder/run.ts";
import { targetToPublish } from "../../builder/targetToPublish.ts";
import { counted, showDollars } from "../../chain/amounts.ts";
import { UserError } from "../../chain/errors.ts";
import type { Plan, PlannedTarget } from "../../chain/plan.ts";
import type { BuildService } from "../../cloud/buildService.ts";
import { openEnvironment, SETTINGS_OPTION } from "../buildEnvironment.ts";
import { EXIT } from "../exit.ts";
import { onInterrupt } from "../interrupt.ts";
import { numberFrom } from "../numberFrom.ts";
import { CATALOGUE_OPTION, openChain, partNamed } from "../openChain.ts";
import { problemIn, type Refusals, refusalsIn } from "../refusals.ts";
import { type BuildScreen, buildScreen } from "../render/buildLive.ts";
import { renderPlanSummary, renderPlanTree } from "../render/planTree.ts";
import { styleFor } from "../render/style.ts";
import { columnsOf } from "../render/width.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly settings?: string;
  readonly onFailure: "finish" | "cancel";
  readonly maxCost?: number;
  readonly jobs?: number;
}

/** Pause between two looks at a build, in milliseconds: Google limits how often a project may look. */
export const POLL_MS = 5000;

/** `strata build`: builds what is not published, and follows it. */
export function buildCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("build")
    .description("build what is not published yet, parents first, and follow it")
    .argument("[targets...]", "image:stage or image, with what they are built on; by default all")
    .option(...CATALOGUE_OPTION)
    .option(...SETTINGS_OPTION)
    .addOption(
      new Option("--on-failure <what>", "when a target fails: let the other builds finish, or cancel them")
        .choices(["finish", "cancel"])
        .default("finish"),
    )
    .option("--max-cost <dollars>", "refuse a plan that is expected to cost more", aboveZero)
    .option(
      "--jobs <number>",
      "compile jobs of each build, in place of what its machine and memory allow",
      numberFrom(1),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (names: readonly string[], options: Options) => {
      finish(await build(names, options, terminal, POLL_MS));
    });
}

const EXAMPLES = `
Examples:
  pulumi stack output build --json >build.json
  strata build --settings build.json                       everything that is not published
  strata build --settings build.json arr-trainer --max-cost 40

Ctrl-C leaves the builds running and says how to come back to them; a second one cancels them.
Exit codes: 0 published, but for what waits for a pin that stands as unresolved, 1 a target failed or is refused for
another reason, or a problem, 2 the command line cannot be read, 4 left while builds go on, 130 cancelled.`;

/** @param pollMs pause between two looks at a build, in milliseconds */
export async function build(
  names: readonly string[],
  options: Options,
  terminal: Terminal,
  pollMs: number,
): Promise<number> {
  const environment = await openEnvironment(options.settings, terminal);
  const open = await openChain(options.catalogue, terminal);
  const part = partNamed(names, open);
  const { plan, quotas } = await planInEnvironment(environment, part);
  const refusals = refusalsIn(names, open, part.chain.refused);
  const style = styleFor(terminal);
  terminal.stdout.write(`${renderPlanTree(plan, style, columnsOf(terminal))}\n${renderPlanSummary(plan, style)}`);
  requireKeys(refusals);
  if (plan.totals.build === 0) return tellRefused(refusals, terminal);
  requireCost(plan, options.maxCost);

  const { settings, services } = environment;
  const prepare = (planned: PlannedTarget, published: ReadonlyMap<string, string>) => {
    const jobs = options.jobs ?? planned.jobs;
    return targetToPublish({ ...planned, jobs }, open, published, settings.images);
  };
  const screen = buildScreen(plan, terminal);
  const leaving = new Leaving(services.builds, screen);
  try {
    const result = await runPlan(
      plan,
      prepare,
      services,
      settings,
      (event) => {
        if (event.kind === "QUEUED") leaving.own.set(event.target, event.build);
        if (event.kind === "PUBLISHED" || event.kind === "FAILED") leaving.own.delete(event.target);
        screen.tell(event);
      },
      { pollMs, quotas, onFailure: options.onFailure, detach: leaving.signal },
    );
    const code = await conclude(plan, result, leaving, { say: (line) => screen.say(line) });
    if (code !== EXIT.done) return code;
  } finally {
    leaving.stop();
    screen.close();
  }
  return tellRefused(refusals, terminal);
}

/** Refuses what was asked for by name and cannot be keyed; of a whole catalogue the rest is built all the same. */
function requireKeys({ asked }: Refusals): void {
  if (asked.length === 0) return;
  throw new UserError({
    problem: "what was asked for cannot be keyed, so nothing is built",
    value: asked.join(", "),
    fix: "mend what stands beside it above",
  });
}

/** Says what the run left out, last; and that is a problem unless all of it waits for pins that are known to be open. */
function tellRefused(refusals: Refusals, { stdout, stderr }: Terminal): number {
  const waiting = refusals.open.length;
  if (waiting > 0) {
    const those =
      waiting === 1 ? "1 target is refused until its pin is" : `${waiting} targets are refused until their pins are`;
    stdout.write(`${those} resolved, see above.\n`);
  }
  const problem = problemIn(refusals);
  if (problem === undefined) return EXIT.done;
  stderr.write(`strata: ${problem.message}\n`);
  return EXIT.problem;
}

/** Refuses a plan that costs more than a person wants to spend. */
function requireCost({ totals }: Plan, most: number | undefined): void {
  if (most === undefined || totals.dollars <= most) return;
  throw new UserError({
    problem: `the plan of ${counted(totals.build, "build")} costs more than --max-cost allows`,
    value: `about ${showDollars(totals.dollars)}`,
    allowed: `${showDollars(most)} at most`,
    fix: "see what is built and why with `strata plan`; then raise --max-cost or name fewer targets",
  });
}

/** What Ctrl-C does: the first leaves the builds alone, the second cancels those of this run. */
class Leaving {
  /** The builds of this run that have not ended, by target. */
  readonly own = new Map<string, string>();
  cancelled: Promise<unknown> | undefined;
  private readonly builds: BuildService;
  private readonly screen: BuildScreen;
  private readonly controller = new AbortController();
  readonly stop: () => void;

  constructor(builds: BuildService, screen: BuildScreen) {
    this.builds = builds;
    this.screen = screen;
    this.stop = onInterrupt(() => this.interrupt());
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  private interrupt(): void {
    if (this.signal.aborted) {
      this.screen.say("Cancelling the builds of this run.");
      this.cancelled ??= Promise.all([...this.own.values()].map((build) => this.builds.cancel(build)));
      return;
    }
    this.screen.say("Leaving; the builds that run go on. Ctrl-C once more cancels them.");
    this.controller.abort();
  }
}

async function conclude(
  plan: Plan,
  { published, failed, skipped, detached }: RunResult,
  leaving: Leaving,
  { say }: Pick<BuildScreen, "say">,
): Promise<number> {
  if (leaving.cancelled !== undefined) {
    await leaving.cancelled;
    say(`The builds that ran are cancelled; ${published.size} of ${counted(plan.targets.length, "target")} published.`);
    return EXIT.interrupted;
  }
  for (const [target, build] of detached) say(`${target} goes on. To come back: strata watch ${build}`);
  if (failed.size > 0) {
    const also = skipped.size > 0 ? `; not built because of that: ${[...skipped.keys()].join(", ")}` : "";
    say(`FAILED: ${[...failed.keys()].join(", ")}${also}; published: ${published.size}`);
    return EXIT.problem;
  }
  const { build, reuse } = plan.totals;
  if (published.size < build + reuse) {
    say("To go on with the rest, run the same command again: it attaches to what runs.");
    return EXIT.left;
  }
  say(published.size === 1 ? "The target is published." : `All ${published.size} targets are published.`);
  return EXIT.done;
}

function aboveZero(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a number above 0.");
}
