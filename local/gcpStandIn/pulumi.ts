/**
 * `npm run pulumi -- up dev`: the stack of this repository on the running local Google Cloud, on the real Pulumi engine.
 *
 * Where Pulumi is installed with its plugins, the same is `eval "$(strata local env)"; pulumi up`. This is for where
 * only Pulumi's command can be had: the program runs in this process, which stands in for the language host, and the
 * stand-in for pulumi-gcp is served by it. State is kept in `.strata/pulumi/`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError, LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import { parse, stringify } from "yaml";
import { UserError } from "../../chain/errors.ts";
import stackProgram from "../../index.ts";
import { serve } from "../../provider/server.ts";
import { tool } from "../../toolbox/tool.ts";
import { environmentOf } from "../environment.ts";
import { ask, requireServer } from "../process.ts";
import { gcpStandIn } from "./provider.ts";

const commands = ["up", "preview", "refresh", "destroy"] as const;
type Command = (typeof commands)[number];

const root = join(import.meta.dirname, "../..");
const folder = join(root, ".strata/pulumi");

async function main([command = "", environment = "dev"]: readonly string[]): Promise<void> {
  const known = commands.find((one) => one === command);
  if (!known) {
    throw new UserError({
      problem: "this is not a command on the local cloud",
      value: command || "nothing",
      allowed: `${commands.join(", ")}, then the name of an environment`,
      fix: "npm run pulumi -- up dev",
    });
  }
  const configuration = settingsOf(environment);
  const server = requireServer(join(root, ".strata/local"));
  await makeProject(server, String(configuration["gcp:project"]));
  Object.assign(process.env, environmentOf(server.origin, server.token));
  await run(known, await openStack(environment, configuration));
}

/** What `Pulumi.<environment>.yaml` configures. */
function settingsOf(environment: string): Readonly<Record<string, unknown>> {
  const file = `Pulumi.${environment}.yaml`;
  if (existsSync(join(root, file))) return parse(readFileSync(join(root, file), "utf8")).config ?? {};
  throw new UserError({
    problem: "there is no such environment",
    value: environment,
    allowed: "one with a file Pulumi.<environment>.yaml",
    fix: "name dev, staging or prod",
  });
}

/** Projects are not made by the stack, here or at Google. */
async function makeProject(server: ReturnType<typeof requireServer>, projectId: string): Promise<void> {
  const { projects } = await ask<{ projects: readonly string[] }>(server, "GET", "status");
  if (!projects.some((name) => name.endsWith(projectId))) await ask(server, "POST", "projects", { projectId });
}

/** The stack in a folder of its own, so that Pulumi writes nothing into the repository's files. */
async function openStack(name: string, config: Readonly<Record<string, unknown>>): Promise<Stack> {
  mkdirSync(join(folder, "bin"), { recursive: true });
  rmSync(join(folder, "bin/pulumi"), { force: true });
  symlinkSync((await tool("pulumi")).path, join(folder, "bin/pulumi"));
  const project = { name: "strata", runtime: "nodejs", plugins: providers(join(root, "provider")) };
  writeFileSync(join(folder, "Pulumi.yaml"), stringify(project));
  const file = join(folder, `Pulumi.${name}.yaml`);
  const { encryptionsalt } = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  writeFileSync(file, stringify({ ...(encryptionsalt && { encryptionsalt }), config }));
  const envVars = {
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: process.env.PULUMI_CONFIG_PASSPHRASE ?? "local",
    PULUMI_DEBUG_PROVIDERS: `gcp:${await serve(gcpStandIn)}`,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  return LocalWorkspace.createOrSelectStack(
    { stackName: name, projectName: "strata", program: stackProgram },
    {
      workDir: folder,
      envVars,
      pulumiHome: join(folder, "home"),
      pulumiCommand: await PulumiCommand.get({ root: folder }),
    },
  );
}

const providers = (path: string) => ({ providers: [{ name: "strata", path }] });

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
