import type { GoogleAuth } from "google-auth-library";
import { errorMessage } from "../systemError.ts";

/** Gives an OAuth access token for Google's APIs, renewed when it is about to expire. */
export interface GoogleCredentials {
  /** A token that is good now, or undefined if this machine has no Google credentials at all. */
  accessToken(): Promise<string | undefined>;
}

/**
 * The credentials that the pulumi-gcp provider would use too: GOOGLE_OAUTH_ACCESS_TOKEN if it is set, otherwise
 * Application Default Credentials (a key file, `gcloud auth application-default login`, workload identity, or the
 * metadata server of the machine). Looked for when first asked, so a command that needs none does not wait for them.
 */
export function defaultGoogleCredentials(environment: NodeJS.ProcessEnv): GoogleCredentials {
  let auth: Promise<GoogleAuth> | undefined;
  return {
    async accessToken() {
      const given = environment.GOOGLE_OAUTH_ACCESS_TOKEN;
      if (given !== undefined && given !== "") return given;
      auth ??= import("google-auth-library").then(
        ({ GoogleAuth }) => new GoogleAuth({ scopes: "https://www.googleapis.com/auth/cloud-platform" }),
      );
      try {
        return (await (await auth).getAccessToken()) ?? undefined;
      } catch (error) {
        if (errorMessage(error).startsWith("Could not load the default credentials")) return undefined;
        throw error;
      }
    },
  };
}
