import { randomUUID } from "node:crypto";
import type { Cloud } from "../../cloud.ts";
import { GoogleError, invalid, notFound } from "../../http/errors.ts";
import type { Caller } from "../../identity/tokens.ts";
import type { Message } from "../../schema/messages.ts";
import { CHECKOUTS } from "../../workers/host.ts";
import type { Behaviours, Call } from "../product.ts";
import { findProject } from "../projects.ts";
import { BUILDS, type Build, buildKey, hasEnded, locationOfBuild } from "./build.ts";
import { readFilter } from "./filter.ts";
import { queueOf } from "./queue.ts";
import { checkBuild } from "./rules.ts";
import { substitute } from "./substitutions.ts";

/** Begin of the `@type` of Cloud Build's messages. */
const TYPES = "type.googleapis.com/google.devtools.cloudbuild.v1";

/** What a build is created with besides its message. */
export interface BuildOrigin {
  /** The trigger that made it. */
  readonly triggerId?: string;
  /** Values of built-in substitutions: COMMIT_SHA, BRANCH_NAME … */
  readonly values?: Readonly<Record<string, string>>;
  /** True for a build that waits for an approval. */
  readonly pending?: boolean;
  /** The Git repository of this machine that its source is fetched from, where its steps are to run for real. */
  readonly checkout?: string;
}

/** Checks a build and queues it. */
export function createBuild(
  cloud: Cloud,
  caller: Caller,
  parent: string,
  message: Message,
  origin: BuildOrigin = {},
): Build {
  const [, projectId = "", , location = "global"] = parent.split("/");
  const project = findProject(cloud.documents, projectId);
  if (!project) throw notFound(parent);
  const id = randomUUID();
  const values = {
    PROJECT_ID: projectId,
    PROJECT_NUMBER: project.projectNumber,
    BUILD_ID: id,
    LOCATION: location,
    ...origin.values,
  };
  const options = message.options as { substitutionOption?: string } | undefined;
  const loose = options?.substitutionOption === "ALLOW_LOOSE" || origin.triggerId !== undefined;
  const account = String(message.serviceAccount ?? "");
  const named = { ...values, SERVICE_ACCOUNT: account, SERVICE_ACCOUNT_EMAIL: account.split("/").at(-1) ?? "" };
  const build = {
    timeout: "3600s",
    queueTtl: "3600s",
    ...substitute({ steps: [], ...message }, named, loose),
    id,
    name: `projects/${project.projectNumber}/locations/${location}/builds/${id}`,
    projectId,
    status: origin.pending ? "PENDING" : "QUEUED",
    createTime: new Date().toISOString(),
    logUrl: `${cloud.origin}/_local/builds/${id}`,
    ...(origin.triggerId && { buildTriggerId: origin.triggerId }),
    ...(origin.pending && { approval: { state: "PENDING", config: { approvalRequired: true } } }),
  } as unknown as Build;
  checkBuild(cloud, { caller, trigger: origin.triggerId !== undefined }, build, location);
  cloud.documents.transaction(() => {
    cloud.documents.put(BUILDS, buildKey(build), build);
    cloud.documents.put("cloudbuild.unfinished", buildKey(build), {});
    if (origin.checkout !== undefined) cloud.documents.put(CHECKOUTS, buildKey(build), origin.checkout);
    cloud.documents.put("cloudbuild.operations", operationName(build), buildKey(build));
  });
  if (build.status === "QUEUED") queueOf(cloud).add(build);
  return build;
}

/** A regional build's operation lies in its location; a global one's has Google's older form. */
function operationName(build: Build): string {
  const id = Buffer.from(build.id).toString("base64url");
  const location = locationOfBuild(build);
  if (location === "global") return `operations/build/${build.projectId}/${id}`;
  return `projects/${build.projectId}/locations/${location}/operations/${id}`;
}

/** The operation of a build as it stands now. */
export function operationOf(cloud: Cloud, created: Build): Message {
  const build = cloud.documents.get<Build>(BUILDS, buildKey(created)) ?? created;
  const metadata = { "@type": `${TYPES}.BuildOperationMetadata`, build };
  const done = hasEnded(build);
  const failed = done && build.status !== "SUCCESS";
  return {
    name: operationName(build),
    metadata,
    done,
    ...(failed && {
      error: { code: build.status === "CANCELLED" ? 1 : 2, message: build.statusDetail ?? build.status },
    }),
    ...(done && !failed && { response: { "@type": `${TYPES}.Build`, ...build } }),
  };
}

/** The operation of this name, if it is that of a build. */
export function findBuildOperation(cloud: Cloud, name: string): Message | undefined {
  const key = cloud.documents.get<string>("cloudbuild.operations", name);
  const build = key && cloud.documents.get<Build>(BUILDS, key);
  return build ? operationOf(cloud, build) : undefined;
}

/** The parent of a call on builds, whichever of the two paths it came by. */
function parentOf(call: Call): string {
  const { parent, name, projectId } = call.path;
  const given = parent ?? name ?? (call.query.parent as string | undefined) ?? (call.query.name as string | undefined);
  return given?.includes("/locations/")
    ? given.split("/").slice(0, 4).join("/")
    : `projects/${projectId}/locations/global`;
}

function requireBuild(call: Call): Build {
  const id = call.path.id ?? call.path.name?.split("/").at(-1) ?? "";
  const build = call.cloud.documents.get<Build>(BUILDS, `${parentOf(call)}/builds/${id}`);
  if (!build) throw notFound(`${parentOf(call)}/builds/${id}`);
  return build;
}

const projectOfCall = (call: Call) => parentOf(call).split("/").slice(0, 2).join("/");

function listBuilds(call: Call): Message {
  const matches = readFilter(String(call.query.filter ?? ""));
  const rows = call.cloud.documents.list<Build>(BUILDS, { prefix: `${parentOf(call)}/builds/` });
  const all = rows.map((row) => row.body).filter(matches);
  const sorted = all.sort((a, b) => (a.createTime > b.createTime ? -1 : 1));
  const start = Number(call.query.pageToken ?? 0);
  const size = Math.min(Number(call.query.pageSize ?? 0) || 100, 1000);
  const more = start + size < sorted.length;
  return { builds: sorted.slice(start, start + size), ...(more && { nextPageToken: String(start + size) }) };
}

function cancelBuild(call: Call): Message {
  const build = requireBuild(call);
  if (hasEnded(build))
    throw new GoogleError("FAILED_PRECONDITION", `cannot cancel a build that has ended: ${build.status}`);
  return queueOf(call.cloud).cancel(build);
}

function approveBuild(call: Call): Message {
  const build = requireBuild(call);
  if (build.status !== "PENDING")
    throw new GoogleError("FAILED_PRECONDITION", `build ${build.id} does not wait for an approval`);
  const { approvalResult } = call.body as { approvalResult?: { decision?: string; comment?: string } };
  const approved = approvalResult?.decision === "APPROVED";
  if (!approved && approvalResult?.decision !== "REJECTED")
    throw invalid("approvalResult.decision must be APPROVED or REJECTED");
  const account = call.caller.member?.replace(/^\w+:/, "");
  const result = { ...approvalResult, approverAccount: account, approvalTime: new Date().toISOString() };
  const approval = { state: approved ? "APPROVED" : "REJECTED", config: { approvalRequired: true }, result };
  const decided = { ...build, approval, ...(approved && { status: "QUEUED" }) };
  call.cloud.documents.put(BUILDS, buildKey(build), decided);
  if (approved) queueOf(call.cloud).add(decided);
  else queueOf(call.cloud).cancel(decided);
  return operationOf(call.cloud, decided);
}

function buildMethods(methods: string): Behaviours {
  return {
    [`${methods}.create`]: {
      permission: "cloudbuild.builds.create",
      on: projectOfCall,
      query: ["parent", "projectId"],
      run: (call) => operationOf(call.cloud, createBuild(call.cloud, call.caller, parentOf(call), call.body)),
    },
    [`${methods}.get`]: {
      permission: "cloudbuild.builds.get",
      on: projectOfCall,
      query: ["name", "id", "projectId"],
      run: requireBuild,
    },
    [`${methods}.list`]: {
      permission: "cloudbuild.builds.list",
      on: projectOfCall,
      query: ["filter", "pageSize", "pageToken", "parent", "projectId"],
      run: listBuilds,
    },
    [`${methods}.cancel`]: { permission: "cloudbuild.builds.update", on: projectOfCall, run: cancelBuild },
    [`${methods}.approve`]: { permission: "cloudbuild.builds.approve", on: projectOfCall, run: approveBuild },
  };
}

/** The methods of builds, by their regional and by their older, global paths. */
export const BUILD_METHODS: Behaviours = {
  ...buildMethods("cloudbuild.projects.builds"),
  ...buildMethods("cloudbuild.projects.locations.builds"),
};
