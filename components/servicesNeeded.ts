import type { Settings } from "../settings.ts";

/** What reads and writes the project's own policy. Not one of those that a new project has. */
export const RESOURCE_MANAGER = "cloudresourcemanager.googleapis.com";

/** What every environment needs: identities, images, buckets and the quota of builds. */
const always = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  RESOURCE_MANAGER,
  "containerscanning.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "logging.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];

/** What only an environment with triggers needs: its schedule. */
const forTriggers = ["cloudscheduler.googleapis.com", "pubsub.googleapis.com"];

/** What an environment needs that reads tokens or passwords: of its connection and its comments, of its mirror. */
const forSecrets = ["secretmanager.googleapis.com"];

/** The Google APIs that an environment uses, by name. */
export function servicesNeeded({ source, dockerHub }: Pick<Settings, "source" | "dockerHub">): readonly string[] {
  return [...always, ...(source ? forTriggers : []), ...(source || dockerHub ? forSecrets : [])];
}
