import { randomUUID } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { readRange } from "../products/storage/downloads.ts";
import { pullSources, requireRepository } from "./address.ts";
import { RegistryContent } from "./content.ts";
import { registryFailure } from "./errors.ts";
import { type RegistryRequest, requirePermission } from "./request.ts";
import { bringBlob } from "./upstream.ts";

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** `HEAD` and `GET` of a blob. */
export async function answerBlob(call: RegistryRequest): Promise<void> {
  const { cloud, address, reference, verb, response } = call;
  if (verb !== "GET" && verb !== "HEAD") throw registryFailure(405, "UNSUPPORTED", `Blobs have no ${verb}`);
  requirePermission(call, "artifactregistry.repositories.downloadArtifacts");
  if (!DIGEST.test(reference)) throw registryFailure(400, "DIGEST_INVALID", `'${reference}' is no digest`);
  const content = new RegistryContent(cloud);
  let size: number | undefined;
  for (const repository of pullSources(cloud, address.repository)) {
    await bringBlob(cloud, repository, address.image, reference);
    if (content.hasBlob(repository, reference)) size = cloud.blobs.size(reference.slice(7));
    if (size !== undefined) break;
  }
  if (size === undefined) throw registryFailure(404, "BLOB_UNKNOWN", `Blob ${reference} is unknown`);
  const range = readRange(call.request.headers.range, size);
  response.writeHead(range ? 206 : 200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": String(range ? range.end - range.start + 1 : size),
    "Docker-Content-Digest": reference,
    ...(range && { "Content-Range": `bytes ${range.start}-${range.end}/${size}` }),
  });
  if (verb === "HEAD") response.end();
  else await pipeline(cloud.blobs.read(reference.slice(7), range), response).catch(() => response.destroy());
}

interface Upload {
  readonly repository: string;
  readonly image: string;
}

/** `POST`, `PATCH`, `PUT`, `GET` and `DELETE` of an upload: monolithic, in chunks, or by mounting. */
export async function answerUpload(call: RegistryRequest): Promise<void> {
  const { cloud, address, reference: id, verb } = call;
  requirePermission(call, "artifactregistry.repositories.uploadArtifacts");
  requireWritable(call);
  if (verb === "POST" && id === "") return beginUpload(call);
  const upload = cloud.documents.get<Upload>("registry.uploads", id);
  if (upload?.repository !== address.repository || upload.image !== address.image) {
    throw registryFailure(404, "BLOB_UPLOAD_UNKNOWN", `Upload ${id} is unknown`);
  }
  if (verb === "GET") return answerProgress(call, id, 204);
  if (verb === "PATCH") {
    await receive(call, id);
    return answerProgress(call, id, 202);
  }
  if (verb === "PUT") return endUpload(call, id);
  if (verb !== "DELETE") throw registryFailure(405, "UNSUPPORTED", `Uploads have no ${verb}`);
  cloud.blobs.discard(id);
  cloud.documents.delete("registry.uploads", id);
  call.response.writeHead(204).end();
}

/** Only standard repositories are pushed to. */
export function requireWritable({ cloud, address }: RegistryRequest): void {
  const { mode = "STANDARD_REPOSITORY", format } = requireRepository(cloud, address.repository);
  if (mode !== "STANDARD_REPOSITORY" || format !== "DOCKER") {
    throw registryFailure(400, "UNSUPPORTED", `${address.repository} takes no pushes: it is ${mode}, ${format}`);
  }
}

async function beginUpload(call: RegistryRequest): Promise<void> {
  const { cloud, address, url } = call;
  const mount = url.searchParams.get("mount");
  if (mount && canMount(call, mount, url.searchParams.get("from"))) {
    new RegistryContent(cloud).addBlob(address.repository, mount);
    return answerCreated(call, mount);
  }
  const id = randomUUID();
  const upload: Upload = { repository: address.repository, image: address.image };
  cloud.documents.put("registry.uploads", id, upload);
  if (url.searchParams.has("digest")) return endUpload(call, id);
  answerProgress(call, id, 202);
}

/** A blob can be mounted from a repository that has it and that the caller may pull from. */
function canMount({ cloud, caller, address }: RegistryRequest, digest: string, from: string | null): boolean {
  const content = new RegistryContent(cloud);
  if (from === null) return content.hasBlob(address.repository, digest);
  const [project, id] = from.split("/");
  const location = address.repository.split("/")[3];
  const source = `projects/${project}/locations/${location}/repositories/${id}`;
  const permission = "artifactregistry.repositories.downloadArtifacts";
  return (
    content.hasBlob(source, digest) &&
    cloud.access.allows(caller, permission, source, "artifactregistry.googleapis.com")
  );
}

async function receive(call: RegistryRequest, id: string): Promise<void> {
  const { cloud, request } = call;
  const start = /^(\d+)-(\d+)$/.exec(request.headers["content-range"] ?? "")?.[1];
  if (start !== undefined && Number(start) !== cloud.blobs.uploaded(id)) {
    throw registryFailure(416, "BLOB_UPLOAD_INVALID", `The chunk begins at ${start}, not where the last one ended`);
  }
  await cloud.blobs.append(id, request);
}

async function endUpload(call: RegistryRequest, id: string): Promise<void> {
  const { cloud, address, url } = call;
  const digest = url.searchParams.get("digest") ?? "";
  if (!DIGEST.test(digest)) throw registryFailure(400, "DIGEST_INVALID", `'${digest}' is no digest`);
  await receive(call, id);
  const blob = await cloud.blobs.finish(id);
  cloud.documents.delete("registry.uploads", id);
  if (`sha256:${blob.sha256}` !== digest) {
    throw registryFailure(400, "DIGEST_INVALID", `The bytes have the digest sha256:${blob.sha256}, not ${digest}`);
  }
  new RegistryContent(cloud).addBlob(address.repository, digest);
  answerCreated(call, digest);
}

function answerCreated({ address, response }: RegistryRequest, digest: string): void {
  const headers = {
    Location: `${pathOf(address)}/blobs/${digest}`,
    "Docker-Content-Digest": digest,
    "Content-Length": "0",
  };
  response.writeHead(201, headers).end();
}

function answerProgress({ cloud, address, response }: RegistryRequest, id: string, status: number): void {
  const size = cloud.blobs.uploaded(id);
  response.writeHead(status, {
    Location: `${pathOf(address)}/blobs/uploads/${id}`,
    "Docker-Upload-UUID": id,
    Range: `0-${Math.max(0, size - 1)}`,
    ...(status !== 204 && { "Content-Length": "0" }),
  });
  response.end();
}

/** `/v2/P/R/image`. */
function pathOf({ repository, image }: RegistryRequest["address"]): string {
  const [, project, , , , id] = repository.split("/");
  return `/v2/${project}/${id}/${image}`;
}
