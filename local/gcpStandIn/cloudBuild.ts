import { setTimeout as sleep } from "node:timers/promises";
import type { cloudbuild, cloudbuildv2 } from "@pulumi/gcp";
import type { Unwrap } from "@pulumi/pulumi";
import type { Kind } from "../standIn/kind.ts";
import { body, changedSince } from "./body.ts";
import { call, find, finished, type Json, orAbsent } from "./calls.ts";

type Pool = Unwrap<cloudbuild.WorkerPoolArgs>;

const poolId = ({ project, location, name }: Pool) => `projects/${project}/locations/${location}/workerPools/${name}`;

function poolBody(inputs: Pool): Json {
  const { machineType, diskSizeGb, noExternalIp } = inputs.workerConfig ?? {};
  return body({
    name: poolId(inputs),
    displayName: inputs.displayName,
    annotations: inputs.annotations,
    privatePoolV1Config: inputs.workerConfig && {
      workerConfig: body({ machineType, diskSizeGb }),
      ...(noExternalIp && { networkConfig: { egressOption: "NO_PUBLIC_EGRESS" } }),
    },
  });
}

function poolInputs(field: string, now: unknown): Json {
  if (field !== "privatePoolV1Config") return { [field]: now };
  const { workerConfig, networkConfig } = (now ?? {}) as { workerConfig?: Json; networkConfig?: Json };
  const { machineType, diskSizeGb } = workerConfig ?? {};
  const noExternalIp = networkConfig?.egressOption === "NO_PUBLIC_EGRESS";
  return { workerConfig: body({ machineType, diskSizeGb: Number(diskSizeGb ?? 0), noExternalIp }) };
}

/** gcp:cloudbuild/workerPool:WorkerPool */
export const workerPool: Kind<Pool> = {
  immutable: ["location", "name", "project", "networkConfig", "privateServiceConnect"],
  deleteFirst: true,
  computed: [],

  async create(inputs) {
    const id = poolId(inputs);
    if (await find("cloudBuild", id)) throw new Error("Resource already exists");
    const operation = await call(
      "cloudBuild",
      "POST",
      `projects/${inputs.project}/locations/${inputs.location}/workerPools`,
      {
        query: { workerPoolId: `${inputs.name}` },
        body: poolBody(inputs),
      },
    );
    await finished("cloudBuild", operation);
    for (let look = 0; look < 3; look++) await call("cloudBuild", "GET", id);
    return { id, outputs: {} };
  },

  async read(id, state) {
    const found = await find("cloudBuild", id);
    return found && changedSince(poolBody(state), found, poolInputs);
  },

  async update(id, olds, news) {
    let etag: unknown;
    for (let look = 0; look < 3; look++) ({ etag } = await call("cloudBuild", "GET", id));
    const [before, after] = [poolBody(olds), poolBody(news)];
    const mask = ["displayName", "annotations"].filter((field) => text(before[field]) !== text(after[field]));
    for (const field of ["machineType", "diskSizeGb"] as const) {
      if (olds.workerConfig?.[field] !== news.workerConfig?.[field])
        mask.push(`privatePoolV1Config.workerConfig.${field}`);
    }
    if (olds.workerConfig?.noExternalIp !== news.workerConfig?.noExternalIp) {
      mask.push("privatePoolV1Config.networkConfig.egressOption");
    }
    const operation = await call("cloudBuild", "PATCH", id, {
      query: { updateMask: mask.join(",") },
      body: { ...after, etag },
    });
    await finished("cloudBuild", operation);
    for (let look = 0; look < 2; look++) await call("cloudBuild", "GET", id);
    return {};
  },

  async delete(id) {
    const operation = (await find("cloudBuild", id)) && (await orAbsent(call("cloudBuild", "DELETE", id)));
    if (!operation) return;
    await finished("cloudBuild", operation);
    for (let look = 0; look < 10 && (await find("cloudBuild", id)); look++) await sleep(500);
  },
};

const text = (value: unknown) => JSON.stringify(value);

type TriggerOutputs = { triggerId: string };

/** Lists that pulumi-gcp spells in the plural, with Google's name of each. */
const SINGULAR: Readonly<Record<string, string>> = {
  envs: "env",
  secretEnvs: "secretEnv",
  sourceProvenanceHashes: "sourceProvenanceHash",
  waitFors: "waitFor",
};
const PLURAL = Object.fromEntries(Object.entries(SINGULAR).map(([plural, one]) => [one, plural]));

/** An inline build with the fields of its options and of its steps under other names. */
function renamed({ steps, options, ...rest }: Json, names: Readonly<Record<string, string>>): Json {
  const rename = (message: Json) =>
    body(Object.fromEntries(Object.entries(message).map(([field, value]) => [names[field] ?? field, value])));
  return {
    ...rest,
    ...(steps !== undefined && { steps: (steps as Json[]).map(rename) }),
    ...(options !== undefined && { options: rename(options as Json) }),
  };
}

/** A trigger's inputs are Google's own fields and travel as they are, but for an inline build. */
function triggerBody({ build, ...fields }: Json): Json {
  // The plugin fills in the time-out that a trigger's build has where none is written.
  return body({
    ...fields,
    ...(build !== undefined && { build: { timeout: "600s", ...renamed(build as Json, SINGULAR) } }),
  });
}

/** gcp:cloudbuild/trigger:Trigger */
export const trigger: Kind<Unwrap<cloudbuild.TriggerArgs>, TriggerOutputs> = {
  immutable: ["location", "project"],
  deleteFirst: true,
  computed: ["triggerId"],

  async create({ project, location, ...fields }) {
    const path = `projects/${project}/locations/${location ?? "global"}/triggers`;
    const { id } = await call("cloudBuild", "POST", path, { body: triggerBody(fields as Json) });
    await call("cloudBuild", "GET", `${path}/${id}`);
    return { id: `${path}/${id}`, outputs: { triggerId: `${id}` } };
  },

  async read(id, state) {
    const found = await find("cloudBuild", id);
    const { project, location, triggerId, ...fields } = state as Json;
    const inputs = (field: string, now: unknown) => ({
      [field]: field === "build" && now !== undefined ? renamed(now as Json, PLURAL) : now,
    });
    return found && { ...changedSince(triggerBody(fields), found, inputs), triggerId: `${found.id}` };
  },

  async update(id, _, { project, location, ...fields }) {
    const triggerId = id.split("/").at(-1) ?? "";
    const whole = { approvalConfig: {}, ...triggerBody(fields as Json), id: triggerId };
    await call("cloudBuild", "PATCH", id, { body: whole });
    await call("cloudBuild", "GET", id);
    return { triggerId };
  },

  async delete(id) {
    await orAbsent(call("cloudBuild", "DELETE", id));
  },
};

/** gcp:cloudbuildv2/connection:Connection */
export const connection: Kind<Unwrap<cloudbuildv2.ConnectionArgs>> = {
  immutable: ["location", "name", "project"],
  deleteFirst: true,
  computed: [],

  async create({ project, location, name, ...fields }) {
    const path = `projects/${project}/locations/${location}/connections`;
    const query = { connectionId: `${name}` };
    await finished("cloudBuildV2", await call("cloudBuildV2", "POST", path, { query, body: body(fields as Json) }));
    await call("cloudBuildV2", "GET", `${path}/${name}`);
    return { id: `${path}/${name}`, outputs: {} };
  },

  async read(id, { project, location, name, ...fields }) {
    const found = await find("cloudBuildV2", id);
    return found && changedSince(body(fields as Json), found);
  },

  async update(id, _, { project, location, name, ...fields }) {
    const { etag } = await call("cloudBuildV2", "GET", id);
    await finished(
      "cloudBuildV2",
      await call("cloudBuildV2", "PATCH", id, { body: body({ ...(fields as Json), etag }) }),
    );
    await call("cloudBuildV2", "GET", id);
    return {};
  },

  async delete(id) {
    const operation = await orAbsent(call("cloudBuildV2", "DELETE", id));
    if (operation) await finished("cloudBuildV2", operation);
  },
};

/** gcp:cloudbuildv2/repository:Repository */
export const connectedRepository: Kind<Unwrap<cloudbuildv2.RepositoryArgs>> = {
  immutable: ["annotations", "location", "name", "parentConnection", "project", "remoteUri"],
  deleteFirst: true,
  computed: [],

  async create({ project, location, name, parentConnection, remoteUri, annotations }) {
    const connectionName = parentConnection.split("/").at(-1);
    const path = `projects/${project}/locations/${location}/connections/${connectionName}/repositories`;
    const operation = await call("cloudBuildV2", "POST", path, {
      query: { repositoryId: `${name}` },
      body: body({ name, remoteUri, annotations }),
    });
    await finished("cloudBuildV2", operation);
    await call("cloudBuildV2", "GET", `${path}/${name}`);
    return { id: `${path}/${name}`, outputs: {} };
  },

  async read(id, { remoteUri, annotations }) {
    const found = await find("cloudBuildV2", id);
    return found && changedSince(body({ remoteUri, annotations }), found);
  },

  async delete(id) {
    const operation = await orAbsent(call("cloudBuildV2", "DELETE", id));
    if (operation) await finished("cloudBuildV2", operation);
  },
};
