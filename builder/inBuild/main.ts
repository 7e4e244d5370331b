#!/usr/bin/env node
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { UserError } from "../../chain/errors.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import { decodeJob, JOB_VARIABLE } from "../job.ts";
import { builderArguments, registriesWithLogin } from "./builder.ts";
import { command } from "./command.ts";
import { record } from "./record.ts";
import { build, fetchContext, publish, type StepTools, verify } from "./steps.ts";
import { timed } from "./stepTimes.ts";
import { workspaceIn } from "./workspace.ts";

/** What each step of a build does, by its id; see STEPS. */
const steps: Readonly<Record<string, (tools: StepTools) => Promise<void>>> = {
  context: fetchContext,
  build: (tools) => withBuilder("build", tools, build),
  verify: (tools) => withBuilder("verify", tools, verify),
  publish,
  record,
};

/** The program that the steps of a Cloud Build build run: `build-step ID`, with the job in the environment. */
async function main(words: readonly string[]): Promise<void> {
  const [word, id = ""] = words;
  const step = steps[id];
  const job = process.env[JOB_VARIABLE];
  if (word !== "build-step" || step === undefined || job === undefined) {
    throw new UserError({
      problem: "this program runs one step of a build",
      value: words.join(" "),
      allowed: `build-step ${Object.keys(steps).join("|")}, with a job in ${JOB_VARIABLE}`,
    });
  }
  const workspace = workspaceIn(process.cwd());
  const tools: StepTools = {
    job: decodeJob(job),
    workspace,
    registry: new OciRegistry(),
    api: new GoogleApi(),
    buildx: ["docker", "buildx"],
    environment: process.env,
    print: (line) => process.stdout.write(`${line}\n`),
  };
  await timed(id, workspace, () => step(tools));
}

/** Gives a step a BuildKit of its own. */
async function withBuilder(name: string, tools: StepTools, step: (tools: StepTools) => Promise<void>): Promise<void> {
  const configuration = join(tools.workspace.folder, ".docker");
  const environment = {
    ...process.env,
    BUILDX_BUILDER: `strata-${name}`,
    DOCKER_CONFIG: configuration,
    PATH: `${await credentialHelper(tools, configuration)}:${process.env.PATH}`,
  };
  const create = builderArguments(tools.job, `strata-${name}`, hostname());
  await command("docker", create, { doing: "start BuildKit", environment });
  await step({ ...tools, environment });
}

/**
 * Lets Docker ask for a fresh access token whenever it needs one: a build may take longer than a token is good for.
 * Gives the folder in which Docker finds the helper.
 */
async function credentialHelper({ job, workspace, environment }: StepTools, configuration: string): Promise<string> {
  const programs = join(workspace.folder, ".bin");
  await Promise.all([mkdir(configuration, { recursive: true }), mkdir(programs, { recursive: true })]);
  const helper = join(programs, "docker-credential-strata");
  const program = new URL("./credentialHelper.ts", import.meta.url).pathname;
  await writeFile(helper, `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(helper, 0o755);
  const registries = registriesWithLogin(job, environment);
  const credHelpers = Object.fromEntries(registries.map((registry) => [registry, "strata"]));
  await writeFile(join(configuration, "config.json"), JSON.stringify({ credHelpers }));
  return programs;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof UserError ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
