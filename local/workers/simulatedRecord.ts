import type { BuildJob } from "../../builder/job.ts";
import { lastObject } from "../../builder/lastInputs.ts";
import { recordObject } from "../../builder/recentRecords.ts";
import { type BuildRecord, recordSchema } from "../../builder/record.ts";
import { dollarsFor } from "../../chain/estimate.ts";
import { machineNamed } from "../../chain/machines.ts";
import { putObject } from "../products/storage/objectStore.ts";
import type { Job } from "./worker.ts";

/**
 * Writes the record of a simulated build, in the name of the build's account. It says that it is simulated, and stays
 * out of the list that estimates are made from.
 *
 * @param minutes - how long the build would have taken.
 */
export async function storeSimulatedRecord(
  { cloud, caller, build, log }: Job,
  job: BuildJob,
  digest: string,
  minutes: number,
): Promise<void> {
  const name = recordObject(job.target, job.key);
  const resource = `projects/_/buckets/${job.store}/objects/${name}`;
  cloud.access.require(caller, "storage.objects.create", resource, "storage.googleapis.com");
  const finishedAt = new Date();
  const record: BuildRecord = recordSchema.parse({
    version: 1,
    simulated: true,
    target: job.target,
    key: job.key,
    digest,
    build: build.id,
    ...job.record,
    hints: job.hints,
    startedAt: new Date(finishedAt.getTime() - minutes * 60_000).toISOString(),
    finishedAt: finishedAt.toISOString(),
    minutes,
    dollars: dollarsFor(machineNamed(job.record.machine), minutes),
    steps: [],
    images: job.images,
    context: job.context.digest,
    checks: [],
  });
  const put = async (object: string, content: object) => {
    const blob = await cloud.blobs.write(Buffer.from(JSON.stringify(content)));
    putObject(cloud, job.store, object, blob, { contentType: "application/json" });
  };
  await put(name, record);
  await put(lastObject(job.target), { key: job.key });
  log(`simulated: wrote gs://${job.store}/${name}`);
}
