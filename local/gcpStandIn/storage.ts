import type { storage } from "@pulumi/gcp";
import type { Unwrap } from "@pulumi/pulumi";
import type { Kind } from "../standIn/kind.ts";
import { attribution, body, changedSince, ownLabels } from "./body.ts";
import { call, find, type Json } from "./calls.ts";

type Inputs = Unwrap<storage.BucketArgs>;
type Outputs = { url: string; projectNumber: number };

/** What Google says of a bucket that nobody set. */
function outputsOf(id: string, found: Json): Outputs {
  return { url: `gs://${id}`, projectNumber: Number(found.projectNumber) };
}

/** gcp:storage/bucket:Bucket */
export const bucket: Kind<Inputs, Outputs> = {
  immutable: ["location", "name", "project"],
  deleteFirst: true,
  computed: ["url", "projectNumber"],

  async create(inputs) {
    const id = `${inputs.name}`;
    await call("storage", "POST", "b", {
      query: { project: `${inputs.project}` },
      body: { name: id, ...wire(inputs) },
    });
    await call("storage", "GET", `b/${id}`);
    return { id, outputs: outputsOf(id, await call("storage", "GET", `b/${id}`)) };
  },

  async read(id, state) {
    const found = await find("storage", `b/${id}`);
    const { location, ...changeable } = wire(state);
    return found && { ...changedSince(changeable, found, bucketInputs), ...outputsOf(id, found) };
  },

  async update(id, olds, news) {
    const [before, after] = [wire(olds), wire(news)];
    const changed = Object.entries(after).filter(
      ([field, value]) => JSON.stringify(before[field]) !== JSON.stringify(value),
    );
    // A merge patch: a label that is to go is null.
    const gone = Object.keys(olds.labels ?? {}).filter((label) => !(label in (news.labels ?? {})));
    const labels = { ...(after.labels as Json), ...Object.fromEntries(gone.map((label) => [label, null])) };
    const patch = Object.fromEntries(changed);
    await call("storage", "PATCH", `b/${id}`, { body: { ...patch, ...("labels" in patch && { labels }) } });
    return outputsOf(id, await call("storage", "GET", `b/${id}`));
  },

  async delete(id, { forceDestroy }) {
    // Whatever this answers is ignored.
    await find("storage", `b/${id}/anywhereCaches/`).catch(() => undefined);
    for (const object of await objects(id)) {
      if (!forceDestroy) {
        throw new Error(`Error trying to delete bucket ${id} containing objects without \`forceDestroy\` set to true`);
      }
      const query = { generation: object.generation };
      await call("storage", "DELETE", `b/${id}/o/${encodeURIComponent(object.name)}`, { query });
    }
    await call("storage", "DELETE", `b/${id}`);
  },
};

function wire(inputs: Inputs): Json {
  const { softDeletePolicy, uniformBucketLevelAccess, publicAccessPrevention } = inputs;
  return body({
    location: inputs.location,
    storageClass: inputs.storageClass ?? "STANDARD",
    labels: { ...inputs.labels, ...attribution },
    iamConfiguration: body({
      uniformBucketLevelAccess: { enabled: uniformBucketLevelAccess ?? false },
      publicAccessPrevention,
    }),
    // 64-bit numbers are text in this API.
    softDeletePolicy: softDeletePolicy && {
      retentionDurationSeconds: `${softDeletePolicy.retentionDurationSeconds}`,
    },
    lifecycle: { rule: (inputs.lifecycleRules ?? []).map(rule) },
  });
}

function bucketInputs(field: string, now: unknown): Json {
  if (field === "labels") return { labels: ownLabels(now) };
  if (field === "lifecycle")
    return { lifecycleRules: ((now as { rule?: Json[] } | undefined)?.rule ?? []).map(ruleInput) };
  if (field !== "iamConfiguration") return { [field]: now };
  const { uniformBucketLevelAccess, publicAccessPrevention } = now as {
    uniformBucketLevelAccess?: { enabled?: boolean };
    publicAccessPrevention?: string;
  };
  return { uniformBucketLevelAccess: uniformBucketLevelAccess?.enabled ?? false, publicAccessPrevention };
}

function ruleInput({ action, condition }: Json): Json {
  const { matchesPrefix, ...rest } = condition as Json;
  return { action, condition: body({ ...rest, matchesPrefixes: matchesPrefix }) };
}

function rule({ action, condition }: NonNullable<Inputs["lifecycleRules"]>[number]): Json {
  const { matchesPrefixes, ...rest } = condition;
  return { action, condition: body({ ...rest, matchesPrefix: matchesPrefixes }) };
}

type ObjectInputs = Unwrap<storage.BucketObjectArgs> & { readonly name: string };

/** gcp:storage/bucketObject:BucketObject, with its content in the program */
export const bucketObject: Kind<ObjectInputs> = {
  immutable: ["bucket", "name", "content", "contentType"],
  deleteFirst: false,
  computed: [],

  async create({ bucket: container, name, content = "", contentType: type = "text/plain; charset=utf-8" }) {
    const query = { name, uploadType: "multipart" };
    await call("storage", "POST", `b/${container}/o`, {
      query,
      body: { name, contentType: type },
      media: { type, content },
    });
    const id = `${container}-${name}`;
    return { id, outputs: {} };
  },

  async read(_, { bucket: container, name }) {
    return (await find("storage", objectPath(container, name))) && {};
  },

  async delete(_, { bucket: container, name }) {
    await call("storage", "DELETE", objectPath(container, name));
  },
};

function objectPath(container: string, name: string): string {
  return `b/${container}/o/${encodeURIComponent(name)}`;
}

interface Stored {
  readonly name: string;
  readonly generation: string;
}

/** Every version of every object. */
async function objects(id: string): Promise<readonly Stored[]> {
  const all: Stored[] = [];
  let pageToken: string | undefined;
  do {
    const page = await call("storage", "GET", `b/${id}/o`, {
      query: { versions: "true", ...(pageToken && { pageToken }) },
    });
    all.push(...((page.items ?? []) as Stored[]));
    pageToken = page.nextPageToken as string | undefined;
  } while (pageToken);
  return all;
}
