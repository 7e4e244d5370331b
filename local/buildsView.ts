import { buffer } from "node:stream/consumers";
import { type BuildJob, decodeJob, JOB_VARIABLE } from "../builder/job.ts";
import { LogReader } from "../builder/progress.ts";
import { recordObject } from "../builder/recentRecords.ts";
import { recordSchema } from "../builder/record.ts";
import type { BuildProgress, TargetProgress } from "../builder/runState.ts";
import { dollarsFor } from "../chain/estimate.ts";
import { machineShape } from "../chain/machines.ts";
import { type PlannedTarget, planOf } from "../chain/plan.ts";
import { type ChainView, type PastBuild, viewOf } from "../page/view.ts";
import type { Cloud } from "./cloud.ts";
import { BUILDS, type Build, hasEnded } from "./products/cloudBuild/build.ts";
import type { StoredObject } from "./products/storage/objectStore.ts";
import { contractOf } from "./workers/simulated.ts";

/** The newest build of a target. */
interface TargetBuild {
  readonly build: Build;
  readonly job: BuildJob;
}

/**
 * What the builds that a local cloud has seen come to: the newest of each target, as one chain. It knows no catalogue,
 * so what was never built here is not in it, and why something was built is not known.
 */
export async function viewOfBuilds(cloud: Cloud): Promise<ChainView> {
  const builds = newestBuilds(cloud);
  const targets = plannedTargets(builds);
  const progress = await Promise.all(
    targets.map(async (one) => [one.target, await progressOf(cloud, one, builds.get(one.target))] as const),
  );
  const records = targets.map(async ({ target }) => [target, await recordsOf(cloud, builds.get(target))] as const);
  return viewOf({
    title: "Local Google Cloud",
    about: cloud.host,
    simulated: cloud.settings.worker === "simulated",
    plan: planOf(targets),
    progress: new Map(progress) satisfies BuildProgress,
    records: new Map(await Promise.all(records)),
    now: Date.now(),
  });
}

function newestBuilds({ documents }: Cloud): ReadonlyMap<string, TargetBuild> {
  const builds = documents.list<Build>(BUILDS).map(({ body }) => body);
  const newest = new Map<string, TargetBuild>();
  for (const build of builds.sort((a, b) => a.createTime.localeCompare(b.createTime))) {
    const line = build.options?.env?.find((one) => one.startsWith(`${JOB_VARIABLE}=`));
    if (line === undefined) continue;
    const job = decodeJob(line.slice(JOB_VARIABLE.length + 1));
    newest.set(job.target, { build, job });
  }
  return newest;
}

/** The targets with parents before their children. */
function plannedTargets(builds: ReadonlyMap<string, TargetBuild>): readonly PlannedTarget[] {
  const planned = new Map<string, PlannedTarget>();
  const add = (name: string, { build, job }: TargetBuild, below: readonly string[] = []): PlannedTarget => {
    const known = planned.get(name);
    if (known !== undefined) return known;
    const parents = parentsOf(job, builds).map((parent) => {
      const one = builds.get(parent);
      // Two images that changed places between two builds are each built on the other, as far as builds tell.
      return one === undefined || below.includes(parent) ? undefined : add(parent, one, [...below, name]);
    });
    const earlier = layersOf(name, build, builds);
    const shared =
      earlier === undefined || below.includes(earlier[0]) ? undefined : add(...earlier, [...below, name]).target;
    const minutes = Number(contractOf(build).minutes ?? 0);
    const { machine } = job.record;
    const shape = machineShape(machine);
    const one: PlannedTarget = {
      target: name,
      tier: Math.max(-1, ...parents.map((parent) => parent?.tier ?? -1)) + 1,
      parents: parents.flatMap((parent) => (parent === undefined ? [] : [parent.target])),
      action: "build",
      key: job.key,
      reasons: [],
      machine,
      jobs: Number(job.hints.MAX_JOBS ?? 1),
      minutes,
      dollars: shape === undefined ? 0 : dollarsFor(shape, minutes),
      ...(shared !== undefined && { sharesWith: shared }),
    };
    planned.set(name, one);
    return one;
  };
  for (const [name, one] of builds) add(name, one);
  return [...planned.values()];
}

/** What a target is built on, of the targets that were built here: images of the repository that it is published in. */
function parentsOf({ target, key, reference, images }: BuildJob, builds: ReadonlyMap<string, unknown>): string[] {
  const repository = reference.slice(0, -`${target.replace(":", "/")}:${key}`.length);
  const parents = Object.values(images)
    .filter((image) => image.startsWith(repository))
    .map((image) => image.slice(repository.length).split("@")[0]?.replace("/", ":") ?? "");
  return [...new Set(parents)].filter((parent) => parent !== target && builds.has(parent));
}

/**
 * The target of the same image whose layers a build takes, as far as builds tell: whoever plans has targets that share
 * steps built one after the other, and others side by side. So it is the one whose build had ended last when this one was
 * submitted.
 */
function layersOf(
  target: string,
  { createTime }: Build,
  builds: ReadonlyMap<string, TargetBuild>,
): readonly [target: string, newest: TargetBuild] | undefined {
  const image = target.slice(0, target.lastIndexOf(":") + 1);
  const ended = ({ build }: TargetBuild) => Date.parse(build.finishTime ?? "");
  return [...builds]
    .filter(([other, one]) => other !== target && other.startsWith(image) && ended(one) <= Date.parse(createTime))
    .sort(([, a], [, b]) => ended(b) - ended(a))[0];
}

/** How far the newest build of a target is; played builds run by their own, faster clock. */
async function progressOf(
  cloud: Cloud,
  { target, tier, machine, minutes }: PlannedTarget,
  newest: TargetBuild | undefined,
): Promise<TargetProgress> {
  const start: TargetProgress = { target, tier, machine, minutes, phase: "queued" };
  if (newest === undefined) return start;
  const { build } = newest;
  const { log, progress, verified } = await logOf(cloud, build);
  const scale = cloud.settings.worker === "simulated" ? cloud.settings.timeScale || 1 : 1;
  const end = build.finishTime === undefined ? Date.now() : Date.parse(build.finishTime);
  const seconds = build.startTime === undefined ? 0 : ((end - Date.parse(build.startTime)) / 1000) * scale;
  const common = {
    ...start,
    build: build.id,
    log,
    ...(progress && { percent: progress.percent, marker: [progress.what, progress.gem].filter(Boolean).join(", ") }),
  };
  if (build.startTime === undefined && !hasEnded(build)) return common;
  if (!hasEnded(build)) {
    return { ...common, phase: verified ? "verified" : "building", startedAt: Date.now() - seconds * 1000 };
  }
  const shape = machineShape(machine);
  const dollars = shape === undefined ? 0 : dollarsFor(shape, seconds / 60);
  if (build.status === "SUCCESS") return { ...common, phase: "published", seconds, dollars };
  const failure = `${build.status}: ${build.statusDetail ?? "no reason given"}`;
  return { ...common, phase: "failed", failure, seconds, dollars };
}

async function logOf(cloud: Cloud, { id, logsBucket = "" }: Build) {
  const reader = new LogReader();
  const text = await readObject(cloud, `${logsBucket.replace("gs://", "")}/log-${id}.txt`);
  if (text !== undefined) reader.take(text);
  return { log: reader.lastLines, progress: reader.progress, verified: reader.verified };
}

/** The records of a target's keys, the newest first. */
async function recordsOf(cloud: Cloud, newest: TargetBuild | undefined): Promise<readonly PastBuild[]> {
  if (newest === undefined) return [];
  const { target, key, store } = newest.job;
  const folder = `${store}/${recordObject(target, key).slice(0, -`${key}.json`.length)}`;
  const names = cloud.documents.list("storage.objects", { prefix: folder }).map(({ name }) => name);
  const texts = await Promise.all(names.map((name) => readObject(cloud, name)));
  const records = texts.flatMap((text) => recordSchema.safeParse(parsed(text)).data ?? []);
  return records.sort((a, b) => b.finishedAt.localeCompare(a.finishedAt));
}

function parsed(bytes: Uint8Array | undefined): unknown {
  try {
    return JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
  } catch {
    return undefined;
  }
}

async function readObject(cloud: Cloud, path: string): Promise<Uint8Array | undefined> {
  const object = cloud.documents.get<StoredObject>("storage.objects", path);
  return object === undefined ? undefined : buffer(cloud.blobs.read(object.sha256));
}
