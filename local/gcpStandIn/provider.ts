import type { Provider } from "@pulumi/pulumi/provider/provider.js";
import { repository } from "./artifactRegistry.ts";
import type { Json } from "./calls.ts";
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
export const gcpStandIn: Provider = {
  async check(urn, _, news: Json) {
    return typeOf(urn) in kinds
      ? { inputs: news }
      : { failures: [{ property: "", reason: `the stand-in for pulumi-gcp does not know ${typeOf(urn)}` }] };
  },

  async diff(_, urn, olds: Json, news: Json) {
    const { immutable, computed, deleteFirst } = kindOf(urn);
    const changed = changedInputs(olds, news, computed);
    const replaces = changed.filter((name) => immutable.includes(name));
    return { changes: changed.length > 0, replaces, deleteBeforeReplace: deleteFirst && replaces.length > 0 };
  },

  async create(urn, inputs: Json) {
    const { id, outputs } = await kindOf(urn).create(inputs);
    return { id, outs: { ...inputs, ...outputs } };
  },

  async read(id, urn, state: Json = {}) {
    const { read, computed } = kindOf(urn);
    const outputs = await read(id, state);
    if (!outputs) return { props: {} };
    const inputs = Object.fromEntries(Object.entries(state).filter(([name]) => !computed.includes(name)));
    return { id, props: { ...inputs, ...outputs }, inputs };
  },

  async update(id, urn, olds: Json, news: Json) {
    const { update } = kindOf(urn);
    if (!update) throw new Error(`${typeOf(urn)} cannot be updated`);
    return { outs: { ...news, ...(await update(id, olds, news)) } };
  },

  async delete(id, urn, state: Json) {
    await kindOf(urn).delete(id, state);
  },
};

/** `urn:pulumi:dev::strata::parent$gcp:storage/bucket:Bucket::name` is a gcp:storage/bucket:Bucket. */
function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").at(-1) ?? "";
}

function kindOf(urn: string): AnyKind {
  const kind = kinds[typeOf(urn)];
  if (!kind) throw new Error(`the stand-in for pulumi-gcp does not know ${typeOf(urn)}`);
  return kind;
}
