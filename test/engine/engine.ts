import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { LocalWorkspace, PulumiCommand, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import type { CloudSettings } from "../../local/cloud.ts";
import { environmentOf } from "../../local/environment.ts";
import { type LocalCloud, startLocalCloud } from "../../local/server.ts";
import { available } from "../../toolbox/available.ts";

const found = available(["pulumi"]);

/**
 * A test on the real engine; where the Pulumi CLI cannot be had it is skipped, and its name says why. Jest runs no
 * beforeAll of a file whose tests are all skipped.
 *
 * @param patienceMs how long it may take.
 */
export function engineTest(name: string, check: () => Promise<void>, patienceMs: number): void {
  if (found.tools === undefined) test.skip(`${name} (skipped: ${found.reason})`, () => {});
  else test(name, check, patienceMs);
}

/** The real Pulumi engine with a file backend, a local Google Cloud, and the stand-in for pulumi-gcp between them. */
export interface Engine {
  readonly cloud: LocalCloud;
  /** A stack of an environment, with its configuration. */
  stack(name: string, config: Readonly<Record<string, string>>, program: PulumiFn): Promise<Stack>;
  /** Runs a command on a stack with the whole program in a process of its own, and returns all that it said. */
  runApart(command: "preview" | "up", stackName: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts all three in temporary folders. */
export async function startEngine(projects: readonly string[], settings: Partial<CloudSettings> = {}): Promise<Engine> {
  if (found.tools === undefined) throw new Error(found.reason);
  const folder = mkdtempSync(join(tmpdir(), "strata-engine-"));
  // The Automation API looks for bin/pulumi below a root.
  mkdirSync(join(folder, "bin"));
  symlinkSync(found.tools.pulumi.path, join(folder, "bin", "pulumi"));
  writeFileSync(join(folder, "Pulumi.yaml"), project);
  const cloud = await startLocalCloud({ directory: join(folder, "cloud"), projects, settings });
  const standIn = await startStandIn(cloud);
  // The program runs in this process, and asks the registry itself.
  Object.assign(process.env, environmentOf(cloud.origin, cloud.operatorToken));
  const envVars = {
    ...environmentOf(cloud.origin, cloud.operatorToken),
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: `gcp:${standIn.port}`,
  };
  const pulumiCommand = await PulumiCommand.get({ root: folder });
  return {
    cloud,
    async stack(stackName, config, program) {
      const stack = await LocalWorkspace.createOrSelectStack(
        { stackName, projectName: "strata", program },
        { envVars, pulumiCommand, pulumiHome: envVars.PULUMI_HOME, workDir: folder },
      );
      await stack.setAllConfig(
        Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }])),
        true,
      );
      return stack;
    },
    async runApart(command, stackName) {
      const script = join(__dirname, "runApart.ts");
      const env = { ...process.env, ...envVars };
      const child = spawn("node", [script, folder, stackName, command], { env, stdio: ["ignore", "pipe", "pipe"] });
      const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return said + complained;
    },
    async close() {
      standIn.stop();
      await cloud.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** As Pulumi.yaml, except that the program is a function of the test. */
const project = `name: strata
runtime: nodejs
plugins:
  providers:
    - name: strata
      path: ${join(__dirname, "../../provider")}
`;

/** Serves the stand-in in a process of its own, as a plugin is. */
async function startStandIn(cloud: LocalCloud): Promise<{ readonly port: string; stop(): void }> {
  const child = spawn("node", [join(__dirname, "../../local/gcpStandIn/main.ts")], {
    env: { ...process.env, ...environmentOf(cloud.origin, cloud.operatorToken) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(child.stdout), "line");
  return { port, stop: () => child.kill() };
}
