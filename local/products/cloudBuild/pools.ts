import { randomUUID } from "node:crypto";
import { GoogleError, invalid } from "../../http/errors.ts";
import type { Message } from "../../schema/messages.ts";
import type { Behaviours } from "../product.ts";
import { type ResourceKind, resourceMethods, timestamp } from "../resources.ts";
import { BUILDS, type Build } from "./build.ts";

/** The largest disk of a worker, in GB. */
const LARGEST_DISK = 4000;

const POOLS: ResourceKind = {
  collection: "cloudbuild.workerPools",
  methods: "cloudbuild.projects.locations.workerPools",
  schema: "WorkerPool",
  plural: "workerPools",
  permissions: "cloudbuild.workerpools",
  idParameter: "workerPoolId",
  operations: ["create", "patch", "delete"],
  metadata: { schema: "CreateWorkerPoolOperationMetadata", fields: (target) => ({ workerPool: target }) },
  onCreate: (_call, name, body) => {
    const id = name.split("/").at(-1) ?? "";
    if (!/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/.test(id)) throw invalid(`Invalid worker pool id '${id}'`);
    if (name.split("/")[3] === "global") throw invalid("Private pools are regional: global is no location for one");
    const now = timestamp();
    return checked({
      ...body,
      name,
      uid: randomUUID(),
      state: "RUNNING",
      createTime: now,
      updateTime: now,
      etag: etag(),
    });
  },
  onPatch: (_call, before, after) => {
    if (networkOf(before) !== networkOf(after)) throw invalid("The network of a pool cannot be changed");
    return checked({ ...after, updateTime: timestamp(), etag: etag() });
  },
  onDelete: (call, name) => {
    const rows = call.cloud.documents.list("cloudbuild.unfinished");
    const builds = rows.flatMap((row) => call.cloud.documents.get<Build>(BUILDS, row.name) ?? []);
    if (builds.some((build) => build.status === "WORKING" && build.options?.pool?.name === name)) {
      throw new GoogleError("FAILED_PRECONDITION", `Worker pool ${name} runs builds`);
    }
  },
};

function etag(): string {
  return `"${randomUUID().slice(0, 8)}"`;
}

/** The network that a pool is in, as text. Whether its workers reach the internet is no part of it and can change. */
function networkOf({ privatePoolV1Config }: Message): string {
  const { networkConfig, privateServiceConnect } = (privatePoolV1Config ?? {}) as Readonly<Record<string, Message>>;
  return JSON.stringify([networkConfig?.peeredNetwork, networkConfig?.peeredNetworkIpRange, privateServiceConnect]);
}

function checked(pool: Message): Message {
  const config = pool.privatePoolV1Config as
    | { workerConfig?: { diskSizeGb?: string; machineType?: string } }
    | undefined;
  const { diskSizeGb, machineType } = config?.workerConfig ?? {};
  if (diskSizeGb !== undefined && Number(diskSizeGb) > LARGEST_DISK)
    throw invalid(`diskSizeGb must be at most ${LARGEST_DISK}`);
  if (machineType !== undefined && !/^[a-z0-9]+-[a-z]+(-[a-z]+)?(-\d+)?$/.test(machineType))
    throw invalid(`Unknown machine type '${machineType}'`);
  return pool;
}

/** The methods of private worker pools. */
export const POOL_METHODS: Behaviours = resourceMethods(POOLS);
