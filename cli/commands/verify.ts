import type { Command } from "commander";
import { follow } from "../../builder/follow.ts";
import type { BuildSettings } from "../../builder/settings.ts";
import { counted } from "../../chain/amounts.ts";
import { UserError } from "../../chain/errors.ts";
import type { ImageCheck } from "../../chain/imageSettings.ts";
import { parseReference } from "../../chain/reference.ts";
import { publishedReference } from "../../chain/target.ts";
import type { Build, BuildRequest, BuildService, BuildStep } from "../../cloud/buildService.ts";
import { openEnvironment, SETTINGS_OPTION } from "../buildEnvironment.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION, openChain, targetNamed } from "../openChain.ts";
import type { Terminal } from "../terminal.ts";
import { POLL_MS } from "./build.ts";

interface Options {
  readonly catalogue: string;
  readonly settings?: string;
}

/** `strata verify`: runs the checks of an image that is published, once more. */
export function verifyCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("verify")
    .description("run the checks of a published image once more, on a machine of its pool, and show what they print")
    .argument("<target>", "image:stage or image")
    .option(...CATALOGUE_OPTION)
    .option(...SETTINGS_OPTION)
    .addHelpText("after", "\nExit codes: 0 all checks passed, 1 one failed or a problem.")
    .action(async (name: string, options: Options) => {
      finish(await verify(name, options, terminal, POLL_MS));
    });
}

/** @param pollMs pause between two looks at a build, in milliseconds */
export async function verify(name: string, options: Options, terminal: Terminal, pollMs: number): Promise<number> {
  const { settings, services } = await openEnvironment(options.settings, terminal);
  const open = await openChain(options.catalogue, terminal);
  const target = targetNamed(name, open);
  const collected = open.chain.targets.get(target);
  const image = open.graph.get(target)?.image;
  const refused = open.chain.refused.get(target);
  if (collected === undefined || image === undefined) throw refused?.error ?? new Error(`${target} has no key`);
  const checks = image.settings.verify.filter(({ tier }) => tier === "build");
  if (checks.length === 0) {
    throw new UserError({
      problem: `${target} has no check that runs without a GPU`,
      value: image.name,
      fix: "add one to `verify` in image.yaml",
    });
  }
  const reference = publishedReference(settings.images, target, collected.inputs.key);
  const digest = await services.registry.digestOf(reference);
  if (digest === undefined) {
    throw new UserError({
      problem: `${target} is not published under the key that it has here`,
      value: reference,
      fix: `publish it: strata build ${target}`,
    });
  }
  const { registry, repository } = parseReference(reference);
  const request = checksRequest(`${registry}/${repository}@${digest}`, checks, image.settings.machine, settings);
  const build = await services.builds.submit(request);
  terminal.stdout.write(`${target}: ${counted(checks.length, "check")} on ${digest} in the build ${build.id}\n`);
  const shown = new ShownBuilds(services.builds, terminal);
  await follow(shown, `the checks of ${target}`, build, () => {}, { pollMs });
  const all = checks.length === 1 ? "its check" : `all ${checks.length} checks`;
  terminal.stdout.write(
    shown.simulated ? `${target}: simulated, so none of its checks ran\n` : `${target}: ${all} passed\n`,
  );
  return EXIT.done;
}

/** Each check is a step in the image itself; exit code 77 means that this machine cannot answer, and passes. */
function checksRequest(
  image: string,
  checks: readonly ImageCheck[],
  machine: string,
  settings: BuildSettings,
): BuildRequest {
  const pool = settings.pools[machine];
  if (pool === undefined) {
    throw new UserError({
      problem: "the environment has no pool of the image's machine",
      value: machine,
      allowed: Object.keys(settings.pools).join(", "),
      fix: "run `pulumi up`",
    });
  }
  // Cloud Build reads `$` as the start of a substitution, and `$$` as a dollar.
  const words = (run: readonly string[]) => ["-c", '"$@" || [ $? -eq 77 ]', "check", ...run].map(dollarsDoubled);
  return {
    steps: checks.map(
      ({ run }, index): BuildStep => ({ id: `check-${index}`, name: image, entrypoint: "/bin/sh", args: words(run) }),
    ),
    tags: ["strata", "verify"],
    timeout: "3600s",
    queueTtl: "3600s",
    serviceAccount: settings.serviceAccount,
    logsBucket: `gs://${settings.store}/logs`,
    options: { pool: { name: pool }, logging: "GCS_ONLY" },
  };
}

const dollarsDoubled = (text: string) => text.replaceAll("$", "$$$$");

/** What the log of a build begins with that the local cloud only plays; Cloud Build's own begins with "starting build". */
const SIMULATED = "simulated: ";

/** The same builds; what is read of a log is shown. */
class ShownBuilds implements BuildService {
  private readonly builds: BuildService;
  private readonly terminal: Terminal;
  private readonly decoder = new TextDecoder();
  private start = "";

  constructor(builds: BuildService, terminal: Terminal) {
    this.builds = builds;
    this.terminal = terminal;
  }

  /** Whether the log that was read says that no step ran. */
  get simulated(): boolean {
    return this.start === SIMULATED;
  }

  submit(request: BuildRequest): Promise<Build> {
    return this.builds.submit(request);
  }

  running(tag: string): Promise<Build | undefined> {
    return this.builds.running(tag);
  }

  status(id: string): Promise<Build> {
    return this.builds.status(id);
  }

  find(id: string): Promise<Build | undefined> {
    return this.builds.find(id);
  }

  cancel(id: string): Promise<void> {
    return this.builds.cancel(id);
  }

  async log(id: string, fromByte: number): Promise<Uint8Array> {
    const bytes = await this.builds.log(id, fromByte);
    const text = this.decoder.decode(bytes, { stream: true });
    this.start = (this.start + text).slice(0, SIMULATED.length);
    this.terminal.stdout.write(text);
    return bytes;
  }
}
