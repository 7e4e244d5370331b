import { CallError, call } from "./calls.ts";
import type { Configuration } from "./configuration.ts";

/**
 * Makes the secrets that an environment's `strata:source` and `strata:dockerHub` name, where they are not there yet, with a value of no use:
 * what a person does at Google before the first `pulumi up`, so that the grants on them find something to be bound to.
 */
export async function makeSecrets(configuration: Configuration): Promise<void> {
  const source = (configuration["strata:source"] ?? {}) as { readonly token?: string; readonly commentToken?: string };
  const { passwordSecret } = (configuration["strata:dockerHub"] ?? {}) as { readonly passwordSecret?: string };
  const named = [source.token, source.commentToken, passwordSecret].flatMap((version) => version ?? []);
  for (const secret of new Set(named.map((version) => version.split("/versions/")[0] ?? ""))) await makeSecret(secret);
}

/** @param secret `projects/PROJECT/secrets/NAME`. */
async function makeSecret(secret: string): Promise<void> {
  const [, project = "", , secretId = ""] = secret.split("/");
  await call("serviceUsage", "POST", `projects/${project}/services/secretmanager.googleapis.com:enable`, { body: {} });
  try {
    const options = { query: { secretId }, body: { replication: { automatic: {} } } };
    await call("secretManager", "POST", `projects/${project}/secrets`, options);
  } catch (error) {
    if (error instanceof CallError && error.status === 409) return;
    throw error;
  }
  const data = Buffer.from("neither token nor password: nobody asks another here").toString("base64");
  await call("secretManager", "POST", `${secret}:addVersion`, { body: { payload: { data } } });
}
