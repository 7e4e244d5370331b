import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { GoogleError } from "../http/errors.ts";
import { findRepository, resolveAddress } from "../registry/address.ts";
import { type Manifest, RegistryContent } from "../registry/content.ts";
import { isMessage } from "../schema/masks.ts";
import type { Job } from "./worker.ts";

const OCI = "application/vnd.oci.image";
const SERVICE = "artifactregistry.googleapis.com";

/**
 * Publishes an image without content under a tag, in the name of the build's account and by the rules of the
 * repository. Its labels say that it is simulated, so nobody can take it for what the build would have made.
 *
 * @param reference - `host/P/R/image:tag`.
 * @returns the image's digest.
 * @throws GoogleError where the account may not push, the repository is not there, or the tag is taken and immutable.
 */
export function pushSimulatedImage(job: Job, reference: string): string {
  const { cloud, build, caller } = job;
  const [, host = "", name = "", tag = ""] = /^([^/]+)\/(.+):([\w][\w.-]*)$/.exec(reference) ?? [];
  if (name === "") throw new GoogleError("INVALID_ARGUMENT", `'${reference}' is no image reference with a tag`);
  const { repository, image } = resolveAddress(cloud, name, host);
  for (const permission of ["artifactregistry.repositories.uploadArtifacts", "artifactregistry.tags.create"]) {
    cloud.access.require(caller, permission, repository, SERVICE);
  }
  const found = findRepository(cloud, repository);
  if (!found) throw new GoogleError("NOT_FOUND", `Repository ${repository} not found`);
  const content = new RegistryContent(cloud);
  const packageName = RegistryContent.packageName(repository, image);
  const parts = simulatedImage(reference, build.id, build.createTime);
  const old = content.tag(packageName, tag);
  const immutable = isMessage(found.dockerConfig) && found.dockerConfig.immutableTags === true;
  if (old !== undefined && old !== parts.manifest.digest && immutable) {
    throw new GoogleError(
      "FAILED_PRECONDITION",
      `cannot update tag ${tag}. The repository has enabled tag immutability`,
    );
  }
  for (const bytes of parts.blobs) {
    cloud.blobs.keep(bytes);
    content.addBlob(repository, digestOf(bytes));
  }
  content.putManifest(packageName, parts.manifest, tag);
  job.log(`simulated: pushed an empty image as ${reference}@${parts.manifest.digest}`);
  return parts.manifest.digest;
}

function simulatedImage(
  reference: string,
  buildId: string,
  created: string,
): { manifest: Manifest; blobs: readonly Buffer[] } {
  const layerTar = Buffer.alloc(1024);
  const layer = gzipSync(layerTar);
  const config = Buffer.from(
    JSON.stringify({
      created,
      architecture: "amd64",
      os: "linux",
      config: {
        Labels: { "dev.strata.simulated": "true", "dev.strata.reference": reference, "dev.strata.build": buildId },
      },
      rootfs: { type: "layers", diff_ids: [digestOf(layerTar)] },
      history: [{ created, created_by: "simulated by the local Google Cloud of strata" }],
    }),
  );
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: { mediaType: `${OCI}.config.v1+json`, digest: digestOf(config), size: config.length },
      layers: [{ mediaType: `${OCI}.layer.v1.tar+gzip`, digest: digestOf(layer), size: layer.length }],
      annotations: { "dev.strata.simulated": "true" },
    }),
  );
  const manifest: Manifest = {
    digest: digestOf(body),
    mediaType: `${OCI}.manifest.v1+json`,
    size: body.length,
    imageSize: body.length + config.length + layer.length,
    uploadTime: new Date().toISOString(),
    annotations: { "dev.strata.simulated": "true" },
  };
  return { manifest, blobs: [layer, config, body] };
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
