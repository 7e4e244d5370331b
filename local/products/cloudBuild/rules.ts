import type { Cloud } from "../../cloud.ts";
import { invalid, notFound } from "../../http/errors.ts";
import type { Caller } from "../../identity/tokens.ts";
import type { Message } from "../../schema/messages.ts";
import { type Build, type BuildStep, seconds } from "./build.ts";

/** Google's limits on a build. */
const LIMITS = {
  steps: 300,
  args: 100,
  argLength: 10_000,
  env: 100,
  tags: 64,
  tagLength: 128,
  images: 100,
  substitutions: 200,
  daySeconds: 86_400,
};

/** Who asks for a build. */
export interface Requester {
  readonly caller: Caller;
  /** True for a trigger: who may use its account was asked when the trigger was made. */
  readonly trigger: boolean;
}

const SERVICE = "cloudbuild.googleapis.com";

const TAG = /^[\w.-]+$/;

/**
 * Checks a build as Cloud Build does before it queues it.
 *
 * @param requester - who asked for it: whether that caller may use the account and the pool is asked.
 * @param location - where it is to run.
 * @throws GoogleError 400 for what Cloud Build refuses, 403 where the caller may not use the account or the pool, 404
 *   for a pool that is not there.
 */
export function checkBuild(cloud: Cloud, requester: Requester, build: Build, location: string): void {
  checkSteps(build);
  checkTimes(build);
  checkTags(build);
  checkAccount(cloud, requester, build);
  checkPool(cloud, requester, build, location);
}

function checkSteps({ steps, images = [], substitutions = {} }: Build): void {
  if (steps.length === 0) throw invalid("invalid build: build must have at least one step");
  atMost("steps", steps.length, LIMITS.steps);
  atMost("images", images.length, LIMITS.images);
  atMost("substitutions", Object.keys(substitutions).length, LIMITS.substitutions);
  const ids = new Set<string>();
  for (const [index, step] of steps.entries()) {
    checkStep(step, `build.steps[${index}]`);
    for (const id of step.waitFor ?? []) {
      if (id !== "-" && !ids.has(id))
        throw invalid(`invalid build: step ${index} waits for '${id}', which no earlier step is called`);
    }
    if (!step.id) continue;
    if (ids.has(step.id)) throw invalid(`invalid build: two steps have the id '${step.id}'`);
    ids.add(step.id);
  }
}

function checkStep(step: BuildStep, place: string): void {
  if (!step.name) throw invalid(`invalid build: ${place}.name is required`);
  if (step.script && (step.args?.length || step.entrypoint))
    throw invalid(`invalid build: ${place} has a script and args or entrypoint`);
  atMost(`${place}.args`, step.args?.length ?? 0, LIMITS.args);
  atMost(`${place}.env`, step.env?.length ?? 0, LIMITS.env);
  for (const arg of step.args ?? []) atMost(`the length of an argument of ${place}`, arg.length, LIMITS.argLength);
  for (const variable of step.env ?? []) {
    if (!variable.includes("=")) throw invalid(`invalid build: ${place}.env '${variable}' is not KEY=VALUE`);
  }
}

function atMost(what: string, count: number, limit: number): void {
  if (count > limit) throw invalid(`invalid build: ${what} must be at most ${limit}, not ${count}`);
}

function checkTimes({ timeout, queueTtl, steps }: Build): void {
  const limit = seconds(timeout);
  if (!(limit > 0) || limit > LIMITS.daySeconds)
    throw invalid(`invalid build: timeout ${timeout} must be above 0s and at most 24h`);
  if (!(seconds(queueTtl) > 0) || seconds(queueTtl) > LIMITS.daySeconds)
    throw invalid(`invalid build: queueTtl ${queueTtl} must be above 0s and at most 24h`);
  for (const step of steps) {
    if (step.timeout && seconds(step.timeout) > limit)
      throw invalid(`invalid build: step timeout ${step.timeout} exceeds the build's ${timeout}`);
  }
}

function checkTags({ tags = [] }: Build): void {
  atMost("tags", tags.length, LIMITS.tags);
  for (const tag of tags) {
    if (!TAG.test(tag) || tag.length > LIMITS.tagLength)
      throw invalid(`invalid build: invalid build tag '${tag}': must match format "^[\\w][\\w.-]{0,127}$"`);
  }
}

function checkAccount(cloud: Cloud, requester: Requester, { serviceAccount, logsBucket, options = {} }: Build): void {
  if (serviceAccount === undefined) return;
  const [, project, , email] = /^projects\/([^/]+)\/(serviceAccounts)\/([^/]+@[^/]+)$/.exec(serviceAccount) ?? [];
  if (!email)
    throw invalid(`invalid build: serviceAccount '${serviceAccount}' must be projects/P/serviceAccounts/EMAIL`);
  const owner = project === "-" ? (/@([a-z0-9-]+)\.iam\./.exec(email)?.[1] ?? "") : project;
  const account = `projects/${owner}/serviceAccounts/${email}`;
  const found = cloud.documents.get<Message>("iam.serviceAccounts", account);
  if (!found) throw notFound(account);
  if (found.disabled === true) throw invalid(`invalid build: service account ${email} is disabled`);
  if (!requester.trigger)
    cloud.access.require(requester.caller, "iam.serviceAccounts.actAs", account, "iam.googleapis.com");
  const logsElsewhere =
    options.logging === "CLOUD_LOGGING_ONLY" || options.logging === "STACKDRIVER_ONLY" || options.logging === "NONE";
  if (!logsBucket && !logsElsewhere && options.defaultLogsBucketBehavior !== "REGIONAL_USER_OWNED_BUCKET") {
    throw invalid(
      "if 'build.service_account' is specified, the build must either (a) specify 'build.logs_bucket', (b) use the REGIONAL_USER_OWNED_BUCKET build.options.default_logs_bucket_behavior option, or (c) use either CLOUD_LOGGING_ONLY / NONE logging options",
    );
  }
}

/** A trigger may run in every pool of its own project, whatever its account may use. */
function checkPool(cloud: Cloud, requester: Requester, { projectId, options = {} }: Build, location: string): void {
  const pool = options.pool?.name ?? options.workerPool;
  if (!pool) return;
  if (options.machineType && options.machineType !== "UNSPECIFIED")
    throw invalid("invalid build: a build in a private pool has no machineType: the pool has it");
  const region = /^projects\/[^/]+\/locations\/([^/]+)\/workerPools\/[^/]+$/.exec(pool)?.[1];
  if (!region) throw invalid(`invalid build: pool '${pool}' must be projects/P/locations/L/workerPools/W`);
  if (region !== location)
    throw invalid(`invalid build: the pool is in ${region}, the build in ${location}: they must be in the same region`);
  if (!requester.trigger || !pool.startsWith(`projects/${projectId}/`))
    cloud.access.require(requester.caller, "cloudbuild.workerpools.use", pool, SERVICE);
  if (!cloud.documents.get("cloudbuild.workerPools", pool)) throw notFound(pool);
}
