/**
 * `npm run pulumi -- up dev`: the stack of this repository on the real Pulumi engine, on the running local Google Cloud or,
 * where its environment says so (`workstation`), on this machine's Docker.
 *
 * Where Pulumi is installed with its plugins, the same is `eval "$(strata local env)"; pulumi up`. This is for where
 * only Pulumi's command can be had: the program runs in this process, which stands in for the language host, and the
 * stand-ins for the plugins are served by it. State is kept in `.strata/pulumi/`.
 */
import { join } from "node:path";
import { CommandError, type Stack } from "@pulumi/pulumi/automation/index.js";
import { readChainIn } from "../../chain/chain.ts";
import { UserError } from "../../chain/errors.ts";
import stackProgram from "../../index.ts";
import { settingsIn } from "../../settings.ts";
import { onStandardError } from "../../toolbox/tool.ts";
import { requireDaemon } from "../dockerStandIn/engineApi.ts";
import { environmentOf } from "../environment.ts";
import { ask, requireServer } from "../process.ts";
import { configurationOf } from "./configuration.ts";
import { openStack } from "./engine.ts";
import { findPulumi } from "./pulumiCommand.ts";

const commands = ["up", "preview", "refresh", "destroy"] as const;
type Command = (typeof commands)[number];

const root = join(import.meta.dirname, "../..");

async function main([command = "", environment = "dev"]: readonly string[]): Promise<void> {
  const known = commands.find((one) => one === command);
  if (!known) {
    throw new UserError({
      problem: "this is not a command of npm run pulumi",
      value: command || "nothing",
      allowed: `${commands.join(", ")}, then the name of an environment`,
      fix: "npm run pulumi -- up dev",
    });
  }
  const configuration = configurationOf(root, environment);
  // Pulumi would tell a mistake that the program finds as an exception, with a trace, and twice.
  const settings = settingsIn(environment, configuration);
  if (known === "up" || known === "preview") await readChainIn(settings.catalogue, process.env);
  if (settings.builder === "docker") await requireDaemon();
  else await turnToLocalCloud(settings.environment.project);
  const { path, passedOver } = await findPulumi(onStandardError);
  if (passedOver) process.stderr.write(`strata: ${passedOver}\n`);
  const folder = join(root, ".strata/pulumi");
  await run(known, await openStack({ folder, root, environment, configuration, program: stackProgram, command: path }));
}

/** Lets this process call the running local cloud. Projects are not made by the stack, here or at Google. */
async function turnToLocalCloud(projectId: string): Promise<void> {
  const server = requireServer(join(root, ".strata/local"));
  const { projects } = await ask<{ projects: readonly string[] }>(server, "GET", "status");
  if (!projects.some((name) => name.endsWith(projectId))) await ask(server, "POST", "projects", { projectId });
  Object.assign(process.env, environmentOf(server.origin, server.token));
}

async function run(command: Command, stack: Stack): Promise<void> {
  const onOutput = (text: string) => process.stdout.write(text);
  const color = process.stdout.isTTY ? "always" : "never";
  await stack[command]({ onOutput, color });
}

try {
  await main(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  // Pulumi has said what failed while it ran.
  if (error instanceof UserError) process.stderr.write(`strata: ${error.message}\n`);
  else if (!(error instanceof CommandError)) throw error;
  process.exit(1);
}
