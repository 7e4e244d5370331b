import { type BuildJob, HINTS } from "../job.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The arguments of `docker buildx` that build a job's stage and push it by its digest, without a tag. Every image that
 * the Dockerfile names is pinned by a named context, and times are fixed, so that two builds of the same key have the
 * same layers.
 * @param remoteStorage value of CCACHE_REMOTE_STORAGE, where a compiler cache serves this build
 */
export function buildArguments(job: BuildJob, workspace: Workspace, remoteStorage?: string): readonly string[] {
  const hints = remoteStorage === undefined ? job.hints : { ...job.hints, [HINTS.compilerCache]: remoteStorage };
  const args = { ...job.args, ...hints, SOURCE_DATE_EPOCH: "0" };
  const layersOf = (stage: string) => `type=registry,ref=${job.layers}:${stage}`;
  return [
    "build",
    ...["--file", workspace.dockerfile],
    ...["--target", job.stage, "--platform", job.platform],
    ...Object.entries(args).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]),
    ...Object.entries(job.images).flatMap(([name, image]) => ["--build-context", `${name}=docker-image://${image}`]),
    // What is not there yet is passed over by BuildKit.
    ...[job.stage, ...(job.siblings ?? [])].flatMap((stage) => ["--cache-from", layersOf(stage)]),
    ...["--cache-to", `${layersOf(job.stage)},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`],
    ...["--attest", "type=provenance,mode=max"],
    ...(job.sbomScanner === undefined ? [] : ["--attest", `type=sbom,generator=${job.sbomScanner}`]),
    ...["--output", `${pushByDigest(job)},rewrite-timestamp=true,oci-mediatypes=true`],
    // The compiler cache listens on this machine's own address, which a RUN step reaches on the host's network only.
    ...(remoteStorage === undefined ? [] : ["--allow", "network.host", "--network", "host"]),
    ...["--progress", "plain", "--metadata-file", workspace.metadata],
    workspace.context,
  ];
}

function pushByDigest(job: BuildJob): string {
  return `type=image,name=${repositoryOf(job)},push=true,push-by-digest=true,name-canonical=true`;
}

/** Where a job's image is pushed: its reference without the tag. */
export function repositoryOf({ reference, key }: BuildJob): string {
  return reference.slice(0, -`:${key}`.length);
}

/** The arguments of `docker buildx` that run a job's checks, each time anew; their Dockerfile is read from stdin. */
export function checkArguments(job: BuildJob, digest: string): readonly string[] {
  return [
    "build",
    ...["--platform", job.platform, "--no-cache", "--progress", "plain"],
    ...["--build-context", `checked=docker-image://${repositoryOf(job)}@${digest}`],
    ...["--output", "type=cacheonly"],
    "-",
  ];
}
