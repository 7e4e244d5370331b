import { GoogleError } from "../http/errors.ts";
import { putObject } from "../products/storage/objectStore.ts";
import type { Job } from "./worker.ts";

/**
 * Writes the record of a simulated build, in the name of the build's account.
 *
 * @param target - `gs://bucket/object`.
 * @param seconds - how long the build would have taken.
 */
export async function writeSimulatedRecord(
  job: Job,
  target: string,
  digest: string | undefined,
  seconds: number,
): Promise<void> {
  const [, bucket, name] = /^gs:\/\/([^/]+)\/(.+)$/.exec(target) ?? [];
  if (!bucket || !name) throw new GoogleError("INVALID_ARGUMENT", `'${target}' is no gs:// address of an object`);
  const resource = `projects/_/buckets/${bucket}/objects/${name}`;
  job.cloud.access.require(job.caller, "storage.objects.create", resource, "storage.googleapis.com");
  const record = { simulated: true, build: job.build.id, seconds, ...(digest && { digest }) };
  const blob = await job.cloud.blobs.write(Buffer.from(JSON.stringify(record)));
  putObject(job.cloud, bucket, name, blob, { contentType: "application/json" });
  job.log(`simulated: wrote ${target}`);
}
