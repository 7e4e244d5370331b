import { randomUUID } from "node:crypto";
import { invalid, notFound } from "../../http/errors.ts";
import { isMessage } from "../../schema/masks.ts";
import type { Message } from "../../schema/messages.ts";
import { type Behaviours, type Call, targetOf } from "../product.ts";
import { page, timestamp } from "../resources.ts";
import { operationOf } from "./builds.ts";
import { runTrigger } from "./triggerRuns.ts";

/** The collection that triggers are kept in, by `projects/P/locations/L/triggers/ID`. */
export const TRIGGERS = "cloudbuild.triggers";

/** What sets a trigger off; a trigger without any of them is run by hand. */
const EVENTS = [
  "repositoryEventConfig",
  "github",
  "triggerTemplate",
  "pubsubConfig",
  "webhookConfig",
  "bitbucketServerTriggerConfig",
  "developerConnectEventConfig",
];

/** Where a build's steps can come from. */
const CONFIGS = ["build", "filename", "gitFileSource", "autodetect"];

function parentOf(call: Call): string {
  const { projectId } = call.path;
  return projectId ? `projects/${projectId}/locations/global` : targetOf(call).split("/").slice(0, 4).join("/");
}

/** The trigger that a call names, by its id or by its name. */
function requireTrigger(call: Call): Message {
  const id = call.path.triggerId ?? targetOf(call).split("/").at(-1) ?? "";
  const prefix = `${parentOf(call)}/triggers/`;
  const byId = call.cloud.documents.get<Message>(TRIGGERS, `${prefix}${id}`);
  const found =
    byId ?? call.cloud.documents.list<Message>(TRIGGERS, { prefix }).find((row) => row.body.name === id)?.body;
  if (!found) throw notFound(`${prefix}${id}`);
  return found;
}

/** Checks a trigger as Cloud Build does. */
function checked(call: Call, trigger: Message): Message {
  const events = EVENTS.filter((field) => trigger[field] !== undefined);
  if (events.length > 1) throw invalid(`invalid trigger: only one of ${events.join(", ")} can be set`);
  const configs = CONFIGS.filter((field) => trigger[field] !== undefined);
  if (configs.length === 0) throw invalid(`invalid trigger: one of ${CONFIGS.join(", ")} is required`);
  if (configs.length > 1) throw invalid(`invalid trigger: only one of ${configs.join(", ")} can be set`);
  if (events.length === 0 && trigger.sourceToBuild === undefined && trigger.build === undefined) {
    throw invalid("invalid trigger: a trigger that is run by hand needs sourceToBuild");
  }
  if (isMessage(trigger.build) && !(trigger.build.steps as readonly Message[] | undefined)?.length)
    throw invalid("invalid trigger: build must have at least one step");
  checkName(call, trigger);
  checkRepository(call, trigger.repositoryEventConfig as Message | undefined);
  for (const key of Object.keys((trigger.substitutions ?? {}) as Message)) {
    if (!/^_[A-Z0-9_]+$/.test(key))
      throw invalid(`invalid trigger: substitution key "${key}" must match "^_[A-Z0-9_]+$"`);
  }
  if (trigger.serviceAccount !== undefined) checkAccount(call, String(trigger.serviceAccount));
  return trigger;
}

function checkName(call: Call, { name, id }: Message): void {
  if (name === undefined) throw invalid("invalid trigger: name is required");
  if (!/^[a-zA-Z0-9-]{1,64}$/.test(String(name)))
    throw invalid(`invalid trigger: name '${name}' must be at most 64 letters, digits and dashes`);
  const rows = call.cloud.documents.list<Message>(TRIGGERS, { prefix: `${parentOf(call)}/triggers/` });
  if (rows.some((row) => row.body.name === name && row.body.id !== id))
    throw invalid(`invalid trigger: a trigger named '${name}' already exists`);
}

function checkRepository(call: Call, config: Message | undefined): void {
  if (!config) return;
  const repository = String(config.repository ?? "");
  if (!call.cloud.documents.get("cloudbuild.repositories", repository)) throw notFound(repository);
  const region = repository.split("/")[3];
  if (region !== parentOf(call).split("/")[3])
    throw invalid(`invalid trigger: the repository is in ${region}; the trigger must be there too`);
  if (!config.push === !config.pullRequest)
    throw invalid("invalid trigger: repositoryEventConfig needs push or pullRequest");
  const { branch, tag } = (config.push ?? config.pullRequest) as { branch?: string; tag?: string };
  for (const pattern of [branch, tag]) {
    if (pattern !== undefined) readPattern(pattern);
  }
}

/** A branch or tag pattern. Google's are RE2; JavaScript's syntax has all of it that branch patterns use. */
export function readPattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern);
  } catch {
    throw invalid(`invalid trigger: '${pattern}' is no regular expression`);
  }
}

function checkAccount(call: Call, account: string): void {
  const email = account.split("/").at(-1) ?? "";
  const project = /@([a-z0-9-]+)\.iam\./.exec(email)?.[1];
  const name = `projects/${project}/serviceAccounts/${email}`;
  if (!call.cloud.documents.get("iam.serviceAccounts", name)) throw notFound(name);
  call.cloud.access.require(call.caller, "iam.serviceAccounts.actAs", name, "iam.googleapis.com");
}

function create(call: Call): Message {
  const id = randomUUID();
  const name = `${parentOf(call)}/triggers/${id}`;
  const { id: _id, ...body } = call.body;
  const trigger = { ...checked(call, body), id, resourceName: name, createTime: timestamp() };
  call.cloud.documents.put(TRIGGERS, name, trigger);
  return trigger;
}

/** A patch without a mask replaces all that a client may write. */
function patch(call: Call): Message {
  const { id, resourceName, createTime } = requireTrigger(call);
  const trigger = { ...checked(call, { ...call.body, id }), id, resourceName, createTime };
  call.cloud.documents.put(TRIGGERS, String(resourceName), trigger);
  return trigger;
}

function list(call: Call): Message {
  const { items, nextPageToken } = page(call, TRIGGERS, `${parentOf(call)}/triggers/`);
  return { triggers: items, ...(nextPageToken && { nextPageToken }) };
}

function remove(call: Call): Message {
  call.cloud.documents.delete(TRIGGERS, String(requireTrigger(call).resourceName));
  return {};
}

/** Runs a trigger by hand: on the branch, tag or commit that is given, or on what it is set to. */
function run(call: Call): Message {
  const source = (call.method.request === "RepoSource" ? call.body : (call.body.source ?? {})) as Message;
  const build = runTrigger(call.cloud, requireTrigger(call), {
    substitutions: (source.substitutions ?? {}) as Record<string, string>,
    ...(source.branchName !== undefined && { branch: String(source.branchName) }),
    ...(source.commitSha !== undefined && { commit: String(source.commitSha) }),
  });
  return operationOf(call.cloud, build);
}

function triggerMethods(methods: string): Behaviours {
  const on = (call: Call) => parentOf(call).split("/").slice(0, 2).join("/");
  const keys = ["projectId", "name", "parent", "triggerId"];
  return {
    [`${methods}.create`]: { permission: "cloudbuild.builds.create", on, query: keys, run: create },
    [`${methods}.get`]: { permission: "cloudbuild.builds.get", on, query: keys, run: requireTrigger },
    [`${methods}.list`]: {
      permission: "cloudbuild.builds.list",
      on,
      query: [...keys, "pageSize", "pageToken"],
      run: list,
    },
    [`${methods}.patch`]: { permission: "cloudbuild.builds.update", on, query: keys, run: patch },
    [`${methods}.delete`]: { permission: "cloudbuild.builds.update", on, query: keys, run: remove },
    [`${methods}.run`]: { permission: "cloudbuild.builds.create", on, query: keys, run },
  };
}

/** The methods of triggers, by their regional and by their older, global paths. */
export const TRIGGER_METHODS: Behaviours = {
  ...triggerMethods("cloudbuild.projects.triggers"),
  ...triggerMethods("cloudbuild.projects.locations.triggers"),
};
