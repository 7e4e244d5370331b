import type { CloudSettings } from "../cloud.ts";
import { BUILDKIT_WORKER } from "./buildkit.ts";
import { SIMULATED_WORKER } from "./simulated.ts";
import type { Worker } from "./worker.ts";

const WORKERS: Readonly<Record<CloudSettings["worker"], Worker>> = {
  buildkit: BUILDKIT_WORKER,
  simulated: SIMULATED_WORKER,
};

/** The worker of this name. */
export function workerOf(name: CloudSettings["worker"]): Worker {
  return WORKERS[name];
}
