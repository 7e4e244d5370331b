import { filesMatch, matchesAny } from "../../local/products/cloudBuild/globs.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const P = `projects/${PROJECT}`;
const L = `${P}/locations/us-east4`;
const BUILDS = `/cloudbuild/v1/${L}/builds`;
const REPOSITORY = `${L}/connections/github/repositories/images`;
const C3 = "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus";

interface Build {
  readonly id: string;
  readonly status: string;
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

let cloud: TestCloud;
let publisher: string;
beforeAll(async () => {
  cloud = await startTestCloud({ settings: { timeScale: 0 } });
  publisher = await cloud.account("publisher");
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
});
afterAll(() => cloud.close());

const asPublisher = () => ({ serviceAccount: `${P}/serviceAccounts/${publisher}`, logsBucket: "gs://build-logs/logs" });

async function submit(build: object, on = cloud): Promise<Build> {
  return (await on.ok<Operation>("POST", BUILDS, build)).metadata.build;
}

async function ended(id: string, on = cloud): Promise<Build> {
  for (;;) {
    const build = await on.ok<Build>("GET", `${BUILDS}/${id}`);
    if (!["QUEUED", "WORKING", "PENDING"].includes(build.status)) return build;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test.each([
  ["no step", {}, "at least one step"],
  ["a step without a name", { steps: [{ args: ["x"] }] }, "name is required"],
  ["301 steps", { steps: Array.from({ length: 301 }, () => ({ name: "a" })) }, "at most 300"],
  ["a step that waits for nobody", { steps: [{ name: "a", waitFor: ["b"] }] }, "waits for 'b'"],
  [
    "two steps of one id",
    {
      steps: [
        { name: "a", id: "x" },
        { name: "a", id: "x" },
      ],
    },
    "the id 'x'",
  ],
  ["a timeout above a day", { steps: [{ name: "a" }], timeout: "86401s" }, "at most 24h"],
  ["a step longer than the build", { steps: [{ name: "a", timeout: "700s" }], timeout: "600s" }, "exceeds the build's"],
  ["a tag with a space", { steps: [{ name: "a" }], tags: ["a b"] }, "invalid build tag"],
  ["a substitution in lower case", { steps: [{ name: "a" }], substitutions: { _x: "1" } }, "does not match format"],
  [
    "a substitution that nothing uses",
    { steps: [{ name: "a" }], substitutions: { _X: "1" } },
    "is not matched in the template",
  ],
  [
    "a substitution that nobody defines",
    { steps: [{ name: "a", args: ["$_X"] }] },
    "is not a valid built-in substitution",
  ],
  ["a shell variable with one dollar", { steps: [{ name: "a", args: ["echo $i"] }] }, '"i" is not a valid built-in'],
  [
    "a pool of another region",
    { steps: [{ name: "a" }], options: { pool: { name: `${P}/locations/us-west1/workerPools/big` } } },
    "same region",
  ],
  [
    "a machine type in a pool",
    { steps: [{ name: "a" }], options: { pool: { name: `${L}/workerPools/big` }, machineType: "E2_HIGHCPU_8" } },
    "no machineType",
  ],
])("a build with %s is refused", async (_what, build, message) => {
  const answer = await cloud.call("POST", BUILDS, build);
  expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
});

test("a build with an account of its own must say where its logs go", async () => {
  const { serviceAccount } = asPublisher();
  const refused = await cloud.call("POST", BUILDS, { steps: [{ name: "a" }], serviceAccount });
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining("logs_bucket")]);
  for (const options of [{ logging: "CLOUD_LOGGING_ONLY" }, { logging: "NONE" }]) {
    await submit({ steps: [{ name: "a" }], serviceAccount, options });
  }
});

test("who submits a build needs the right to act as its account", async () => {
  const submitter = await cloud.account("submitter");
  cloud.grant(P, "roles/cloudbuild.builds.editor", submitter);
  const build = { steps: [{ name: "a" }], ...asPublisher() };
  const refused = await cloud.call("POST", BUILDS, build, cloud.token(submitter));
  expect([refused.status, refused.body.error.message]).toEqual([
    403,
    expect.stringContaining("iam.serviceAccounts.actAs"),
  ]);
  cloud.grant(`${P}/serviceAccounts/${publisher}`, "roles/iam.serviceAccountUser", submitter);
  expect((await cloud.call("POST", BUILDS, build, cloud.token(submitter))).status).toBe(200);
});

test("a simulated build logs its markers, pushes an image that says it is simulated, and succeeds", async () => {
  const reference = `${cloud.origin.replace("http://", "")}/${PROJECT}/images/base:key1`;
  const env = [`STRATA_REFERENCE=${reference}`, "STRATA_EXPECTED_MINUTES=25"];
  const { id } = await submit({
    steps: [
      { name: "alpine", args: ["$PROJECT_ID-$BUILD_ID"] },
      { name: "alpine", env },
    ],
    ...asPublisher(),
  });
  const build = await ended(id);
  expect(build).toMatchObject({
    status: "SUCCESS",
    steps: [{ args: [`${PROJECT}-${id}`], status: "SUCCESS" }, { status: "SUCCESS" }],
  });
  const digest = build.results?.images?.[0]?.digest;
  const authorization = { authorization: `Bearer ${cloud.running.operatorToken}` };
  const path = `${cloud.origin}/v2/${PROJECT}/images/base`;
  const manifest = (await (await fetch(`${path}/manifests/key1`, { headers: authorization })).json()) as {
    config: { digest: string };
  };
  const config = await (await fetch(`${path}/blobs/${manifest.config.digest}`, { headers: authorization })).json();
  expect(config).toMatchObject({ config: { Labels: { "dev.strata.simulated": "true", "dev.strata.build": id } } });
  const found = await cloud.ok("GET", `/artifactregistry/v1/${L}/repositories/images/packages/base/tags/key1`);
  expect(found.version).toContain(digest);
  const log = await (
    await fetch(`${cloud.origin}/storage/v1/b/build-logs/o/${encodeURIComponent(`logs/log-${id}.txt`)}?alt=media`, {
      headers: authorization,
    })
  ).text();
  expect(log).toContain("simulated");
  expect(log).toMatch(/STRATA-PROGRESS 60 "simulated" elapsed=900s/);
});

test("a build whose account may not push the image fails and publishes nothing", async () => {
  const checker = await cloud.account("checker");
  cloud.grant("projects/_/buckets/build-logs", "roles/storage.objectUser", checker);
  cloud.grant(P, "roles/logging.logWriter", checker);
  const reference = `${cloud.origin.replace("http://", "")}/${PROJECT}/images/base:untrusted`;
  const account = { serviceAccount: `${P}/serviceAccounts/${checker}`, logsBucket: "build-logs" };
  const { id } = await submit({ steps: [{ name: "a", env: [`STRATA_REFERENCE=${reference}`] }], ...account });
  expect(await ended(id)).toMatchObject({
    status: "FAILURE",
    statusDetail: expect.stringContaining("uploadArtifacts"),
  });
  expect(
    (await cloud.call("GET", `/artifactregistry/v1/${L}/repositories/images/packages/base/tags/untrusted`)).status,
  ).toBe(404);
});

test("a build whose account may not write its log fails and says so", async () => {
  const mute = await cloud.account("mute-account");
  const { id } = await submit({
    steps: [{ name: "a" }],
    serviceAccount: `${P}/serviceAccounts/${mute}`,
    logsBucket: "build-logs",
  });
  expect(await ended(id)).toMatchObject({ status: "FAILURE", failureInfo: { type: "LOGGING_FAILURE" } });
});

test("builds are found by tag and state", async () => {
  const { id } = await submit({ steps: [{ name: "a" }], tags: ["wanted", "other"] });
  await ended(id);
  const list = async (filter: string) =>
    ((await cloud.ok<{ builds?: Build[] }>("GET", `${BUILDS}?filter=${encodeURIComponent(filter)}`)).builds ?? []).map(
      (build) => build.id,
    );
  expect(await list('tags="wanted"')).toEqual([id]);
  expect(await list('tags="wanted" AND (status="QUEUED" OR status="WORKING")')).toEqual([]);
  expect(await list('tags="wanted" AND NOT status="WORKING"')).toEqual([id]);
  expect((await cloud.call("GET", `${BUILDS}?filter=${encodeURIComponent('colour="red"')}`)).status).toBe(400);
});

describe("with builds that last", () => {
  let slow: TestCloud;
  beforeAll(async () => {
    slow = await startTestCloud({ settings: { timeScale: 60 } });
    await slow.ok("POST", `/cloudbuild/v1/${L}/workerPools?workerPoolId=big`, {
      privatePoolV1Config: { workerConfig: { machineType: "c3-standard-176" } },
    });
    slow.running.cloud.documents.put("quotas", C3, 352);
  });
  afterAll(() => slow.close());

  const inPool = { options: { pool: { name: `${L}/workerPools/big` }, env: ["STRATA_EXPECTED_MINUTES=0.5"] } };

  test("as many run at a time as the quota allows, the others wait, and every one ends", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await submit({ steps: [{ name: "a" }], ...inPool }, slow)).id),
    );
    const states = await Promise.all(ids.map(async (id) => (await slow.ok<Build>("GET", `${BUILDS}/${id}`)).status));
    expect(states.sort()).toEqual(["QUEUED", "WORKING", "WORKING"]);
    for (const id of ids) expect((await ended(id, slow)).status).toBe("SUCCESS");
  });

  test("a build that is cancelled stops and stays cancelled", async () => {
    const { id } = await submit({ steps: [{ name: "a" }], options: { env: ["STRATA_EXPECTED_MINUTES=60"] } }, slow);
    expect(await slow.ok("POST", `${BUILDS}/${id}:cancel`, {})).toMatchObject({ status: "CANCELLED" });
    expect((await slow.call("POST", `${BUILDS}/${id}:cancel`, {})).status).toBe(400);
    expect((await ended(id, slow)).status).toBe("CANCELLED");
  });

  test("a build that runs longer than its timeout ends as TIMEOUT", async () => {
    const { id } = await submit(
      { steps: [{ name: "a" }], timeout: "0.2s", options: { env: ["STRATA_EXPECTED_MINUTES=60"] } },
      slow,
    );
    expect((await ended(id, slow)).status).toBe("TIMEOUT");
  });

  test("a build that the quota never fits expires after its queueTtl", async () => {
    slow.running.cloud.documents.put("quotas", C3, 4);
    const { id } = await submit({ steps: [{ name: "a" }], queueTtl: "0.3s", ...inPool }, slow);
    expect((await ended(id, slow)).status).toBe("EXPIRED");
    const metric = encodeURIComponent(C3);
    const quota = await slow.ok(
      "GET",
      `/serviceusage/v1beta1/${P}/services/cloudbuild.googleapis.com/consumerQuotaMetrics/${metric}`,
    );
    expect(quota).toMatchObject({
      metric: C3,
      consumerQuotaLimits: [{ quotaBuckets: [{ effectiveLimit: "4" }, { dimensions: { build_origin: "default" } }] }],
    });
  });
});

describe("triggers", () => {
  const commit = "0123456789abcdef0123456789abcdef01234567";
  const event = { kind: "push", repository: REPOSITORY, branch: "main", commit, files: ["dockerfiles/a/Dockerfile"] };
  const configs = {
    "cloudbuild.yaml":
      "steps:\n- name: alpine\n  args: [build, $_TARGET, $SHORT_SHA]\nsubstitutions: { _TARGET: all }\ntags: [from-file]\n",
  };
  const send = (body: object) =>
    cloud.ok<{ runs: { trigger: string; build?: string; reason?: string }[] }>(
      "POST",
      "/_local/repository-events",
      body,
    );

  beforeAll(async () => {
    const common = { filename: "cloudbuild.yaml", ...{ serviceAccount: asPublisher().serviceAccount } };
    const push = (branch: string) => ({ repositoryEventConfig: { repository: REPOSITORY, push: { branch } } });
    for (const trigger of [
      {
        name: "on-main",
        ...common,
        ...push("^main$"),
        includedFiles: ["dockerfiles/**"],
        ignoredFiles: ["**/*.md"],
        substitutions: { _TARGET: "base" },
      },
      { name: "approved", ...common, ...push("^release$"), approvalConfig: { approvalRequired: true } },
      {
        name: "on-pull",
        ...common,
        repositoryEventConfig: {
          repository: REPOSITORY,
          pullRequest: { branch: "^main$", commentControl: "COMMENTS_ENABLED" },
        },
      },
    ]) {
      await cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, trigger);
    }
  });

  const withLogs = { "cloudbuild.yaml": `${configs["cloudbuild.yaml"]}logsBucket: gs://build-logs\n` };

  test("a push runs the trigger of its branch with the file of its commit, as the trigger's account", async () => {
    const { runs } = await send({ ...event, configs: withLogs });
    expect(runs).toEqual(
      [
        { trigger: "on-main", build: expect.any(String) },
        { trigger: "approved", reason: "the branch main does not match" },
        { trigger: "on-pull", reason: "the trigger does not listen to push events" },
      ].sort(
        (a, b) =>
          runs.findIndex((run) => run.trigger === a.trigger) - runs.findIndex((run) => run.trigger === b.trigger),
      ),
    );
    const build = await ended(String(runs.find((run) => run.build)?.build));
    expect(build).toMatchObject({
      status: "SUCCESS",
      serviceAccount: expect.stringContaining("publisher@"),
      substitutions: { _TARGET: "base" },
    });
    expect(build.steps[0]?.args).toEqual(["build", "base", commit.slice(0, 7)]);
    expect(build.tags).toEqual(["from-file", expect.stringMatching(/^trigger-/)]);
  });

  test("a push that changes only ignored or not included files runs nothing", async () => {
    for (const files of [["dockerfiles/README.md"], ["docs/x.txt"]]) {
      const { runs } = await send({ ...event, files, configs: withLogs });
      expect(runs.filter((run) => run.build)).toEqual([]);
    }
  });

  test("a build that needs an approval waits for it", async () => {
    const { runs } = await send({ ...event, branch: "release", configs: withLogs });
    const id = String(runs.find((run) => run.build)?.build);
    expect((await cloud.ok<Build>("GET", `${BUILDS}/${id}`)).status).toBe("PENDING");
    await cloud.ok("POST", `${BUILDS}/${id}:approve`, { approvalResult: { decision: "APPROVED" } });
    expect((await ended(id)).status).toBe("SUCCESS");
  });

  test("a commit without the configuration says so and runs nothing", async () => {
    const { runs } = await send({ ...event, configs: {} });
    expect(runs.find((run) => run.trigger === "on-main")?.reason).toContain("has no cloudbuild.yaml");
  });

  test("a scheduler job publishes to a topic, whose trigger builds with values of the message", async () => {
    await cloud.ok("PUT", `/pubsub/v1/${P}/topics/refresh`, {});
    const file = { path: "cloudbuild.yaml", repository: REPOSITORY, revision: "refs/heads/main", repoType: "GITHUB" };
    const source = { repository: REPOSITORY, ref: "refs/heads/main", repoType: "GITHUB" };
    const trigger = {
      name: "weekly",
      pubsubConfig: { topic: `${P}/topics/refresh` },
      gitFileSource: file,
      sourceToBuild: source,
      substitutions: { _TARGET: "$(body.message.data.target)" },
      tags: ["weekly"],
      serviceAccount: asPublisher().serviceAccount,
    };
    await cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, trigger);
    await send({ ...event, files: ["docs/x.txt"], configs: withLogs });
    const data = Buffer.from('{"target":"toolchain"}').toString("base64");
    await cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs`, {
      name: `${L}/jobs/weekly`,
      schedule: "0 3 * * 1",
      pubsubTarget: { topicName: `${P}/topics/refresh`, data },
    });
    await cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs/weekly:run`, {});
    const { builds = [] } = await cloud.ok<{ builds?: Build[] }>(
      "GET",
      `${BUILDS}?filter=${encodeURIComponent('tags="weekly"')}`,
    );
    expect(builds).toMatchObject([{ substitutions: { _TARGET: "toolchain" } }]);
  });
});

test.each([
  ["dockerfiles/**", "dockerfiles/a/b", true],
  ["dockerfiles/**", "docs/a", false],
  ["**/*.md", "README.md", true],
  ["**/*.md", "a/b/c.md", true],
  ["*.md", "a/b.md", false],
  ["a?c/[x-z].txt", "abc/y.txt", true],
  ["a?c/[^x-z].txt", "abc/y.txt", false],
])("the glob %s against %s is %s", (glob, path, expected) => {
  expect(matchesAny([glob], path)).toBe(expected);
});

test("files that are not known set a trigger off", () => {
  expect(filesMatch([], ["a/**"], [])).toBe(true);
});
