import { parse } from "yaml";
import { z } from "zod";
import type { Cloud } from "../../cloud.ts";
import { GoogleError, invalid } from "../../http/errors.ts";
import { type Definitions, readDefinitions } from "../../schema/definitions.ts";
import { isMessage } from "../../schema/masks.ts";
import { type Message, readMessage } from "../../schema/messages.ts";
import { findProject } from "../projects.ts";
import type { PublishedMessage } from "../pubsub.ts";
import type { Build } from "./build.ts";
import { createBuild } from "./builds.ts";
import { filesMatch } from "./globs.ts";

/** Something that happened in a repository. */
export const REPOSITORY_EVENT = z.strictObject({
  kind: z.enum(["push", "pullRequest"]),
  /** `projects/P/locations/L/connections/C/repositories/R`. */
  repository: z.string(),
  /** The branch that was pushed to, or that the pull request is to go into. */
  branch: z.string(),
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  /** Paths that changed since the branch's commit before. */
  files: z.array(z.string()),
  /** Build configurations of the commit, by path. */
  configs: z.record(z.string(), z.string()),
  /** Number of the pull request. */
  pullRequest: z.int().optional(),
  /**
   * A Git repository of this machine that has the commit: the steps of the builds that this sets off then run for real,
   * as processes of this machine.
   */
  checkout: z.string().optional(),
});

/** Something that happened in a repository. */
export type RepositoryEvent = z.output<typeof REPOSITORY_EVENT>;

/** What became of a trigger when something happened. */
export interface TriggerRun {
  readonly trigger: string;
  /** The build that it started. */
  readonly build?: string;
  /** Why it started none. */
  readonly reason?: string;
}

/** What a trigger is run with. */
export interface RunInput {
  /** What set it off; for one that is run by hand or by a message, the last push to its branch counts. */
  readonly event?: RepositoryEvent;
  readonly branch?: string;
  readonly commit?: string;
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly values?: Readonly<Record<string, string>>;
}

/** The collection with the last push to each branch. */
const HEADS = "cloudbuild.heads";

/** Runs the triggers that a push or a pull request sets off, and says what became of each trigger of the repository. */
export function repositoryEvent(cloud: Cloud, event: RepositoryEvent): readonly TriggerRun[] {
  // What a pull request brings is no branch's head: nothing but its own build may run it.
  if (event.kind === "push") cloud.documents.put(HEADS, headOf(event.repository, event.branch), event);
  const rows = cloud.documents.list<Message>("cloudbuild.triggers");
  const own = rows
    .map((row) => row.body)
    .filter((trigger) => repositoryOf(trigger.repositoryEventConfig) === event.repository);
  return own.map((trigger) => {
    const name = String(trigger.name);
    const reason = whyNot(trigger, event);
    if (reason) return { trigger: name, reason };
    const values: Record<string, string> =
      event.pullRequest === undefined ? {} : { _PR_NUMBER: String(event.pullRequest), _BASE_BRANCH: event.branch };
    return attempt(name, () => runTrigger(cloud, trigger, { event, values }));
  });
}

/** Runs the triggers that listen to a topic. */
export function messagePublished(cloud: Cloud, message: PublishedMessage): readonly TriggerRun[] {
  const rows = cloud.documents.list<Message>("cloudbuild.triggers");
  const own = rows
    .map((row) => row.body)
    .filter(
      ({ pubsubConfig, disabled }) =>
        isMessage(pubsubConfig) && pubsubConfig.topic === message.topic && disabled !== true,
    );
  return own.map((trigger) =>
    attempt(String(trigger.name), () => runTrigger(cloud, trigger, { substitutions: bindings(trigger, message) })),
  );
}

function headOf(repository: string, branch: string): string {
  return `${repository}@${branch}`;
}

function attempt(trigger: string, run: () => Build): TriggerRun {
  try {
    return { trigger, build: run().id };
  } catch (error) {
    if (error instanceof GoogleError) return { trigger, reason: error.message };
    throw error;
  }
}

function repositoryOf(config: unknown): string | undefined {
  return isMessage(config) ? String(config.repository) : undefined;
}

function whyNot(trigger: Message, event: RepositoryEvent): string | undefined {
  if (trigger.disabled === true) return "the trigger is disabled";
  const filter = (trigger.repositoryEventConfig as Message)[event.kind] as
    | { branch?: string; invertRegex?: boolean }
    | undefined;
  if (!filter) return `the trigger does not listen to ${event.kind} events`;
  if (new RegExp(filter.branch ?? "").test(event.branch) === (filter.invertRegex === true))
    return `the branch ${event.branch} does not match`;
  if (event.kind === "pullRequest") return undefined;
  const included = (trigger.includedFiles ?? []) as string[];
  const ignored = (trigger.ignoredFiles ?? []) as string[];
  return filesMatch(event.files, included, ignored)
    ? undefined
    : "no changed file is among those included and not ignored";
}

/** Values of the trigger's substitutions that name a part of the message: `$(body.message.data.image)`. */
function bindings(trigger: Message, message: PublishedMessage): Record<string, string> {
  const text = Buffer.from(message.data, "base64").toString();
  const body = { message: { attributes: message.attributes, messageId: message.messageId, data: asJson(text) } };
  const own = Object.entries((trigger.substitutions ?? {}) as Record<string, string>);
  return Object.fromEntries(
    own.map(([key, value]) => [
      key,
      value.replace(/\$\(body((?:\.\w+)+)\)/g, (_, path: string) => {
        const found = path
          .slice(1)
          .split(".")
          .reduce<unknown>((at, step) => (isMessage(at) ? at[step] : undefined), body);
        return found === undefined ? "" : typeof found === "string" ? found : JSON.stringify(found);
      }),
    ]),
  );
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

let definitions: Definitions | undefined;

/**
 * Starts a trigger's build, in the name of the trigger's account.
 *
 * @throws GoogleError 400 where the repository has not been pushed to the local cloud, or has no such configuration.
 */
export function runTrigger(cloud: Cloud, trigger: Message, input: RunInput): Build {
  const parent = String(trigger.resourceName).split("/").slice(0, 4).join("/");
  const file = trigger.gitFileSource as { path?: string; repository?: string; revision?: string } | undefined;
  const source = trigger.sourceToBuild as { repository?: string; ref?: string } | undefined;
  const repository = repositoryOf(trigger.repositoryEventConfig) ?? file?.repository ?? source?.repository;
  const wanted = input.branch ?? (source?.ref ?? file?.revision)?.replace("refs/heads/", "") ?? "";
  const pushed = input.event ?? cloud.documents.get<RepositoryEvent>(HEADS, headOf(repository ?? "", wanted));
  const inline = trigger.build as Message | undefined;
  const config = inline ?? readConfig(pushed, repository, String(trigger.filename ?? file?.path));
  const commit = input.commit ?? pushed?.commit ?? "";
  const branch = pushed?.branch ?? wanted;
  const message = {
    ...config,
    substitutions: {
      ...(config.substitutions as object | undefined),
      ...(trigger.substitutions as object | undefined),
      ...input.substitutions,
    },
    tags: [...((config.tags ?? []) as string[]), ...((trigger.tags ?? []) as string[]), `trigger-${trigger.id}`],
    ...(trigger.serviceAccount !== undefined && { serviceAccount: trigger.serviceAccount }),
    ...(repository && commit && { source: { connectedRepository: { repository, revision: commit } } }),
  };
  const values = {
    TRIGGER_NAME: String(trigger.name),
    COMMIT_SHA: commit,
    REVISION_ID: commit,
    SHORT_SHA: commit.slice(0, 7),
    BRANCH_NAME: branch,
    REF_NAME: branch,
    REPO_NAME: repository?.split("/").at(-1) ?? "",
    REPO_FULL_NAME: fullNameOf(cloud, repository),
    ...input.values,
  };
  const { approvalRequired } = (trigger.approvalConfig ?? {}) as { approvalRequired?: boolean };
  const origin = {
    triggerId: String(trigger.id),
    values,
    pending: approvalRequired === true,
    ...(pushed?.checkout !== undefined && { checkout: pushed.checkout }),
  };
  return createBuild(cloud, { member: `serviceAccount:${accountOf(cloud, trigger, parent)}` }, parent, message, origin);
}

/** `acme/images` of `https://github.com/acme/images.git`. */
function fullNameOf(cloud: Cloud, repository = ""): string {
  const { remoteUri = "" } = cloud.documents.get<{ remoteUri?: string }>("cloudbuild.repositories", repository) ?? {};
  return /^https:\/\/[^/]+\/(.+)\.git$/.exec(remoteUri)?.[1] ?? "";
}

function accountOf(cloud: Cloud, trigger: Message, parent: string): string {
  const own = trigger.serviceAccount as string | undefined;
  const number = findProject(cloud.documents, parent.split("/")[1] ?? "")?.projectNumber;
  return own?.split("/").at(-1) ?? `${number}-compute@developer.gserviceaccount.com`;
}

function readConfig(pushed: RepositoryEvent | undefined, repository: string | undefined, path: string): Message {
  if (!pushed)
    throw invalid(
      `${repository ?? "The trigger's repository"} has not been pushed to the local cloud: strata local push-event`,
    );
  const text = pushed.configs[path];
  if (text === undefined) throw invalid(`Commit ${pushed.commit} has no ${path}`);
  definitions ??= readDefinitions("cloudbuild.v1");
  return readMessage(definitions, "Build", parse(text));
}
