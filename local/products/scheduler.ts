import { invalid } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import { type Call, type Product, targetOf } from "./product.ts";
import { publish } from "./pubsub.ts";
import { createNamed, fetch, type ResourceKind, resourceMethods, timestamp } from "./resources.ts";

const JOBS: ResourceKind = {
  collection: "cloudscheduler.jobs",
  methods: "cloudscheduler.projects.locations.jobs",
  schema: "Job",
  plural: "jobs",
  permissions: "cloudscheduler.jobs",
  unmaskedPatch: true,
  onCreate: (_call, name, body) =>
    checked({ attemptDeadline: "180s", ...body, name, state: "ENABLED", userUpdateTime: timestamp() }),
  onPatch: (_call, _before, after) => checked({ ...after, userUpdateTime: timestamp() }),
};

function checked(job: Message): Message {
  const targets = ["pubsubTarget", "httpTarget", "appEngineHttpTarget"].filter((field) => job[field] !== undefined);
  if (targets.length !== 1) throw invalid("A job has exactly one target");
  if (!/^(\S+\s+){4}\S+$|^every /.test(String(job.schedule ?? "")))
    throw invalid(`Schedule '${job.schedule}' is invalid`);
  return { timeZone: "Etc/UTC", ...job };
}

function setState(state: "ENABLED" | "PAUSED"): (call: Call) => Message {
  return (call) => {
    const job = { ...fetch(JOBS, call), state };
    call.cloud.documents.put(JOBS.collection, targetOf(call), job);
    return job;
  };
}

/** Runs a job now, as `gcloud scheduler jobs run` does. Times of its schedule pass without effect here. */
function run(call: Call): Message {
  const job = { ...fetch(JOBS, call), lastAttemptTime: timestamp() };
  const target = (job as Message).pubsubTarget as Message | undefined;
  if (!target) throw invalid("Only jobs with a Pub/Sub target run here");
  publish(
    call.cloud,
    String(target.topicName),
    String(target.data ?? ""),
    (target.attributes ?? {}) as Record<string, string>,
  );
  call.cloud.documents.put(JOBS.collection, targetOf(call), job);
  return job;
}

/** Cloud Scheduler. */
export const SCHEDULER: Product = {
  prefix: "cloudscheduler",
  definitions: "cloudscheduler.v1",
  service: "cloudscheduler.googleapis.com",
  methods: {
    ...resourceMethods(JOBS),
    "cloudscheduler.projects.locations.jobs.create": {
      permission: "cloudscheduler.jobs.create",
      run: (call) => {
        const parent = targetOf(call);
        const name = String(call.body.name ?? "");
        if (!name.startsWith(`${parent}/jobs/`)) throw invalid(`Job name '${name}' must begin with ${parent}/jobs/`);
        return createNamed(JOBS, call, name, parent);
      },
    },
    "cloudscheduler.projects.locations.jobs.pause": {
      permission: "cloudscheduler.jobs.pause",
      run: setState("PAUSED"),
    },
    "cloudscheduler.projects.locations.jobs.resume": {
      permission: "cloudscheduler.jobs.enable",
      run: setState("ENABLED"),
    },
    "cloudscheduler.projects.locations.jobs.run": { permission: "cloudscheduler.jobs.run", run },
  },
};
