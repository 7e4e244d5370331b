/** What every environment needs: identities, images, buckets and the quota of builds. */
const always = [
  "artifactregistry.googleapis.com",
  "cloudbuild.googleapis.com",
  "containerscanning.googleapis.com",
  "iam.googleapis.com",
  "iamcredentials.googleapis.com",
  "logging.googleapis.com",
  "serviceusage.googleapis.com",
  "storage.googleapis.com",
];

/** What only an environment with triggers needs. */
const forTriggers = ["cloudscheduler.googleapis.com", "pubsub.googleapis.com", "secretmanager.googleapis.com"];

/** The Google APIs that an environment uses, by name. */
export function servicesNeeded(triggers: boolean): readonly string[] {
  return triggers ? [...always, ...forTriggers] : always;
}
