import type { Cloud } from "../../cloud.ts";
import { GoogleError, invalid, notFound } from "../../http/errors.ts";
import type { Policy } from "../../identity/access.ts";
import { isMessage } from "../../schema/masks.ts";
import type { Message } from "../../schema/messages.ts";
import { allowedOf, writePolicy } from "../policies.ts";
import { type Behaviours, type Call, RawAnswer } from "../product.ts";
import { findProject } from "../projects.ts";
import { page, timestamp } from "../resources.ts";

/** A bucket as it is kept. */
export interface Bucket {
  /** The id of its project. */
  readonly project: string;
  /** What the API shows of it. */
  readonly resource: Message;
}

/** Locations of more than one region; every other location is a region. */
const MULTI_REGIONS = new Set(["US", "EU", "ASIA"]);

/** The name of a bucket in permissions and conditions. */
export function bucketResource(call: Call): string {
  return `projects/_/buckets/${call.path.bucket}`;
}

/** The bucket that a call names. */
export function fetchBucket(call: Call, name = call.path.bucket ?? ""): Bucket {
  const bucket = call.cloud.documents.get<Bucket>("storage.buckets", name);
  if (!bucket) throw new GoogleError("NOT_FOUND", "The specified bucket does not exist.", { reason: "notFound" });
  return bucket;
}

/** The methods of buckets and their policies. */
export const BUCKET_METHODS: Behaviours = {
  "storage.buckets.insert": {
    permission: "storage.buckets.create",
    on: (call) => `projects/${call.query.project}`,
    query: ["project", "projection"],
    run: insertBucket,
  },
  "storage.buckets.get": {
    permission: "storage.buckets.get",
    on: bucketResource,
    query: ["projection", "ifMetagenerationMatch"],
    run: (call) => {
      const { resource } = fetchBucket(call);
      requireMetageneration(call, resource);
      return resource;
    },
  },
  "storage.buckets.list": {
    permission: "storage.buckets.list",
    on: (call) => `projects/${call.query.project}`,
    query: ["project", "prefix", "maxResults", "pageToken", "projection"],
    run: (call) => {
      const { items, nextPageToken } = page(call, "storage.buckets", String(call.query.prefix ?? ""));
      const own = (items as unknown as Bucket[]).filter((bucket) => bucket.project === call.query.project);
      return {
        kind: "storage#buckets",
        items: own.map((bucket) => bucket.resource),
        ...(nextPageToken && { nextPageToken }),
      };
    },
  },
  "storage.buckets.patch": {
    permission: ["storage.buckets.get", "storage.buckets.update"],
    on: bucketResource,
    query: ["projection", "ifMetagenerationMatch"],
    nulls: true,
    run: (call) => changeBucket(call, (before) => mergePatch(before, call.body)),
  },
  "storage.buckets.update": {
    permission: ["storage.buckets.get", "storage.buckets.update"],
    on: bucketResource,
    query: ["projection", "ifMetagenerationMatch"],
    run: (call) => changeBucket(call, () => call.body),
  },
  "storage.buckets.delete": {
    permission: "storage.buckets.delete",
    on: bucketResource,
    query: ["ifMetagenerationMatch"],
    run: deleteBucket,
  },
  "storage.buckets.getIamPolicy": {
    permission: "storage.buckets.getIamPolicy",
    on: bucketResource,
    query: ["optionsRequestedPolicyVersion"],
    run: (call) => {
      fetchBucket(call);
      return shownPolicy(call, call.cloud.access.policy(bucketResource(call)));
    },
  },
  "storage.buckets.setIamPolicy": {
    permission: "storage.buckets.setIamPolicy",
    on: bucketResource,
    run: (call) => {
      fetchBucket(call);
      const { bindings, etag, version } = call.body as Policy;
      const policy = {
        ...(bindings && { bindings }),
        ...(etag !== undefined && { etag }),
        ...(version && { version }),
      };
      return shownPolicy(call, writePolicy(call.cloud, bucketResource(call), policy));
    },
  },
  "storage.buckets.testIamPermissions": {
    permission: null,
    on: bucketResource,
    query: ["permissions"],
    run: (call) => ({
      kind: "storage#testIamPermissionsResponse",
      ...allowedOf(call, bucketResource(call), [call.query.permissions ?? []].flat() as string[]),
    }),
  },
  "storage.anywhereCaches.list": {
    permission: "storage.anywhereCaches.list",
    on: bucketResource,
    query: ["pageSize", "pageToken"],
    run: (call) => {
      fetchBucket(call);
      return { kind: "storage#anywhereCaches", items: [] };
    },
  },
};

function insertBucket(call: Call): Message {
  const name = String(call.body.name ?? "");
  const project = String(call.query.project);
  if (!/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name) || /^goog|google/.test(name)) {
    throw invalid(`Invalid bucket name: '${name}'`);
  }
  if (call.cloud.documents.get("storage.buckets", name)) {
    throw new GoogleError(
      "ALREADY_EXISTS",
      "Your previous request to create the named bucket succeeded and you already own it.",
      { reason: "conflict" },
    );
  }
  return makeBucket(call.cloud, project, name, call.body);
}

/** Makes a bucket whose name is free. */
export function makeBucket(cloud: Cloud, project: string, name: string, body: Message): Message {
  const location = String(body.location ?? "US").toUpperCase();
  const now = timestamp();
  const resource = completed({
    ...body,
    name,
    kind: "storage#bucket",
    id: name,
    selfLink: `${cloud.origin}/storage/v1/b/${name}`,
    projectNumber: findProject(cloud.documents, project)?.projectNumber ?? "0",
    location,
    locationType: MULTI_REGIONS.has(location) ? "multi-region" : "region",
    timeCreated: now,
    updated: now,
    metageneration: "1",
  });
  cloud.documents.put("storage.buckets", name, { project, resource });
  return resource;
}

/** Fills in what Cloud Storage sets by itself and refuses what it refuses. */
function completed(resource: Message): Message {
  const { lifecycle, iamConfiguration, ...rest } = resource;
  const rules = isMessage(lifecycle) && Array.isArray(lifecycle.rule) ? (lifecycle.rule as Message[]) : [];
  for (const rule of rules) {
    if (!isMessage(rule.action) || !isMessage(rule.condition) || Object.keys(rule.condition).length === 0) {
      throw invalid("A lifecycle management rule needs an action and at least one condition.");
    }
  }
  const access = isMessage(iamConfiguration) ? iamConfiguration : {};
  const retention = { retentionDurationSeconds: "604800", effectiveTime: timestamp() };
  return {
    storageClass: "STANDARD",
    softDeletePolicy: retention,
    ...rest,
    ...(rules.length > 0 && { lifecycle }),
    iamConfiguration: {
      uniformBucketLevelAccess: { enabled: false },
      publicAccessPrevention: "inherited",
      ...access,
    },
    etag: Buffer.from(`meta-${resource.metageneration}`).toString("base64"),
  };
}

function changeBucket(call: Call, change: (before: Message) => Message): Message {
  const name = call.path.bucket ?? "";
  const { project, resource } = fetchBucket(call);
  requireMetageneration(call, resource);
  const changed = change(resource);
  if (changed.location !== undefined && String(changed.location).toUpperCase() !== resource.location) {
    throw invalid("The location of an existing bucket cannot be changed.");
  }
  const { kind, id, selfLink, projectNumber, location, locationType, timeCreated } = resource;
  const fixed = { kind, id, selfLink, projectNumber, location, locationType, timeCreated, name };
  const metageneration = String(Number(resource.metageneration) + 1);
  const next = completed({ ...changed, ...fixed, updated: timestamp(), metageneration });
  call.cloud.documents.put("storage.buckets", name, { project, resource: next });
  return next;
}

/** A JSON merge patch (RFC 7396). */
export function mergePatch(before: Message, patch: Message): Message {
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(patch)) {
    const old = before[key];
    if (value === null) delete result[key];
    else result[key] = isMessage(value) ? mergePatch(isMessage(old) ? old : {}, value) : value;
  }
  return result;
}

function deleteBucket(call: Call): RawAnswer {
  const name = call.path.bucket ?? "";
  const { resource } = fetchBucket(call);
  requireMetageneration(call, resource);
  const prefix = `${name}/`;
  for (const collection of ["storage.objects", "storage.versions"]) {
    if (call.cloud.documents.list(collection, { prefix, limit: 1 }).length > 0) {
      throw new GoogleError("ALREADY_EXISTS", "The bucket you tried to delete is not empty.", { reason: "conflict" });
    }
  }
  call.cloud.documents.delete("storage.buckets", name);
  call.cloud.documents.delete("policy", bucketResource(call));
  return noContent();
}

/** 204. */
export function noContent(): RawAnswer {
  return new RawAnswer((response) => {
    response.writeHead(204);
    response.end();
  });
}

function requireMetageneration(call: Call, resource: Message): void {
  const wanted = call.query.ifMetagenerationMatch;
  if (wanted !== undefined && wanted !== resource.metageneration) throw conditionNotMet();
}

/** 412, as Cloud Storage answers a precondition that does not hold. */
export function conditionNotMet(): GoogleError {
  return new GoogleError("FAILED_PRECONDITION", "At least one of the pre-conditions you specified did not hold.", {
    http: 412,
    reason: "conditionNotMet",
  });
}

function shownPolicy(call: Call, policy: Policy): Message {
  return { kind: "storage#policy", resourceId: bucketResource(call), version: 1, ...policy };
}

/** 404 for an object. */
export function noSuchObject(bucket: string, name: string): GoogleError {
  return notFound(`${bucket}/${name}`);
}
