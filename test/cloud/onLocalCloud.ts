import type { BuildRequest } from "../../cloud/buildService.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import { Bucket } from "../../cloud/google/bucket.ts";
import { CloudBuild } from "../../cloud/google/cloudBuild.ts";
import type { RetryPolicy } from "../../cloud/retry.ts";
import type { CloudSettings } from "../../local/cloud.ts";
import { environmentOf } from "../../local/environment.ts";
import type { FaultInput } from "../../local/http/faults.ts";
import { PROJECT, startTestCloud, type TestCloud } from "../local/testCloud.ts";

export const REGION = "us-east4";
export const BUCKET = "builds";
export const POOL = `projects/${PROJECT}/locations/${REGION}/workerPools/big`;
export const REGISTRY_PATH = `${PROJECT}/images`;

const quick: RetryPolicy = { attempts: 6, firstDelayMs: 5, longestDelayMs: 40 };

/** strata's own clients on a local cloud that has a bucket, a pool, a registry and an account. */
export interface Bench {
  readonly cloud: TestCloud;
  readonly environment: Readonly<Record<string, string>>;
  readonly api: GoogleApi;
  readonly bucket: Bucket;
  readonly builds: CloudBuild;
  readonly serviceAccount: string;
  /** Bad weather for some routes. */
  fault(input: FaultInput): void;
  /** How often a method of Google's was called. */
  calls(method: string): number;
}

export async function startBench(settings: Partial<CloudSettings> = { timeScale: 0 }): Promise<Bench> {
  const cloud = await startTestCloud({ settings });
  await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, { name: BUCKET, location: "US-EAST4" });
  const pools = `/cloudbuild/v1/projects/${PROJECT}/locations/${REGION}/workerPools`;
  const workerConfig = { machineType: "c3-standard-88", diskSizeGb: "100" };
  await cloud.ok("POST", `${pools}?workerPoolId=big`, { privatePoolV1Config: { workerConfig } });
  const repositories = `/artifactregistry/v1/projects/${PROJECT}/locations/${REGION}/repositories`;
  const images = { format: "DOCKER", dockerConfig: { immutableTags: true } };
  await cloud.ok("POST", `${repositories}?repository_id=images`, images);
  const email = await cloud.account("publisher");
  for (const role of ["roles/storage.objectUser", "roles/artifactregistry.writer"]) {
    cloud.grant(`projects/${PROJECT}`, role, email);
  }
  const environment = environmentOf(cloud.origin, cloud.running.operatorToken);
  const api = new GoogleApi({ environment, retries: quick });
  const place = { project: PROJECT, region: REGION, logsBucket: `gs://${BUCKET}/logs` };
  return {
    cloud,
    environment,
    api,
    bucket: new Bucket(api, BUCKET),
    builds: new CloudBuild(api, place, 20),
    serviceAccount: `projects/${PROJECT}/serviceAccounts/${email}`,
    fault: (input) => cloud.running.cloud.faults.add(input),
    calls: (method) => cloud.running.cloud.journal.since().filter((entry) => entry.method === method).length,
  };
}

export function request(bench: Bench, more: Partial<BuildRequest> = {}): BuildRequest {
  return {
    steps: [{ id: "only", name: "busybox", args: ["true"] }],
    tags: ["key-1"],
    timeout: "600s",
    queueTtl: "600s",
    serviceAccount: bench.serviceAccount,
    logsBucket: `gs://${BUCKET}/logs`,
    options: { pool: { name: POOL }, logging: "GCS_ONLY" },
    ...more,
  };
}
