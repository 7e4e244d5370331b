import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dollarsFor } from "../../chain/estimate.ts";
import { machineNamed } from "../../chain/machines.ts";
import { Bucket } from "../../cloud/google/bucket.ts";
import { storeRecord } from "../recentRecords.ts";
import { type BuildRecord, recordSchema } from "../record.ts";
import type { StepTools } from "./steps.ts";
import { readStepTimes } from "./stepTimes.ts";

/** Writes the record: what is known of the build that published the key. */
export async function record(tools: StepTools): Promise<void> {
  await storeRecord(new Bucket(tools.api, tools.job.store), await recordOf(tools));
}

/** Checked against its schema before it is stored, so that whoever reads it finds what the schema says. */
async function recordOf({ job, workspace, environment }: StepTools): Promise<BuildRecord> {
  const steps = await readStepTimes(workspace);
  const finishedAt = new Date();
  const startedAt = new Date(steps[0]?.startedAt ?? finishedAt);
  const minutes = (finishedAt.getTime() - startedAt.getTime()) / 60_000;
  const parts = { checks: workspace.checks, compilerCache: workspace.compilerCache };
  const left = Object.entries(parts).filter(([, file]) => existsSync(file));
  const known = await Promise.all(left.map(async ([name, file]) => [name, JSON.parse(await readFile(file, "utf8"))]));
  return recordSchema.parse({
    version: 1,
    target: job.target,
    key: job.key,
    digest: await readFile(workspace.digest, "utf8"),
    build: environment.BUILD_ID ?? "",
    ...job.record,
    hints: job.hints,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    minutes,
    dollars: dollarsFor(machineNamed(job.record.machine), minutes),
    steps: steps.map(({ id, seconds }) => ({ id, seconds })),
    images: job.images,
    context: job.context.digest,
    checks: [],
    ...Object.fromEntries(known),
  });
}
