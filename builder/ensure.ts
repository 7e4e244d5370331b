import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { UserError } from "../chain/errors.ts";
import { dollarsFor } from "../chain/estimate.ts";
import { machineNamed } from "../chain/machines.ts";
import { quotaOf, requireFits } from "../chain/schedule.ts";
import { type Build, type BuildService, hasEnded } from "../cloud/buildService.ts";
import { type HeldLock, LockLost } from "../cloud/lock.ts";
import type { ObjectStore } from "../cloud/objectStore.ts";
import type { BuildListener } from "./events.ts";
import { BuildFailed, type FollowOptions, follow, secondsOf } from "./follow.ts";
import type { TargetToPublish } from "./job.ts";
import { storeInputs } from "./lastInputs.ts";
import { buildRequest, inputObject, referenceTag, type UploadedInputs } from "./request.ts";
import type { BuildServices } from "./services.ts";
import type { BuildSettings } from "./settings.ts";

/** A target that is published. */
export interface Published {
  readonly digest: string;
  /** The build that published it; undefined where it was there already. */
  readonly build?: Build;
}

/** A target that is published already, or whose build runs. */
export type Started = { readonly digest: string } | { readonly build: Build };

/**
 * The one way from a planned target to a published image. Whoever asks for the same key, at the same time or after a
 * crash, on whatever machine, gets the digest of the same build:
 *
 * 1. the registry is asked; what is published is done;
 * 2. a build that runs and that the lock's last holder noted is followed, without taking the lock;
 * 3. under the lock Cloud Build is asked for any that publishes the same (for a holder that was killed before it
 *    could note it); then the registry again;
 * 4. only then, if the quota can fit its machine, the context is packed and uploaded and the build submitted, once.
 *    A submit that has to be made again asks first whether the lock is still held and nothing runs; a holder that
 *    was taken over begins again at 1;
 * 5. the lock is released with the build's id as its note; the build is followed without a lock;
 * 6. the build itself verifies, creates the key's tag as its last act, and writes the record. The tag is what counts:
 *    a build that ends badly after it has created the tag has published.
 */
export async function ensure(
  target: TargetToPublish,
  services: BuildServices,
  settings: BuildSettings,
  tell: BuildListener,
  options: FollowOptions,
): Promise<Published> {
  const started = await start(target, services, settings, tell);
  if ("digest" in started) return started;
  const { build, digest } = await followed(target, started.build, services, tell, options);
  const seconds = secondsOf(build);
  const dollars = dollarsFor(machineNamed(target.poolMachine), seconds / 60);
  tell({ kind: "PUBLISHED", target: target.target, build: build.id, digest, seconds, dollars });
  return { digest, build };
}

/** Follows a build to its end, however it ends, and finds what it has published. */
async function followed(
  target: TargetToPublish,
  started: Build,
  { builds, registry }: BuildServices,
  tell: BuildListener,
  options: FollowOptions,
): Promise<Required<Published>> {
  try {
    const build = await follow(builds, target.target, started, tell, options);
    const digest = await registry.digestOf(target.reference);
    if (digest === undefined) throw withoutTag(target, build);
    return { build, digest };
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    // Should the registry not answer now, what is known is that the build failed.
    const digest = await registry.digestOf(target.reference).catch(() => undefined);
    if (digest === undefined) throw error;
    return { build: error.build, digest };
  }
}

/** The first half of {@link ensure}: does not wait for the build. */
export async function start(
  target: TargetToPublish,
  services: BuildServices,
  settings: BuildSettings,
  tell: BuildListener,
): Promise<Started> {
  const found = (digest: string): Started => {
    tell({ kind: "FOUND", target: target.target, digest });
    return { digest };
  };
  const published = await services.registry.digestOf(target.reference);
  if (published !== undefined) return found(published);
  const attached = (build: Build): Started => {
    tell({ kind: "ATTACHED", target: target.target, build: build.id, ...(build.logUrl && { logUrl: build.logUrl }) });
    return { build };
  };
  const acquired = await services.locks.acquireUnless(lockOf(target), (note) => notedBuild(note, services.builds));
  if ("answer" in acquired) return attached(acquired.answer);
  const { lock } = acquired;
  let note: string | undefined;
  try {
    const others = await services.builds.running(referenceTag(target.reference));
    // Asked after the builds, not before: a build that ends between the two questions has created its tag by then.
    const meanwhile = others === undefined ? await services.registry.digestOf(target.reference) : undefined;
    if (meanwhile !== undefined) return found(meanwhile);
    const build = others ?? (await submit(target, services, settings, lock));
    note = build.id;
    if (others !== undefined) return attached(others);
    tell({ kind: "QUEUED", target: target.target, build: build.id, ...(build.logUrl && { logUrl: build.logUrl }) });
    return { build };
  } catch (error) {
    // Somebody else holds it now, and may have submitted what this one could not.
    if (error instanceof LockLost) return start(target, services, settings, tell);
    throw error;
  } finally {
    // A lock that cannot be released ends with its lease, and a build that it could not note is found by its tag.
    await lock.release(note).catch(() => {});
  }
}

/**
 * The name of the lock of what a target publishes. Two targets can have the same key (a folder of the catalogue that was
 * copied), and each needs a build of its own.
 */
function lockOf({ target, key }: TargetToPublish): string {
  return `${target.replace(":", ".")}-${key}`;
}

/** The build that a lock notes, if it runs. */
async function notedBuild(id: string, builds: BuildService): Promise<Build | undefined> {
  const build = await builds.find(id);
  return build === undefined || hasEnded(build) ? undefined : build;
}

async function submit(
  target: TargetToPublish,
  { store, builds, quotas }: BuildServices,
  settings: BuildSettings,
  lock: HeldLock,
): Promise<Build> {
  const { vCpus } = machineNamed(target.poolMachine);
  const quota = quotaOf(target.poolMachine);
  requireFits({ name: target.target, vCpus, quota }, await quotas.cpuLimit(quota));
  const request = buildRequest(target, await upload(target, store), settings);
  await lock.confirm();
  return builds.submit(request, async () => {
    await lock.confirm();
    return builds.running(referenceTag(target.reference));
  });
}

/**
 * Stores the packed context and the Dockerfile under their digests, and what is in the key, for the plan of the next
 * one. The same ones may be there already and are written anew: the bucket removes what has reached an age, and must not
 * do so while the build waits for its machine.
 */
async function upload(target: TargetToPublish, store: ObjectStore): Promise<UploadedInputs> {
  const folder = await mkdtemp(join(tmpdir(), "strata-context-"));
  try {
    const file = join(folder, "context.tar");
    const { digest: context } = await target.pack(file);
    const dockerfile = createHash("sha256").update(target.dockerfile).digest("hex");
    const archive = () => Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>;
    await store.write(inputObject("context", context), archive);
    await store.write(inputObject("dockerfile", dockerfile), target.dockerfile);
    await storeInputs(store, target.target, target.inputs);
    return { context, dockerfile };
  } finally {
    await rm(folder, { recursive: true });
  }
}

function withoutTag(target: TargetToPublish, build: Build): UserError {
  return new UserError({
    problem: `the build of ${target.target} succeeded, but its key's tag is not in the registry`,
    value: target.reference,
    fix: `read the log of the build ${build.id}: its publish step creates the tag`,
  });
}
