import { existsSync } from "node:fs";
import { appendFile, readFile } from "node:fs/promises";
import type { Workspace } from "./workspace.ts";

/** When a step of a build ran. */
export interface StepTime {
  readonly id: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly seconds: number;
}

/** Runs a step and leaves in the workspace how long it took; one that fails leaves nothing, because the build ends. */
export async function timed(id: string, { stepTimes }: Workspace, step: () => Promise<void>): Promise<void> {
  const startedAt = new Date().toISOString();
  const start = performance.now();
  await step();
  const time: StepTime = { id, startedAt, seconds: Math.round(performance.now() - start) / 1000 };
  await appendFile(stepTimes, `${JSON.stringify(time)}\n`);
}

/** The steps that have run in a workspace, in their order. */
export async function readStepTimes({ stepTimes }: Workspace): Promise<readonly StepTime[]> {
  if (!existsSync(stepTimes)) return [];
  const lines = (await readFile(stepTimes, "utf8")).split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line));
}
