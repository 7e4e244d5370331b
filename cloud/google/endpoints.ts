import { UserError } from "../../chain/errors.ts";

/** Google's products that strata itself calls; the Pulumi provider calls more. */
export type GoogleProduct =
  | "artifactRegistry"
  | "cloudBuild"
  | "cloudBuildV2"
  | "secretManager"
  | "serviceUsage"
  | "storage";

/** The variable that moves a product, as the pulumi-gcp provider reads it, and the address without it. */
const endpoints: Readonly<Record<GoogleProduct, { variable: string; address: string }>> = {
  artifactRegistry: {
    variable: "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT",
    address: "https://artifactregistry.googleapis.com/v1/",
  },
  cloudBuildV2: { variable: "GOOGLE_CLOUDBUILDV2_CUSTOM_ENDPOINT", address: "https://cloudbuild.googleapis.com/v2/" },
  storage: { variable: "GOOGLE_STORAGE_CUSTOM_ENDPOINT", address: "https://storage.googleapis.com/storage/v1/" },
  cloudBuild: { variable: "GOOGLE_CLOUD_BUILD_CUSTOM_ENDPOINT", address: "https://cloudbuild.googleapis.com/v1/" },
  secretManager: {
    variable: "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT",
    address: "https://secretmanager.googleapis.com/v1/",
  },
  serviceUsage: {
    variable: "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
    address: "https://serviceusage.googleapis.com/v1/",
  },
};

/** The address below which a product is called; ends in `/`. */
export function endpointOf(product: GoogleProduct, environment: NodeJS.ProcessEnv): string {
  const { variable, address } = endpoints[product];
  const moved = environment[variable];
  if (moved === undefined || moved === "") return address;
  if (!URL.canParse(moved) || !/^https?:\/\/[^?#]*\/$/.test(moved)) {
    throw new UserError({
      problem: `the environment variable ${variable} is not an address that calls can be sent below`,
      value: moved,
      allowed: `an http or https address that ends in /, such as ${address}`,
      fix: "correct the variable, or unset it to call Google Cloud",
    });
  }
  return moved;
}
