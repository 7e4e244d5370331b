import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

/** The project, a location, and what the tests of builds have there. */
export const P = `projects/${PROJECT}`;
export const L = `${P}/locations/us-east4`;
export const BUILDS = `/cloudbuild/v1/${L}/builds`;
export const REPOSITORY = `${L}/connections/github/repositories/images`;

/** What the tests read of a build. */
export interface Build {
  readonly id: string;
  readonly status: string;
  readonly logUrl?: string;
  readonly statusDetail?: string;
  readonly failureInfo?: { readonly type: string };
  readonly results?: { readonly images?: readonly { readonly digest: string }[] };
  readonly tags?: readonly string[];
  readonly substitutions?: object;
  readonly steps: readonly { readonly args?: readonly string[]; readonly status?: string }[];
}

interface Operation {
  readonly name: string;
  readonly done: boolean;
  readonly metadata: { readonly build: Build };
}

/** A local cloud with what builds need: a repository, a logs bucket, a pool, a Git connection, a publisher. */
export class BuildCloud {
  readonly cloud: TestCloud;
  /** The publisher's email. */
  readonly publisher: string;

  constructor(cloud: TestCloud, publisher: string) {
    this.cloud = cloud;
    this.publisher = publisher;
  }

  /** The fields of a build that runs as the publisher. */
  get asPublisher() {
    return { serviceAccount: `${P}/serviceAccounts/${this.publisher}`, logsBucket: "gs://build-logs/logs" };
  }

  /** Submits a build. */
  async submit(build: object): Promise<Build> {
    return (await this.cloud.ok<Operation>("POST", BUILDS, build)).metadata.build;
  }

  /** Waits until a build is over. */
  async ended(id: string): Promise<Build> {
    for (;;) {
      const build = await this.cloud.ok<Build>("GET", `${BUILDS}/${id}`);
      if (!["QUEUED", "WORKING", "PENDING"].includes(build.status)) return build;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Starts one whose simulated builds run so many times faster than real; 0 ends them at once. */
export async function startBuildCloud(timeScale: number): Promise<BuildCloud> {
  const cloud = await startTestCloud({ settings: { timeScale } });
  const publisher = await cloud.account("publisher");
  await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, { name: "build-logs", location: "us-east4" });
  await cloud.ok("POST", `/artifactregistry/v1/${L}/repositories?repositoryId=images`, {
    format: "DOCKER",
    dockerConfig: { immutableTags: true },
  });
  await cloud.ok("POST", `/cloudbuild/v1/${L}/workerPools?workerPoolId=big`, {
    privatePoolV1Config: { workerConfig: { machineType: "c3-standard-176", diskSizeGb: 100 } },
  });
  cloud.grant("projects/_/buckets/build-logs", "roles/storage.objectUser", publisher);
  cloud.grant(P, "roles/logging.logWriter", publisher);
  cloud.grant(`${L}/repositories/images`, "roles/artifactregistry.writer", publisher);
  await cloud.ok("POST", `/cloudbuild/v2/${L}/connections?connectionId=github`, {
    githubConfig: { appInstallationId: 1 },
  });
  await cloud.ok("POST", `/cloudbuild/v2/${L}/connections/github/repositories?repositoryId=images`, {
    remoteUri: "https://github.com/acme/images.git",
  });
  return new BuildCloud(cloud, publisher);
}
