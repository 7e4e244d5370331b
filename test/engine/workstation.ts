import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";
import { available } from "../../toolbox/available.ts";
import { type DockerdOptions, startDockerd } from "../../toolbox/dockerd.ts";
import { type Docker, dockerAt } from "./docker.ts";

const found =
  process.platform === "linux" && process.getuid?.() === 0
    ? available(["pulumi", "dockerd"])
    : { reason: "a Docker daemon of its own needs root on Linux" };

/** A test on the real engine with a real Docker; where they cannot be had it is skipped, and its name says why. */
export function workstationTest(name: string, check: () => Promise<void>): void {
  if (found.tools === undefined) test.skip(`${name} (skipped: ${found.reason})`, () => {});
  else test(name, check, 120_000);
}

/** The real Pulumi engine with a file backend, a real Docker daemon, and the stand-in for pulumi-docker between them. */
export interface Workstation {
  readonly docker: Docker;
  readonly stack: Stack;
  /** Names of the contexts that were laid out since the start. */
  contexts(): readonly string[];
  close(): Promise<void>;
}

/** Where the program lays out contexts, relative to the repository. */
export const CONTEXTS = ".strata/contexts";

/** Starts all three, with the stack of an environment whose builder is Docker. */
export async function startWorkstation(catalogue: string, network: DockerdOptions["network"]): Promise<Workstation> {
  if (found.tools === undefined) throw new Error(found.reason);
  const { pulumi, dockerd } = found.tools;
  mkdirSync(CONTEXTS, { recursive: true });
  const before = new Set(readdirSync(CONTEXTS));
  const contexts = () => readdirSync(CONTEXTS).filter((name) => !before.has(name));
  const folder = mkdtempSync(join(tmpdir(), "strata-workstation-"));
  const daemon = await startDockerd({ dockerd, network });
  const standIn = await startStandIn(daemon.address);
  // The Automation API looks for bin/pulumi below a root.
  mkdirSync(join(folder, "bin"));
  symlinkSync(pulumi.path, join(folder, "bin", "pulumi"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: strata\nruntime: nodejs\n");
  const envVars = {
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: `docker:${standIn.port}`,
  };
  const pulumiCommand = await PulumiCommand.get({ root: folder });
  const stack = await LocalWorkspace.createOrSelectStack(
    { stackName: "workstation", projectName: "strata", program },
    { envVars, pulumiCommand, pulumiHome: envVars.PULUMI_HOME, workDir: folder },
  );
  await stack.setAllConfig({ "strata:builder": { value: "docker" }, "strata:catalogue": { value: catalogue } });
  return {
    docker: dockerAt(daemon.address),
    stack,
    contexts,
    async close() {
      standIn.stop();
      await daemon.stop();
      rmSync(folder, { recursive: true });
      for (const name of contexts()) rmSync(join(CONTEXTS, name), { recursive: true });
    },
  };
}

/** Serves the stand-in in a process of its own, as a plugin is; it runs in the repository, as a plugin would. */
async function startStandIn(address: string): Promise<{ readonly port: string; stop(): void }> {
  const child = spawn("node", ["local/dockerStandIn/main.ts"], {
    env: { ...process.env, DOCKER_HOST: address },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(child.stdout), "line");
  return { port, stop: () => child.kill() };
}

/** Brings a stack up, or previews it; returns what happens to Docker's resources, without those that stay. */
export async function changes(stack: Stack, command: "up" | "preview"): Promise<readonly string[]> {
  const seen: string[] = [];
  await stack[command]({
    onEvent({ resourcePreEvent }) {
      const { op = "same", urn = "", type = "" } = resourcePreEvent?.metadata ?? {};
      if (!type.startsWith("docker:") || op === "same") return;
      seen.push(`${op} ${type.split(":").at(-1)} ${urn.split("::").at(-1)}`);
    },
  });
  return seen.sort();
}

/** The targets that are built, of what happens to resources. */
export function builds(all: readonly string[]): readonly string[] {
  return all.filter((one) => /^(create|update|replace) Image /.test(one)).map((one) => one.split(" ").at(-1) ?? "");
}
