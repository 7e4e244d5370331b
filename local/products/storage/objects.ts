import { invalid } from "../../http/errors.ts";
import type { Message } from "../../schema/messages.ts";
import type { Behaviours, Call, RawAnswer } from "../product.ts";
import { bucketResource, fetchBucket, mergePatch, noContent, noSuchObject } from "./buckets.ts";
import { sendObject } from "./downloads.ts";
import { findObject, putObject, removeVersion, retire, rewriteMetadata, type StoredObject } from "./objectStore.ts";
import { checkPreconditions, objectResource, PRECONDITIONS, requireWrite, WRITABLE, writablePart } from "./rules.ts";
import { UPLOAD_METHODS } from "./uploads.ts";

const onObject = (call: Call) => objectResource(call.path.bucket, call.path.object);

/** The methods of objects. */
export const OBJECT_METHODS: Behaviours = {
  ...UPLOAD_METHODS,
  "storage.objects.get": {
    permission: "storage.objects.get",
    on: onObject,
    query: [...PRECONDITIONS, "generation", "projection"],
    run: (call) => {
      const stored = requireObject(call);
      checkPreconditions(call.query, stored);
      return call.request.url?.includes("alt=media") ? sendObject(call, stored) : stored.resource;
    },
  },
  "storage.objects.list": {
    permission: "storage.objects.list",
    on: bucketResource,
    query: ["prefix", "delimiter", "maxResults", "pageToken", "projection", "versions", "startOffset", "endOffset"],
    run: listObjects,
  },
  "storage.objects.patch": {
    permission: ["storage.objects.get", "storage.objects.update"],
    on: onObject,
    query: [...PRECONDITIONS, "projection"],
    nulls: true,
    run: (call) => changeMetadata(call, (before) => mergePatch(before, call.body)),
  },
  "storage.objects.update": {
    permission: ["storage.objects.get", "storage.objects.update"],
    on: onObject,
    query: [...PRECONDITIONS, "projection"],
    run: (call) => changeMetadata(call, () => call.body),
  },
  "storage.objects.delete": {
    permission: "storage.objects.delete",
    on: onObject,
    query: [...PRECONDITIONS, "generation"],
    run: deleteObject,
  },
  "storage.objects.rewrite": {
    permission: "storage.objects.get",
    on: (call) => objectResource(call.path.sourceBucket, call.path.sourceObject),
    query: [...PRECONDITIONS, "sourceGeneration", "projection"],
    run: rewriteObject,
  },
};

function requireObject(call: Call): StoredObject {
  const { bucket = "", object = "" } = call.path;
  fetchBucket(call);
  const stored = findObject(call.cloud, bucket, object, call.query.generation as string | undefined);
  if (!stored) throw noSuchObject(bucket, object);
  return stored;
}

function changeMetadata(call: Call, change: (before: Message) => Message): Message {
  const { bucket = "", object = "" } = call.path;
  const stored = requireObject(call);
  checkPreconditions(call.query, stored);
  const kept = Object.fromEntries(Object.entries(stored.resource).filter(([key]) => !WRITABLE.includes(key)));
  const resource = {
    ...kept,
    ...writablePart(change(stored.resource)),
    metageneration: String(Number(stored.resource.metageneration) + 1),
    updated: new Date().toISOString(),
  };
  rewriteMetadata(call.cloud, bucket, object, { ...stored, resource });
  return resource;
}

function deleteObject(call: Call): RawAnswer {
  const { bucket = "", object = "" } = call.path;
  const stored = requireObject(call);
  checkPreconditions(call.query, stored);
  if (call.query.generation === undefined) retire(call.cloud, bucket, object);
  else removeVersion(call.cloud, bucket, object, String(call.query.generation));
  return noContent();
}

function rewriteObject(call: Call): Message {
  const { sourceBucket = "", sourceObject = "", destinationBucket = "", destinationObject = "" } = call.path;
  const { cloud } = call;
  const source = findObject(cloud, sourceBucket, sourceObject, call.query.sourceGeneration as string | undefined);
  fetchBucket(call, destinationBucket);
  if (!source) throw noSuchObject(sourceBucket, sourceObject);
  const live = findObject(cloud, destinationBucket, destinationObject);
  requireWrite(call, destinationBucket, destinationObject, live !== undefined);
  checkPreconditions(call.query, live);
  const { size, md5Hash, crc32c } = source.resource;
  const blob = { sha256: source.sha256, size: Number(size), md5: String(md5Hash), crc32c: String(crc32c) };
  const metadata = Object.keys(call.body).length > 0 ? call.body : source.resource;
  const resource = putObject(cloud, destinationBucket, destinationObject, blob, writablePart(metadata));
  return { kind: "storage#rewriteResponse", done: true, objectSize: size, totalBytesRewritten: size, resource };
}

function listObjects(call: Call): Message {
  const bucket = call.path.bucket ?? "";
  fetchBucket(call);
  const { prefix = "", delimiter = "", startOffset = "", endOffset, versions, pageToken = "" } = call.query;
  const limit = Math.min(Number(call.query.maxResults ?? 1000), 1000);
  if (!(limit > 0)) throw invalid("maxResults must be at least 1");
  const after = Buffer.from(String(pageToken), "base64url").toString();
  const items: Message[] = [];
  const prefixes = new Set<string>();
  let last = "";
  for (const row of rowsOf(call, bucket, String(prefix), versions === true)) {
    const name = String(row.resource.name);
    const key = versions === true ? `${name}#${row.resource.generation}` : name;
    if (name < String(startOffset) || (endOffset !== undefined && name >= String(endOffset))) continue;
    const cut = delimiter === "" ? -1 : name.indexOf(String(delimiter), String(prefix).length);
    const group = cut < 0 ? undefined : name.slice(0, cut + String(delimiter).length);
    if (after !== "" && (key <= after || (group !== undefined && group <= after))) continue;
    if (group !== undefined && prefixes.has(group)) continue;
    if (items.length + prefixes.size === limit) {
      return { ...listAnswer(items, prefixes), nextPageToken: Buffer.from(last).toString("base64url") };
    }
    last = group ?? key;
    if (group === undefined) items.push(row.resource);
    else prefixes.add(group);
  }
  return listAnswer(items, prefixes);
}

function listAnswer(items: readonly Message[], prefixes: ReadonlySet<string>): Message {
  return {
    kind: "storage#objects",
    ...(items.length > 0 && { items }),
    ...(prefixes.size > 0 && { prefixes: [...prefixes] }),
  };
}

function rowsOf(call: Call, bucket: string, prefix: string, versions: boolean): readonly StoredObject[] {
  const { documents } = call.cloud;
  const options = { prefix: `${bucket}/${prefix}` };
  const live = documents.list<StoredObject>("storage.objects", options);
  if (!versions) return live.map((row) => row.body);
  const all = [
    ...live.map((row) => ({ name: `${row.name}#${row.body.resource.generation}`, body: row.body })),
    ...documents.list<StoredObject>("storage.versions", options),
  ];
  return all.sort((a, b) => (a.name < b.name ? -1 : 1)).map((row) => row.body);
}
