import { GoogleError } from "../http/errors.ts";
import type { Documents } from "../state/documents.ts";

/** A Google Cloud project as it is kept. */
export interface Project {
  readonly projectId: string;
  /** Digits. */
  readonly projectNumber: string;
  readonly createTime: string;
  /** Enabled services, such as `cloudbuild.googleapis.com`. */
  readonly services: readonly string[];
}

/** What a new project has enabled before anybody enables anything. */
export const INITIAL_SERVICES: readonly string[] = [
  "cloudapis.googleapis.com",
  "logging.googleapis.com",
  "monitoring.googleapis.com",
  "servicemanagement.googleapis.com",
  "serviceusage.googleapis.com",
  "storage-api.googleapis.com",
  "storage.googleapis.com",
];

/** Every service that the local cloud plays. */
export const ALL_SERVICES: readonly string[] = [
  ...INITIAL_SERVICES,
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "cloudscheduler.googleapis.com",
  "compute.googleapis.com",
  "containeranalysis.googleapis.com",
  "containerscanning.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "pubsub.googleapis.com",
  "secretmanager.googleapis.com",
  "servicenetworking.googleapis.com",
];

/** The project, or undefined where there is none. */
export function findProject(documents: Documents, projectId: string): Project | undefined {
  return documents.get<Project>("projects", projectId);
}

/** Makes a project that is not there yet. Its number follows from how many there are. */
export function createProject(documents: Documents, projectId: string, services = INITIAL_SERVICES): Project {
  const existing = findProject(documents, projectId);
  if (existing) return existing;
  const number = String(100_000_000_001 + documents.list("projects").length);
  const project = { projectId, projectNumber: number, createTime: new Date().toISOString(), services };
  documents.put("projects", projectId, project);
  documents.put("projectNumbers", number, projectId);
  return project;
}

/** The id in the place of a project's number, in a name such as `projects/N/secrets/S` or a number by itself. */
export function resolveProjectNumber(documents: Documents, name: string): string {
  const number = /^(?:projects\/)?(\d{6,})(?=\/|$)/.exec(name)?.[1];
  const projectId = number && documents.get<string>("projectNumbers", number);
  return projectId ? name.replace(number, projectId) : name;
}

/** The project that a resource is in: its name's second segment, or of a bucket the project that it was made in. */
export function projectOf(documents: Documents, resource: string): string | undefined {
  const [, project, , bucket] = resource.split("/");
  if (project !== "_") return project;
  return bucket && documents.get<{ readonly project: string }>("storage.buckets", bucket)?.project;
}

/**
 * Lets a call pass whose project is there and has the service enabled.
 *
 * @throws GoogleError 403 as Google answers, for both.
 */
export function requireService(documents: Documents, resource: string, service: string): void {
  const projectId = resource.startsWith("projects/") ? projectOf(documents, resource) : undefined;
  if (projectId === undefined || projectId === "-") return;
  const project = findProject(documents, projectId);
  if (!project) {
    throw new GoogleError("PERMISSION_DENIED", `Permission denied on resource project ${projectId}.`, {
      reason: "forbidden",
      details: [errorInfo("CONSUMER_INVALID", { consumer: `projects/${projectId}`, service })],
    });
  }
  if (project.services.includes(service)) return;
  throw new GoogleError(
    "PERMISSION_DENIED",
    `${service} API has not been used in project ${projectId} before or it is disabled. Enable it, then retry.`,
    {
      reason: "accessNotConfigured",
      details: [errorInfo("SERVICE_DISABLED", { consumer: `projects/${project.projectNumber}`, service })],
    },
  );
}

function errorInfo(reason: string, metadata: Readonly<Record<string, string>>) {
  return { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com", metadata };
}
