/**
 * The variables that point the Pulumi provider at its products, with the path that each has here. The endings are those
 * that the provider needs; billing and its like have no method here, so their calls end at the local cloud with 501.
 */
export const ENDPOINTS: Readonly<Record<string, string>> = {
  GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT: "/artifactregistry/v1/",
  GOOGLE_CLOUD_BILLING_CUSTOM_ENDPOINT: "/cloudbilling/v1/",
  GOOGLE_CLOUD_BUILD_CUSTOM_ENDPOINT: "/cloudbuild/v1/",
  GOOGLE_CLOUDBUILDV2_CUSTOM_ENDPOINT: "/cloudbuild/v2/",
  GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT: "/cloudscheduler/v1/",
  GOOGLE_COMPUTE_CUSTOM_ENDPOINT: "/compute/v1/",
  GOOGLE_IAM_BETA_CUSTOM_ENDPOINT: "/iam/v1/",
  GOOGLE_IAM_CREDENTIALS_CUSTOM_ENDPOINT: "/iamcredentials/v1/",
  GOOGLE_LOGGING_CUSTOM_ENDPOINT: "/logging/v2/",
  GOOGLE_MONITORING_CUSTOM_ENDPOINT: "/monitoring/",
  GOOGLE_PUBSUB_CUSTOM_ENDPOINT: "/pubsub/v1/",
  GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT: "/resourcemanager/v1/",
  GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT: "/secretmanager/v1/",
  GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT: "/serviceusage/v1/",
  GOOGLE_STORAGE_CUSTOM_ENDPOINT: "/storage/v1/",
};

/**
 * The environment variables that turn an unmodified Pulumi program, and strata itself, to a local cloud.
 *
 * @param origin - `http://127.0.0.1:PORT`.
 * @param token - whose rights the calls have.
 */
export function environmentOf(origin: string, token: string): Readonly<Record<string, string>> {
  return {
    ...Object.fromEntries(Object.entries(ENDPOINTS).map(([variable, path]) => [variable, `${origin}${path}`])),
    GOOGLE_OAUTH_ACCESS_TOKEN: token,
    PULUMI_GCP_SKIP_REGION_VALIDATION: "true",
    PULUMI_GCP_DISABLE_GLOBAL_PROJECT_WARNING: "true",
  };
}
