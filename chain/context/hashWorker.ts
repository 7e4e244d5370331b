import { parentPort, workerData } from "node:worker_threads";
import { type HashJob, takeBatches } from "./hashJob.ts";

const failure = takeBatches(workerData as HashJob, Number.POSITIVE_INFINITY);
parentPort?.postMessage(failure);
