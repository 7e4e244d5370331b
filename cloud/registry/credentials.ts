import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../chain/errors.ts";
import { defaultGoogleCredentials } from "../google/credentials.ts";
import { errorCode } from "../systemError.ts";

/** How a client introduces itself to one registry. */
export type RegistryLogin =
  | { readonly kind: "anonymous" }
  /** A name and a password, exchanged for a token where the registry uses tokens. */
  | { readonly kind: "password"; readonly user: string; readonly password: string }
  /** An access token that the registry takes as it is. */
  | { readonly kind: "token"; readonly token: string };

/** Finds the login for a registry, given its host as in a reference. Asked anew when a login was refused. */
export type RegistryLogins = (registry: string) => Promise<RegistryLogin>;

/**
 * The logins of the person or the machine that runs strata. Google's registries get the token of Google's default
 * credentials; every other one gets what `docker login` has stored in Docker's configuration file (its `auths` table;
 * credential helpers are not run), or nothing.
 */
export function defaultLogins(environment: NodeJS.ProcessEnv): RegistryLogins {
  const google = defaultGoogleCredentials(environment);
  return async (registry) => {
    if (isGoogleRegistry(registry, environment)) {
      const token = await google.accessToken();
      if (token !== undefined) return { kind: "token", token };
    }
    return storedLogin(registry, environment);
  };
}

/**
 * Whether a registry may be shown a Google access token: Artifact Registry's own hosts, and the host that
 * GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT moves Artifact Registry to.
 */
export function isGoogleRegistry(registry: string, environment: NodeJS.ProcessEnv): boolean {
  if (registry === "gcr.io" || registry.endsWith(".gcr.io") || registry.endsWith("-docker.pkg.dev")) return true;
  const endpoint = environment.GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT;
  return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).host === registry;
}

interface StoredLogin {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
}

async function storedLogin(registry: string, environment: NodeJS.ProcessEnv): Promise<RegistryLogin> {
  const file = join(environment.DOCKER_CONFIG ?? join(homedir(), ".docker"), "config.json");
  const auths = await readAuths(file);
  const names = registry === "docker.io" ? ["docker.io", "index.docker.io", "registry-1.docker.io"] : [registry];
  for (const name of names) {
    const stored =
      auths[name] ?? auths[`https://${name}`] ?? auths[`https://${name}/v1/`] ?? auths[`https://${name}/v2/`];
    const decoded = Buffer.from(stored?.auth ?? "", "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon > 0) return { kind: "password", user: decoded.slice(0, colon), password: decoded.slice(colon + 1) };
    if (stored?.username && stored.password) {
      return { kind: "password", user: stored.username, password: stored.password };
    }
  }
  return { kind: "anonymous" };
}

async function readAuths(file: string): Promise<Readonly<Record<string, StoredLogin>>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return {};
    throw error;
  }
  try {
    const parsed: { auths?: Record<string, StoredLogin> } = JSON.parse(text);
    return parsed.auths ?? {};
  } catch (error) {
    throw new UserError(
      { problem: "Docker's configuration is not valid JSON", fix: "repair it, or log in again", at: { file } },
      { cause: error },
    );
  }
}
