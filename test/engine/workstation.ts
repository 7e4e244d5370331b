import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";
import { available } from "../../toolbox/available.ts";
import { type DockerdOptions, startDockerd } from "../../toolbox/dockerd.ts";
import { type Docker, dockerAt } from "./docker.ts";
import { startPulumi } from "./pulumi.ts";

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
  const environment = { DOCKER_HOST: daemon.address };
  const engine = await startPulumi({ folder, command: pulumi.path, standIn: "docker", environment });
  const stack = await engine.stack(
    "workstation",
    { "strata:builder": "docker", "strata:catalogue": catalogue },
    program,
  );
  return {
    docker: dockerAt(daemon.address),
    stack,
    contexts,
    async close() {
      engine.stop();
      await daemon.stop();
      rmSync(folder, { recursive: true });
      for (const name of contexts()) rmSync(join(CONTEXTS, name), { recursive: true });
    },
  };
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
