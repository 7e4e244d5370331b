import { environmentOf } from "../../local/environment.ts";
import { gcpStandIn } from "../../local/gcpStandIn/provider.ts";
import type { Properties } from "../../provider/server.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

let cloud: TestCloud;
const before = { ...process.env };
beforeAll(async () => {
  cloud = await startTestCloud();
  Object.assign(process.env, environmentOf(cloud.origin, cloud.running.operatorToken));
});
afterAll(async () => {
  for (const name of Object.keys(environmentOf("", ""))) delete process.env[name];
  Object.assign(process.env, before);
  await cloud.close();
});

const L = `projects/${PROJECT}/locations/us-east4`;
const place = { project: PROJECT, location: "us-east4" };

/** A resource, a change that somebody makes outside the program, and the inputs that are then not as they were set. */
interface Changed {
  readonly type: string;
  readonly inputs: Properties;
  readonly change: readonly [verb: string, path: string, body: object];
  readonly differs: readonly string[];
}

const resources: readonly Changed[] = [
  {
    type: "gcp:artifactregistry/repository:Repository",
    inputs: {
      ...place,
      repositoryId: "drift",
      format: "DOCKER",
      description: "ours",
      labels: { team: "ml" },
      dockerConfig: { immutableTags: true },
      cleanupPolicies: [{ id: "keep", action: "KEEP", mostRecentVersions: { keepCount: 3 } }],
      vulnerabilityScanningConfig: { enablementConfig: "DISABLED" },
    },
    change: [
      "PATCH",
      `/artifactregistry/v1/${L}/repositories/drift?updateMask=labels,cleanupPolicies`,
      {
        labels: { team: "theirs" },
        cleanupPolicies: { keep: { action: "KEEP", mostRecentVersions: { keepCount: 9 } } },
      },
    ],
    differs: ["cleanupPolicies", "labels"],
  },
  {
    type: "gcp:artifactregistry/repository:Repository",
    inputs: {
      ...place,
      repositoryId: "drift-remote",
      format: "DOCKER",
      mode: "REMOTE_REPOSITORY",
      remoteRepositoryConfig: {
        dockerRepository: { publicRepository: "DOCKER_HUB" },
        upstreamCredentials: { usernamePasswordCredentials: { username: "ours", passwordSecretVersion: "v" } },
      },
    },
    change: [
      "PATCH",
      `/artifactregistry/v1/${L}/repositories/drift-remote?updateMask=remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials.username`,
      { remoteRepositoryConfig: { upstreamCredentials: { usernamePasswordCredentials: { username: "theirs" } } } },
    ],
    differs: ["remoteRepositoryConfig"],
  },
  {
    type: "gcp:cloudbuild/workerPool:WorkerPool",
    inputs: {
      ...place,
      name: "drift",
      workerConfig: { machineType: "e2-standard-8", diskSizeGb: 200, noExternalIp: true },
    },
    change: [
      "PATCH",
      `/cloudbuild/v1/${L}/workerPools/drift?updateMask=privatePoolV1Config.workerConfig.diskSizeGb`,
      { privatePoolV1Config: { workerConfig: { diskSizeGb: "100" } } },
    ],
    differs: ["workerConfig"],
  },
  {
    type: "gcp:cloudbuild/trigger:Trigger",
    inputs: {
      ...place,
      name: "drift",
      build: {
        steps: [{ id: "a", name: "node:24", args: ["-e", "0"], envs: ["A=b"], waitFors: ["-"] }],
        substitutions: { _A: "" },
        options: { logging: "CLOUD_LOGGING_ONLY", envs: ["B=c"] },
      },
    },
    change: [
      "PATCH",
      `/cloudbuild/v1/${L}/triggers/drift`,
      { name: "drift", build: { steps: [{ name: "node:24", env: ["A=theirs"] }], timeout: "86400s" } },
    ],
    differs: ["build"],
  },
  {
    type: "gcp:cloudbuildv2/connection:Connection",
    inputs: { ...place, name: "drift", githubConfig: { appInstallationId: 7 } },
    change: ["PATCH", `/cloudbuild/v2/${L}/connections/drift`, { githubConfig: { appInstallationId: "8" } }],
    differs: ["githubConfig"],
  },
  {
    type: "gcp:pubsub/topic:Topic",
    inputs: { project: PROJECT, name: "drift", labels: { a: "b" } },
    change: ["PATCH", `/pubsub/v1/projects/${PROJECT}/topics/drift`, { topic: {}, updateMask: "labels" }],
    differs: ["labels"],
  },
  {
    type: "gcp:cloudscheduler/job:Job",
    inputs: {
      project: PROJECT,
      region: "us-east4",
      name: "drift",
      schedule: "0 4 * * 1",
      timeZone: "Etc/UTC",
      pubsubTarget: { topicName: `projects/${PROJECT}/topics/drift`, data: "eA==" },
    },
    change: ["POST", `/cloudscheduler/v1/${L}/jobs/drift:pause`, {}],
    differs: ["paused"],
  },
  {
    type: "gcp:storage/bucket:Bucket",
    inputs: {
      project: PROJECT,
      name: "drift-bucket",
      location: "us-east4",
      labels: { a: "b", c: "d" },
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
      softDeletePolicy: { retentionDurationSeconds: 0 },
      lifecycleRules: [{ action: { type: "Delete" }, condition: { age: 3, matchesPrefixes: ["contexts/"] } }],
    },
    change: ["PATCH", "/storage/v1/b/drift-bucket", { lifecycle: { rule: [] }, labels: { c: null } }],
    differs: ["labels", "lifecycleRules"],
  },
  {
    type: "gcp:serviceaccount/account:Account",
    inputs: { project: PROJECT, accountId: "drifting", displayName: "Ours" },
    change: [
      "PATCH",
      `/iam/v1/projects/${PROJECT}/serviceAccounts/drifting@${PROJECT}.iam.gserviceaccount.com`,
      { serviceAccount: { displayName: "Theirs" }, updateMask: "display_name" },
    ],
    differs: ["displayName"],
  },
];

test.each(resources)(
  "$type: a read finds it as it was set, then what somebody changed, which an update sets back",
  async ({ type, inputs, change, differs }) => {
    const { id, state } = await gcpStandIn.create(type, inputs);
    const fresh = await gcpStandIn.read(type, id, state);
    expect(fresh).toEqual({ inputs, state });

    await cloud.ok(...change);
    const found = await gcpStandIn.read(type, id, state);
    if (!found) throw new Error("it is gone");
    const { changes, shown, replaces } = await gcpStandIn.diff(type, found, inputs);
    expect([changes, Object.keys(shown).sort(), replaces]).toEqual([true, differs, []]);

    const after = await gcpStandIn.update(type, id, found.state, inputs);
    expect(await gcpStandIn.read(type, id, after)).toEqual({ inputs, state: after });
  },
);

test("what was deleted by somebody is gone to a read, and its deletion succeeds, but for a bucket's", async () => {
  for (const { type, inputs } of resources) {
    const renamed = Object.fromEntries(
      Object.entries(inputs).map(([name, value]) => [
        name,
        typeof value === "string" && /^drift/.test(value) ? `${value}-two` : value,
      ]),
    );
    const { id, state } = await gcpStandIn.create(type, renamed);
    await gcpStandIn.delete(type, id, state);
    expect(await gcpStandIn.read(type, id, state)).toBeUndefined();
    const again = gcpStandIn.delete(type, id, state);
    if (type.includes("bucket")) await expect(again).rejects.toThrow("Error 404");
    else await again;
  }
});

test("an inline build has Google's names of what the plugin spells in the plural, and the plugin's time-out", async () => {
  const build = {
    steps: [{ name: "node:24", envs: ["A=b"], waitFors: ["-"], secretEnvs: ["S"], timeout: "5s" }],
    options: { envs: ["B=c"], sourceProvenanceHashes: ["SHA256"] },
  };
  const { id } = await gcpStandIn.create("gcp:cloudbuild/trigger:Trigger", { ...place, name: "inline", build });
  expect((await cloud.ok<{ build: object }>("GET", `/cloudbuild/v1/${id}`)).build).toEqual({
    steps: [{ name: "node:24", env: ["A=b"], waitFor: ["-"], secretEnv: ["S"], timeout: "5s" }],
    options: { env: ["B=c"], sourceProvenanceHash: ["SHA256"] },
    timeout: "600s",
  });
});

test("a mirror's account changes in place, its upstream does not", async () => {
  const type = "gcp:artifactregistry/repository:Repository";
  const mirror = (upstream: string, username?: string) => ({
    remoteRepositoryConfig: {
      dockerRepository: { publicRepository: upstream },
      ...(username && { upstreamCredentials: { usernamePasswordCredentials: { username } } }),
    },
  });
  const replaced = async (olds: Properties, news: Properties) =>
    (await gcpStandIn.diff(type, { inputs: olds, state: olds }, news)).replaces;
  expect(await replaced(mirror("DOCKER_HUB", "a"), mirror("DOCKER_HUB", "b"))).toEqual([]);
  expect(await replaced(mirror("DOCKER_HUB", "a"), mirror("DOCKER_HUB"))).toEqual([]);
  expect(await replaced(mirror("DOCKER_HUB", "a"), mirror("OTHER", "a"))).toEqual(["remoteRepositoryConfig"]);
});

test("no call of the stand-in was refused as malformed", () => {
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
});
