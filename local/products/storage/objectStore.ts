import type { Cloud } from "../../cloud.ts";
import type { Message } from "../../schema/messages.ts";
import type { Blob } from "../../state/blobs.ts";
import type { Bucket } from "./buckets.ts";

/** An object's version as it is kept. */
export interface StoredObject {
  /** What the API shows of it. */
  readonly resource: Message;
  /** Hex digest of its bytes. */
  readonly sha256: string;
}

let lastGeneration = 0;

/** A generation: microseconds since 1970, larger than any before. */
export function nextGeneration(): string {
  lastGeneration = Math.max(lastGeneration + 1, Date.now() * 1000);
  return String(lastGeneration);
}

/** The live version, or the one of a generation. */
export function findObject(cloud: Cloud, bucket: string, name: string, generation?: string): StoredObject | undefined {
  const live = cloud.documents.get<StoredObject>("storage.objects", `${bucket}/${name}`);
  if (generation === undefined || live?.resource.generation === generation) return live;
  return cloud.documents.get<StoredObject>("storage.versions", versionKey(bucket, name, generation));
}

/**
 * Makes bytes the live version of an object. The version before is kept where the bucket keeps versions.
 *
 * @param metadata - what the writer said of it: contentType, metadata, cacheControl …
 */
export function putObject(cloud: Cloud, bucket: string, name: string, blob: Blob, metadata: Message): Message {
  retire(cloud, bucket, name);
  const generation = nextGeneration();
  const now = new Date().toISOString();
  const url = `${cloud.origin}/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`;
  const resource: Message = {
    storageClass: "STANDARD",
    contentType: "application/octet-stream",
    ...metadata,
    kind: "storage#object",
    id: `${bucket}/${name}/${generation}`,
    selfLink: url,
    mediaLink: `${cloud.origin}/download/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation,
    metageneration: "1",
    size: String(blob.size),
    md5Hash: blob.md5,
    crc32c: blob.crc32c,
    etag: Buffer.from(generation).toString("base64"),
    timeCreated: now,
    updated: now,
    timeFinalized: now,
    timeStorageClassUpdated: now,
  };
  cloud.documents.put("storage.objects", `${bucket}/${name}`, { resource, sha256: blob.sha256 });
  return resource;
}

/** Takes the live version away: to the kept versions where the bucket keeps them. */
export function retire(cloud: Cloud, bucket: string, name: string): void {
  const live = findObject(cloud, bucket, name);
  if (!live) return;
  const { versioning } = cloud.documents.get<Bucket>("storage.buckets", bucket)?.resource ?? {};
  if ((versioning as { enabled?: boolean } | undefined)?.enabled) {
    const resource = { ...live.resource, timeDeleted: new Date().toISOString() };
    const key = versionKey(bucket, name, String(live.resource.generation));
    cloud.documents.put("storage.versions", key, { ...live, resource });
  }
  cloud.documents.delete("storage.objects", `${bucket}/${name}`);
}

/** Removes one version for good. */
export function removeVersion(cloud: Cloud, bucket: string, name: string, generation: string): void {
  const live = cloud.documents.get<StoredObject>("storage.objects", `${bucket}/${name}`);
  if (live?.resource.generation === generation) cloud.documents.delete("storage.objects", `${bucket}/${name}`);
  cloud.documents.delete("storage.versions", versionKey(bucket, name, generation));
}

/** Keeps changed metadata of the live version. */
export function rewriteMetadata(cloud: Cloud, bucket: string, name: string, stored: StoredObject): void {
  cloud.documents.put("storage.objects", `${bucket}/${name}`, stored);
}

/** Versions lie beside each other, the oldest first: generations have equally many digits until the year 2286. */
function versionKey(bucket: string, name: string, generation: string): string {
  return `${bucket}/${name}#${generation}`;
}
