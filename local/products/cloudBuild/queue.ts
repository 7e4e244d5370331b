import type { Cloud } from "../../cloud.ts";
import { GoogleError } from "../../http/errors.ts";
import type { Message } from "../../schema/messages.ts";
import { workerOf } from "../../workers/index.ts";
import { findProject } from "../projects.ts";
import { DEFAULT_POOL_BUILDS, quotaLimit, quotaOf, vcpusOf } from "../quotas.ts";
import { findVersion } from "../secretManager.ts";
import { findObject } from "../storage/objectStore.ts";
import { BUILDS, type Build, buildAccount, buildKey, hasEnded, locationOfBuild, seconds } from "./build.ts";
import { BuildLog } from "./log.ts";

/** How often builds that wait are looked at for their end of patience, in milliseconds. */
const TICK_MS = 250;

const queues = new WeakMap<Cloud, BuildQueue>();

/** The queue of a local cloud, which has one. */
export function queueOf(cloud: Cloud): BuildQueue {
  const queue = queues.get(cloud) ?? new BuildQueue(cloud);
  queues.set(cloud, queue);
  return queue;
}

/** Runs queued builds, as many at a time as the quota allows, in the order in which they came. */
export class BuildQueue {
  readonly #cloud: Cloud;
  readonly #running = new Map<string, AbortController>();
  /** Builds that wait, the longest first, by their keys. */
  readonly #queued = new Map<string, Build>();
  /** Builds that have a machine. */
  readonly #working = new Map<string, Build>();
  readonly #ticker: NodeJS.Timeout;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.#ticker = setInterval(() => this.pump(), TICK_MS);
    this.#ticker.unref();
    cloud.events.once("stop", () => this.#stop());
  }

  /** Takes up the builds that were not over when the local cloud was stopped. */
  resume(): void {
    const rows = this.#cloud.documents.list("cloudbuild.unfinished");
    const builds = rows.flatMap((row) => this.#cloud.documents.get<Build>(BUILDS, row.name) ?? []);
    for (const build of builds.sort((a, b) => (a.createTime < b.createTime ? -1 : 1))) {
      if (build.status === "QUEUED") this.#queued.set(buildKey(build), build);
      else if (build.status === "PENDING") continue;
      else if (workerOf(this.#cloud, build).survivesRestart) this.#start(build);
      else this.#end(build, "INTERNAL_ERROR", "The local cloud was stopped while the build ran");
    }
    this.pump();
  }

  /** Lets a build wait for its turn. */
  add(build: Build): void {
    this.#queued.set(buildKey(build), build);
    this.pump();
  }

  /** Starts what the quota allows, and ends what has waited too long. */
  pump(): void {
    if (this.#queued.size === 0) return;
    const now = Date.now();
    const used = this.#usage();
    for (const build of this.#queued.values()) {
      if (now > Date.parse(build.createTime) + seconds(build.queueTtl) * 1000) {
        this.#end(build, "EXPIRED", "The build waited longer than its queueTtl");
        continue;
      }
      const { counter, amount, limit } = this.#demand(build);
      const before = used.get(counter) ?? 0;
      if (before + amount > limit) continue;
      used.set(counter, before + amount);
      this.#start(this.#change(build, { status: "WORKING", startTime: new Date().toISOString() }));
    }
  }

  /** Ends a build that is not over. */
  cancel(build: Build): Build {
    const ended = this.#end(build, "CANCELLED", "Build was cancelled");
    this.#running.get(buildKey(build))?.abort();
    this.pump();
    return ended;
  }

  /** What the running builds use of each quota. */
  #usage(): Map<string, number> {
    const used = new Map<string, number>();
    for (const build of this.#working.values()) {
      const { counter, amount } = this.#demand(build);
      used.set(counter, (used.get(counter) ?? 0) + amount);
    }
    return used;
  }

  /** The quota that a build counts against in its location, how much of it, and how much there is. */
  #demand(build: Build): { readonly counter: string; readonly amount: number; readonly limit: number } {
    const location = locationOfBuild(build);
    const machine = this.#machineOf(build);
    if (machine === undefined) return { counter: `${location} default`, amount: 1, limit: DEFAULT_POOL_BUILDS };
    const { metric } = quotaOf(machine);
    const limit = quotaLimit(this.#cloud.documents, metric);
    return { counter: `${location} ${metric}`, amount: vcpusOf(machine), limit };
  }

  /** The machine type of a build's pool; undefined in Cloud Build's own pool. */
  #machineOf(build: Build): string | undefined {
    const name = build.options?.pool?.name ?? build.options?.workerPool;
    const pool = name && this.#cloud.documents.get<Message>("cloudbuild.workerPools", name);
    if (!pool) return undefined;
    const config = pool.privatePoolV1Config as { workerConfig?: { machineType?: string } } | undefined;
    return config?.workerConfig?.machineType ?? "e2-medium";
  }

  #start(build: Build): void {
    const controller = new AbortController();
    this.#queued.delete(buildKey(build));
    this.#working.set(buildKey(build), build);
    this.#running.set(buildKey(build), controller);
    void this.#run(build, controller)
      .finally(() => {
        this.#running.delete(buildKey(build));
        if (!controller.signal.aborted || controller.signal.reason !== "stop") this.pump();
      })
      // A build whose end cannot be kept, on a full disk, would seem to run for ever.
      .catch((error: unknown) => {
        this.#cloud.brokenBy = error;
      });
  }

  async #run(build: Build, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const key = buildKey(build);
    const elapsedMs = Date.now() - Date.parse(build.startTime ?? build.createTime);
    const timer = setTimeout(() => controller.abort("timeout"), seconds(build.timeout) * 1000 - elapsedMs);
    timer.unref();
    let log: BuildLog | undefined;
    try {
      const caller = { member: `serviceAccount:${this.#accountOf(build)}` };
      log = this.#open(build, caller);
      this.#checkInputs(build, caller);
      const outcome = await workerOf(this.#cloud, build).run({
        cloud: this.#cloud,
        build,
        caller,
        elapsedMs,
        signal,
        log: (line) => log?.line(line),
        stepStarted: (index) =>
          this.#changeStep(key, index, { status: "WORKING", timing: { startTime: new Date().toISOString() } }),
        stepEnded: (index, status, exitCode) => this.#changeStep(key, index, { status, exitCode }),
      });
      if (signal.aborted) throw signal.reason;
      const results = outcome.images && { results: { images: outcome.images, buildStepImages: [] } };
      log.line(outcome.status === "SUCCESS" ? "DONE" : `ERROR: ${outcome.detail}`);
      await log.flush();
      this.#end(build, outcome.status, outcome.detail, results);
    } catch (error) {
      if (signal.reason === "stop") return;
      await log?.flush().catch(() => undefined);
      this.#endFailed(build, signal, error);
    } finally {
      clearTimeout(timer);
    }
  }

  #endFailed(build: Build, signal: AbortSignal, error: unknown): void {
    if (signal.reason === "timeout")
      this.#end(build, "TIMEOUT", `The build ran longer than its timeout ${build.timeout}`);
    else if (error instanceof GoogleError)
      this.#end(build, "FAILURE", error.message, failureInfo("USER_BUILD_STEP", error));
    else if (error instanceof LogFailure)
      this.#end(build, "FAILURE", error.message, failureInfo("LOGGING_FAILURE", error));
    else this.#end(build, "INTERNAL_ERROR", error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  #open(build: Build, caller: { readonly member: string }): BuildLog {
    try {
      return new BuildLog(this.#cloud, build, caller);
    } catch (error) {
      if (error instanceof GoogleError) throw new LogFailure(error.message);
      throw error;
    }
  }

  /** Reads the build's source and secrets in the name of its account, as the real worker does before its first step. */
  #checkInputs(build: Build, caller: { readonly member: string }): void {
    const { access } = this.#cloud;
    const { bucket = "", object = "", generation } = build.source?.storageSource ?? {};
    if (bucket !== "") {
      access.require(
        caller,
        "storage.objects.get",
        `projects/_/buckets/${bucket}/objects/${object}`,
        "storage.googleapis.com",
      );
      if (!findObject(this.#cloud, bucket, object, generation)) {
        throw new GoogleError("NOT_FOUND", `The source gs://${bucket}/${object} does not exist`);
      }
    }
    for (const { versionName = "" } of build.availableSecrets?.secretManager ?? []) {
      access.require(caller, "secretmanager.versions.access", versionName, "secretmanager.googleapis.com");
      if (findVersion(this.#cloud, versionName)?.state !== "ENABLED") {
        throw new GoogleError("NOT_FOUND", `The secret ${versionName} does not exist or is not enabled`);
      }
    }
  }

  #accountOf(build: Build): string {
    return buildAccount(build, findProject(this.#cloud.documents, build.projectId)?.projectNumber ?? "0");
  }

  #changeStep(key: string, index: number, fields: Message): void {
    const build = this.#cloud.documents.get<Build>(BUILDS, key);
    if (!build || hasEnded(build)) return;
    const steps = build.steps.map((step, at) => {
      if (at !== index) return step;
      const ended =
        fields.status === "WORKING" || !step.timing
          ? {}
          : { timing: { ...step.timing, endTime: new Date().toISOString() } };
      return { ...step, ...fields, ...ended };
    });
    this.#cloud.documents.put(BUILDS, key, { ...build, steps });
  }

  #change(build: Build, fields: Partial<Build>): Build {
    const changed = { ...(this.#cloud.documents.get<Build>(BUILDS, buildKey(build)) ?? build), ...fields };
    this.#cloud.documents.put(BUILDS, buildKey(build), changed);
    return changed;
  }

  /** Ends a build, unless it has ended already: the first end counts. */
  #end(build: Build, status: string, statusDetail?: string, fields: Message = {}): Build {
    const current = this.#cloud.documents.get<Build>(BUILDS, buildKey(build)) ?? build;
    if (hasEnded(current)) return current;
    this.#cloud.documents.delete("cloudbuild.unfinished", buildKey(build));
    this.#queued.delete(buildKey(build));
    this.#working.delete(buildKey(build));
    return this.#change(current, {
      status,
      finishTime: new Date().toISOString(),
      ...(statusDetail && { statusDetail }),
      ...fields,
    });
  }

  #stop(): void {
    clearInterval(this.#ticker);
    for (const controller of this.#running.values()) controller.abort("stop");
  }
}

/** The build's account may not write the log. */
class LogFailure extends Error {}

function failureInfo(type: string, error: Error): Message {
  return { failureInfo: { type, detail: error.message } };
}
