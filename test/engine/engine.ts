import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation/index.js";
import type { CloudSettings } from "../../local/cloud.ts";
import { environmentOf } from "../../local/environment.ts";
import { type LocalCloud, startLocalCloud } from "../../local/server.ts";
import { available } from "../../toolbox/available.ts";
import { startPulumi } from "./pulumi.ts";

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
  const cloud = await startLocalCloud({ directory: join(folder, "cloud"), projects, settings });
  const environment = environmentOf(cloud.origin, cloud.operatorToken);
  // The program runs in this process, and asks the registry itself.
  Object.assign(process.env, environment);
  const { pulumi: command } = found.tools;
  const pulumi = await startPulumi({ folder, command: command.path, standIn: "gcp", environment });
  return {
    cloud,
    stack: pulumi.stack,
    async runApart(command, stackName) {
      const script = join(__dirname, "runApart.ts");
      const env = { ...process.env, ...pulumi.environment };
      const child = spawn("node", [script, folder, stackName, command], { env, stdio: ["ignore", "pipe", "pipe"] });
      const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
      return said + complained;
    },
    async close() {
      pulumi.stop();
      await cloud.close();
      rmSync(folder, { recursive: true });
    },
  };
}
