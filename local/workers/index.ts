import type { Cloud, CloudSettings } from "../cloud.ts";
import { type Build, buildKey } from "../products/cloudBuild/build.ts";
import { BUILDKIT_WORKER } from "./buildkit.ts";
import { CHECKOUTS, HOST_WORKER } from "./host.ts";
import { SIMULATED_WORKER } from "./simulated.ts";
import type { Worker } from "./worker.ts";

const WORKERS: Readonly<Record<CloudSettings["worker"], Worker>> = {
  buildkit: BUILDKIT_WORKER,
  simulated: SIMULATED_WORKER,
};

/** Who runs a build: its steps on this machine where the operator gave their source, otherwise the cloud's own worker. */
export function workerOf({ documents, settings }: Cloud, build: Build): Worker {
  return documents.get(CHECKOUTS, buildKey(build)) === undefined ? WORKERS[settings.worker] : HOST_WORKER;
}
