import type { BuildQuotas } from "../cloud/buildQuotas.ts";
import type { BuildService } from "../cloud/buildService.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { Bucket } from "../cloud/google/bucket.ts";
import { CloudBuild } from "../cloud/google/cloudBuild.ts";
import { GoogleBuildQuotas } from "../cloud/google/quota.ts";
import type { Locks } from "../cloud/lock.ts";
import { ObjectLocks } from "../cloud/objectLocks.ts";
import type { ObjectStore } from "../cloud/objectStore.ts";
import { defaultLogins } from "../cloud/registry/credentials.ts";
import type { ImageRegistry } from "../cloud/registry/imageRegistry.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import type { BuildSettings } from "./settings.ts";

/** The outside world of a build. */
export interface BuildServices {
  readonly registry: ImageRegistry;
  readonly builds: BuildService;
  readonly store: ObjectStore;
  readonly locks: Locks;
  readonly quotas: BuildQuotas;
}

/** An environment that is built in: its settings, and clients that call it as whoever runs this. */
export interface BuildEnvironment {
  readonly settings: BuildSettings;
  readonly services: BuildServices;
  /** For what no service has a word for: a pool's machine. */
  readonly api: GoogleApi;
}

/**
 * The clients of an environment on Google Cloud.
 * @param environment variables that name credentials and may move endpoints
 */
export function googleEnvironment(
  settings: BuildSettings,
  environment: NodeJS.ProcessEnv,
  api: GoogleApi = new GoogleApi({ environment }),
): BuildEnvironment {
  const { project, region, store: bucket } = settings;
  const store = new Bucket(api, bucket);
  const services = {
    registry: new OciRegistry({ logins: defaultLogins(environment) }),
    store,
    builds: new CloudBuild(api, { project, region, logsBucket: `gs://${bucket}/logs` }),
    locks: new ObjectLocks(store, "locks/"),
    quotas: new GoogleBuildQuotas(api, { project, region }),
  };
  return { settings, services, api };
}
