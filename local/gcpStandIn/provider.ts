import gcp from "@pulumi/gcp/package.json" with { type: "json" };
import { type Properties, type ResourceProvider, unknown } from "../../provider/server.ts";
import { repository } from "./artifactRegistry.ts";
import { connectedRepository, connection, trigger, workerPool } from "./cloudBuild.ts";
import { type AnyKind, changedInputs } from "./kind.ts";
import { bucketMember, projectMember, repositoryMember, serviceAccountMember } from "./members.ts";
import { job, topic } from "./messaging.ts";
import { account, service } from "./project.ts";
import { bucket } from "./storage.ts";

/** The kinds that the stack uses, by their type in `@pulumi/gcp`. */
const kinds: Readonly<Record<string, AnyKind>> = {
  "gcp:artifactregistry/repository:Repository": repository,
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": repositoryMember,
  "gcp:cloudbuild/trigger:Trigger": trigger,
  "gcp:cloudbuild/workerPool:WorkerPool": workerPool,
  "gcp:cloudbuildv2/connection:Connection": connection,
  "gcp:cloudbuildv2/repository:Repository": connectedRepository,
  "gcp:cloudscheduler/job:Job": job,
  "gcp:projects/iAMMember:IAMMember": projectMember,
  "gcp:projects/service:Service": service,
  "gcp:pubsub/topic:Topic": topic,
  "gcp:serviceaccount/account:Account": account,
  "gcp:serviceaccount/iAMMember:IAMMember": serviceAccountMember,
  "gcp:storage/bucket:Bucket": bucket,
  "gcp:storage/bucketIAMMember:BucketIAMMember": bucketMember,
};

/**
 * Stands in for pulumi-gcp where that plugin cannot be had: each resource makes the calls that pulumi-gcp 9 was seen to
 * make, against the local Google Cloud. It differs from the plugin where waiting or reading is all there is to lose:
 *
 * - it does not sleep after creating an account, nor read a policy three times after writing it;
 * - `refresh` finds out whether a resource is gone, not whether somebody changed it.
 */
export const gcpStandIn: ResourceProvider = {
  version: gcp.version,

  async check(type) {
    return type in kinds ? [] : [{ property: "", reason: `the stand-in for pulumi-gcp does not know ${type}` }];
  },

  async diff(type, { inputs }, news) {
    const { immutable, deleteFirst } = kindOf(type);
    const changed = changedInputs(inputs, news);
    const replaces = changed.filter((name) => immutable.includes(name));
    return {
      changes: changed.length > 0,
      shown: Object.fromEntries(
        changed.map((name) => [name, !(name in inputs) ? "add" : !(name in news) ? "delete" : "update"]),
      ),
      replaces,
      deleteFirst,
    };
  },

  preview(type, inputs, state) {
    return { ...inputs, ...outputsOf(type, (name) => state?.[name] ?? unknown) };
  },

  async create(type, inputs) {
    const { id, outputs } = await kindOf(type).create(inputs);
    return { id, state: { ...inputs, ...outputs } };
  },

  async read(type, id, state) {
    const outputs = await kindOf(type).read(id, state);
    if (!outputs) return undefined;
    const hidden = outputsOf(type, () => true);
    const inputs = Object.fromEntries(Object.entries(state).filter(([name]) => !(name in hidden)));
    return { inputs, state: { ...state, ...outputs } };
  },

  async update(type, id, state, inputs) {
    const { update } = kindOf(type);
    if (!update) throw new Error(`${type} cannot be updated`);
    return { ...inputs, ...(await update(id, state, inputs)) };
  },

  async delete(type, id, state) {
    await kindOf(type).delete(id, state);
  },
};

function kindOf(type: string): AnyKind {
  const kind = kinds[type];
  if (!kind) throw new Error(`the stand-in for pulumi-gcp does not know ${type}`);
  return kind;
}

/** A value for each output of a kind that is not an input too. */
function outputsOf(type: string, value: (name: string) => unknown): Properties {
  return Object.fromEntries(kindOf(type).computed.map((name) => [name, value(name)]));
}
