import { runtime } from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import type { Environment, Retention } from "../../settings.ts";

/** A resource as a program registered it. */
export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Types from the outermost component to the resource, joined by `$`: where the resource stands in the tree. */
  readonly path: string;
}

/** An environment for tests. */
export const environment: Environment = {
  name: "dev",
  project: "acme-images",
  region: "us-east4",
  prefix: "strata-dev",
};

/** Every period different, so that a test sees which one was used. */
export const retention: Retention = {
  keysPerTarget: 3,
  supersededDays: 4,
  untaggedDays: 5,
  scratchDays: 6,
  layerCacheDays: 7,
  compilerCacheDays: 8,
  contextDays: 9,
  recordDays: 10,
};

/** The number of the project that buckets are in. */
export const PROJECT_NUMBER = 123456789012;

/** What Google fills in after creation, where components pass it on; ids have the form that pulumi-gcp gives them. */
function filledIn(type: string, inputs: Readonly<Record<string, string>>): Record<string, string | number> {
  const { location, project, repositoryId, accountId, name } = inputs;
  switch (type) {
    case "gcp:artifactregistry/repository:Repository":
      return { name: `${repositoryId}`, registryUri: `${location}-docker.pkg.dev/${project}/${repositoryId}` };
    case "gcp:serviceaccount/account:Account": {
      const email = `${accountId}@${project}.iam.gserviceaccount.com`;
      return { name: `projects/${project}/serviceAccounts/${email}`, email, member: `serviceAccount:${email}` };
    }
    case "gcp:storage/bucket:Bucket":
      return { projectNumber: PROJECT_NUMBER };
    case "gcp:pubsub/topic:Topic":
      return { id: `projects/${project}/topics/${name}` };
    case "gcp:cloudbuild/workerPool:WorkerPool":
      return { id: `projects/${project}/locations/${location}/workerPools/${name}` };
    case "gcp:cloudbuildv2/repository:Repository":
      return { id: `projects/${project}/locations/${location}/connections/C/repositories/${name}` };
    case "docker:index/image:Image":
      return { repoDigest: "sha256:built" };
    case "docker:index/remoteImage:RemoteImage":
      return { imageId: "sha256:pulled" };
    case "strata:index:Image":
      return { digest: "sha256:published" };
    default:
      return {};
  }
}

/**
 * Runs a piece of a program without an engine, waits for everything that it registers, and returns that, in the order
 * of registration.
 */
export async function registeredBy(program: () => void): Promise<readonly Registered[]> {
  const seen: Omit<Registered, "path">[] = [];
  const mocks: runtime.Mocks = {
    newResource({ type, name, inputs }) {
      seen.push({ type, name, inputs });
      const { id = `${name}-id`, ...outputs } = filledIn(type, inputs);
      return { id: `${id}`, state: { ...inputs, ...outputs } };
    },
    call: ({ inputs }) => inputs,
  };
  await runtime.setMocks(mocks, "strata", "dev", false);
  const monitor = runtime.getMonitor();
  if (!(monitor instanceof MockMonitor)) throw new Error("the engine is not mocked");
  program();
  await runtime.disconnect();
  const paths = [...monitor.resources.keys()].map((urn) => urn.split("::").slice(2));
  return seen.map((one) => {
    const found = paths.find(([path = "", name]) => name === one.name && path.split("$").at(-1) === one.type);
    return { ...one, path: found?.[0] ?? "" };
  });
}

/** The one resource of a type, or of a type and name. */
export function one(all: readonly Registered[], type: string, name?: string): Registered {
  const found = all.filter((each) => each.type === type && (name === undefined || each.name === name));
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} resources of ${type} ${name ?? ""}`);
  return found[0];
}
