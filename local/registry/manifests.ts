import { createHash } from "node:crypto";
import { z } from "zod";
import { readBytes } from "../http/body.ts";
import { findRepository, pullSources } from "./address.ts";
import { requireWritable } from "./blobs.ts";
import { type Manifest, RegistryContent } from "./content.ts";
import { registryFailure } from "./errors.ts";
import { type RegistryRequest, requirePermission } from "./request.ts";
import { bringManifest } from "./upstream.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TAG = /^\w[\w.-]{0,127}$/;

/** The largest manifest that Artifact Registry takes, in bytes. */
const LIMIT = 4 * 1024 * 1024;

const DESCRIPTOR = z.looseObject({
  digest: z.string().regex(DIGEST),
  size: z.int().min(0),
  urls: z.array(z.string()).optional(),
});

const IMAGE = z.looseObject({
  schemaVersion: z.literal(2),
  config: DESCRIPTOR,
  layers: z.array(DESCRIPTOR),
  subject: DESCRIPTOR.optional(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

const INDEX = z.looseObject({
  schemaVersion: z.literal(2),
  manifests: z.array(DESCRIPTOR),
  subject: DESCRIPTOR.optional(),
  artifactType: z.string().optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** The kinds of manifest that are taken. */
const IMAGES = new Set([
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
]);
const INDEXES = new Set([
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
]);

/** `HEAD`, `GET`, `PUT` and `DELETE` of a manifest. */
export async function answerManifest(call: RegistryRequest): Promise<void> {
  switch (call.verb) {
    case "GET":
    case "HEAD":
      return sendManifest(call);
    case "PUT":
      return receiveManifest(call);
    case "DELETE":
      return deleteManifest(call);
    default:
      throw registryFailure(405, "UNSUPPORTED", `Manifests have no ${call.verb}`);
  }
}

async function sendManifest(call: RegistryRequest): Promise<void> {
  const { cloud, address, reference, verb, response } = call;
  requirePermission(call, "artifactregistry.repositories.downloadArtifacts");
  const content = new RegistryContent(cloud);
  for (const repository of pullSources(cloud, address.repository)) {
    await bringManifest(cloud, repository, address.image, reference);
    const manifest = content.manifest(RegistryContent.packageName(repository, address.image), reference);
    if (!manifest) continue;
    response.writeHead(200, {
      "Content-Type": manifest.mediaType,
      "Content-Length": String(manifest.size),
      "Docker-Content-Digest": manifest.digest,
      ETag: `"${manifest.digest}"`,
    });
    if (verb === "HEAD") response.end();
    else cloud.blobs.read(manifest.digest.slice(7)).pipe(response);
    return;
  }
  throw registryFailure(404, "MANIFEST_UNKNOWN", `Failed to fetch "${reference}"`);
}

async function receiveManifest(call: RegistryRequest): Promise<void> {
  const { cloud, address, reference, request, response } = call;
  requirePermission(call, "artifactregistry.repositories.uploadArtifacts");
  requireWritable(call);
  const byDigest = DIGEST.test(reference);
  if (!byDigest && !TAG.test(reference)) throw registryFailure(400, "TAG_INVALID", `'${reference}' is no tag`);
  if (!byDigest) requirePermission(call, "artifactregistry.tags.create");
  const body = await readBytes(request, LIMIT);
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  if (byDigest && reference !== digest) {
    throw registryFailure(400, "DIGEST_INVALID", `The manifest has the digest ${digest}, not ${reference}`);
  }
  const manifest = readManifest(call, body, digest);
  await cloud.blobs.write(body);
  pushed(call, manifest, byDigest ? undefined : reference);
  const [, project, , , , id] = address.repository.split("/");
  response.writeHead(201, {
    Location: `/v2/${project}/${id}/${address.image}/manifests/${digest}`,
    "Docker-Content-Digest": digest,
    "Content-Length": "0",
    ...(manifest.subject && { "OCI-Subject": manifest.subject }),
  });
  response.end();
}

/** Keeps the manifest; nothing can come between the check of an immutable tag and its creation. */
function pushed(call: RegistryRequest, manifest: Manifest, tag: string | undefined): void {
  const { cloud, address } = call;
  const content = new RegistryContent(cloud);
  const packageName = RegistryContent.packageName(address.repository, address.image);
  const old = tag === undefined ? undefined : content.tag(packageName, tag);
  if (old !== undefined && old !== manifest.digest) {
    requirePermission(call, "artifactregistry.tags.update");
    if (hasImmutableTags(call)) {
      const message = `cannot update tag ${tag}. The repository has enabled tag immutability`;
      throw registryFailure(400, "MANIFEST_INVALID", message);
    }
  }
  content.putManifest(packageName, manifest, tag);
}

function hasImmutableTags({ cloud, address }: RegistryRequest): boolean {
  const config = findRepository(cloud, address.repository)?.dockerConfig as { immutableTags?: boolean } | undefined;
  return config?.immutableTags === true;
}

/** Reads a manifest whose parts must all be in the repository. */
function readManifest(call: RegistryRequest, body: Buffer, digest: string): Manifest {
  const mediaType = (call.request.headers["content-type"] ?? "").split(";")[0] ?? "";
  const parsed = z.looseObject({ mediaType: z.string().optional() }).safeParse(parseJson(body));
  if (!parsed.success) throw registryFailure(400, "MANIFEST_INVALID", "The manifest is not a JSON object");
  if (parsed.data.mediaType !== undefined && parsed.data.mediaType !== mediaType) {
    throw registryFailure(
      400,
      "MANIFEST_INVALID",
      `The manifest says ${parsed.data.mediaType}, its header ${mediaType}`,
    );
  }
  const common = { digest, mediaType, size: body.length, uploadTime: new Date().toISOString() };
  if (IMAGES.has(mediaType)) return { ...common, ...readImage(call, parsed.data, body.length) };
  if (INDEXES.has(mediaType)) return { ...common, ...readIndex(call, parsed.data, body.length) };
  throw registryFailure(400, "MANIFEST_INVALID", `Manifests of type '${mediaType}' are not taken`);
}

function readImage(call: RegistryRequest, value: unknown, size: number) {
  const image = IMAGE.safeParse(value);
  if (!image.success) throw registryFailure(400, "MANIFEST_INVALID", z.prettifyError(image.error));
  const content = new RegistryContent(call.cloud);
  const own = [image.data.config, ...image.data.layers].filter((part) => !part.urls?.length);
  for (const part of own) {
    if (content.hasBlob(call.address.repository, part.digest)) continue;
    throw registryFailure(400, "MANIFEST_BLOB_UNKNOWN", `Blob ${part.digest} has not been pushed to the repository`);
  }
  return { imageSize: own.reduce((sum, part) => sum + part.size, size), ...relation(image.data, image.data.config) };
}

function readIndex(call: RegistryRequest, value: unknown, size: number) {
  const index = INDEX.safeParse(value);
  if (!index.success) throw registryFailure(400, "MANIFEST_INVALID", z.prettifyError(index.error));
  const packageName = RegistryContent.packageName(call.address.repository, call.address.image);
  const content = new RegistryContent(call.cloud);
  for (const child of index.data.manifests) {
    if (content.manifest(packageName, child.digest)) continue;
    throw registryFailure(400, "MANIFEST_BLOB_UNKNOWN", `Manifest ${child.digest} has not been pushed to the image`);
  }
  return { imageSize: size, ...relation(index.data) };
}

function relation(
  manifest: z.output<typeof INDEX> | z.output<typeof IMAGE>,
  config?: Readonly<Record<string, unknown>>,
) {
  const artifactType = manifest.artifactType ?? (manifest.subject && config ? String(config.mediaType) : undefined);
  return {
    ...(manifest.subject && { subject: manifest.subject.digest }),
    ...(artifactType && { artifactType }),
    ...(manifest.annotations && { annotations: manifest.annotations }),
  };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function deleteManifest(call: RegistryRequest): void {
  const { cloud, address, reference, response } = call;
  const content = new RegistryContent(cloud);
  const packageName = RegistryContent.packageName(address.repository, address.image);
  const byDigest = DIGEST.test(reference);
  requirePermission(call, byDigest ? "artifactregistry.versions.delete" : "artifactregistry.tags.delete");
  if (!content.manifest(packageName, reference)) {
    throw registryFailure(404, "MANIFEST_UNKNOWN", `Failed to fetch "${reference}"`);
  }
  if (!byDigest && hasImmutableTags(call)) {
    const message = `cannot delete tag ${reference}. The repository has enabled tag immutability`;
    throw registryFailure(400, "MANIFEST_INVALID", message);
  }
  if (byDigest && content.tags(packageName).some(({ digest }) => digest === reference)) {
    throw registryFailure(400, "GOOGLE_MANIFEST_DANGLING_TAG", `Manifest ${reference} still has tags`);
  }
  if (byDigest) content.deleteManifest(packageName, reference);
  else content.deleteTag(packageName, reference);
  response.writeHead(202, { "Content-Length": "0" }).end();
}
