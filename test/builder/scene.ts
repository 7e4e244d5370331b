import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { ensure } from "../../builder/ensure.ts";
import type { BuildEvent } from "../../builder/events.ts";
import type { FollowOptions } from "../../builder/follow.ts";
import type { TargetToPublish } from "../../builder/job.ts";
import type { BuildServices } from "../../builder/services.ts";
import type { BuildSettings } from "../../builder/settings.ts";
import { publishedReference } from "../../chain/target.ts";
import { GoogleBuildQuotas } from "../../cloud/google/quota.ts";
import { ObjectLocks } from "../../cloud/objectLocks.ts";
import { defaultLogins } from "../../cloud/registry/credentials.ts";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import { pause } from "../../cloud/retry.ts";
import { type Bench, BUCKET, POOL, REGION, REGISTRY_PATH } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";

export const machine = "c3-standard-88";

/** Short, so that a lock whose holder was killed is free again soon; long enough for fifty callers in one process. */
export const lockTimes = { lease: 1000, look: 30 };

/** One process that builds: its own clients, and the events that it heard. */
export interface Builder {
  readonly services: BuildServices;
  readonly settings: BuildSettings;
  readonly events: BuildEvent[];
  ensure(target: TargetToPublish, options?: Partial<FollowOptions>): ReturnType<typeof ensure>;
}

export function builderOn(bench: Bench): Builder {
  const events: BuildEvent[] = [];
  const registry = new OciRegistry({
    logins: defaultLogins({ ...bench.environment, DOCKER_CONFIG: "/nonexistent" }),
    retries: { attempts: 6, firstDelayMs: 5, longestDelayMs: 40 },
  });
  const services = {
    registry,
    builds: bench.builds,
    store: bench.bucket,
    locks: new ObjectLocks(bench.bucket, "locks/", lockTimes),
    quotas: new GoogleBuildQuotas(bench.api, { project: PROJECT, region: REGION }),
  };
  const settings: BuildSettings = {
    project: PROJECT,
    region: REGION,
    images: `${bench.cloud.origin.replace("http://", "")}/${REGISTRY_PATH}`,
    layers: `${bench.cloud.origin.replace("http://", "")}/${PROJECT}/layers`,
    store: BUCKET,
    serviceAccount: bench.serviceAccount,
    pools: { [machine]: POOL },
    tool: "busybox",
  };
  return {
    services,
    settings,
    events,
    ensure: (target, options) =>
      ensure(target, services, settings, (event) => void events.push(event), { pollMs: 20, ...options }),
  };
}

/** A target whose key follows from a text. */
export function targetOf(builder: Builder, target: string, text = target): TargetToPublish {
  const key = createHash("sha256").update(text).digest("hex");
  return {
    target,
    key,
    reference: publishedReference(builder.settings.images, target, key),
    inputs: {
      algorithm: "strata-key-2",
      key,
      platform: "linux/amd64",
      epoch: 0,
      instructions: [],
      args: {},
      files: [],
      parents: {},
      bases: {},
    },
    dockerfile: new Uint8Array(Buffer.from("FROM scratch\n")),
    stage: "runtime",
    siblings: [],
    args: {},
    hints: { MAX_JOBS: "56" },
    compiles: false,
    checks: [],
    images: {},
    machine,
    poolMachine: machine,
    expectedMinutes: 3,
    coldMinutes: 3,
    async pack(file) {
      await writeFile(file, text);
      return { digest: key, bytes: text.length };
    },
  };
}

/** What was heard, in words: kinds without repeats of BUILDING. */
export function kindsOf(events: readonly BuildEvent[]): string[] {
  return events.map(({ kind }) => kind).filter((kind, i, all) => kind !== "BUILDING" || all[i - 1] !== "BUILDING");
}

/** Builds that Cloud Build has, whatever became of them. */
export async function allBuilds(bench: Bench): Promise<readonly { readonly id: string; readonly status: string }[]> {
  const path = `/cloudbuild/v1/projects/${PROJECT}/locations/${REGION}/builds`;
  const { builds = [] } = await bench.cloud.ok<{ builds?: { id: string; status: string }[] }>("GET", path);
  return builds;
}

/** Ends what still runs, then the local cloud. */
export async function closeBench(bench: Bench): Promise<void> {
  bench.cloud.running.cloud.faults.clear();
  for (const { id } of await allBuilds(bench)) await bench.builds.cancel(id);
  await pause(100);
  await bench.cloud.close();
}
