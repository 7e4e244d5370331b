import { BUILDS, type Build, type BuildCloud, L, P, startBuildCloud } from "./buildCloud.ts";
import { PROJECT } from "./testCloud.ts";

const C3 = "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus";

let on: BuildCloud;
beforeAll(async () => {
  on = await startBuildCloud(0);
});
afterAll(() => on.cloud.close());

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
  const answer = await on.cloud.call("POST", BUILDS, build);
  expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
});

test("a build with an account of its own must say where its logs go", async () => {
  const { serviceAccount } = on.asPublisher;
  const refused = await on.cloud.call("POST", BUILDS, { steps: [{ name: "a" }], serviceAccount });
  expect([refused.status, refused.body.error.message]).toEqual([400, expect.stringContaining("logs_bucket")]);
  for (const options of [{ logging: "CLOUD_LOGGING_ONLY" }, { logging: "NONE" }]) {
    await on.submit({ steps: [{ name: "a" }], serviceAccount, options });
  }
});

test("who submits a build needs the right to act as its account", async () => {
  const submitter = await on.cloud.account("submitter");
  on.cloud.grant(P, "roles/cloudbuild.builds.editor", submitter);
  const build = { steps: [{ name: "a" }], ...on.asPublisher };
  const refused = await on.cloud.call("POST", BUILDS, build, on.cloud.token(submitter));
  expect([refused.status, refused.body.error.message]).toEqual([
    403,
    expect.stringContaining("iam.serviceAccounts.actAs"),
  ]);
  on.cloud.grant(`${P}/serviceAccounts/${on.publisher}`, "roles/iam.serviceAccountUser", submitter);
  expect((await on.cloud.call("POST", BUILDS, build, on.cloud.token(submitter))).status).toBe(200);
});

test("a simulated build logs its markers, pushes an image that says it is simulated, and succeeds", async () => {
  const reference = `${on.cloud.origin.replace("http://", "")}/${PROJECT}/images/base:key1`;
  const env = [`STRATA_REFERENCE=${reference}`, "STRATA_EXPECTED_MINUTES=25"];
  const { id } = await on.submit({
    steps: [
      { name: "alpine", args: ["$PROJECT_ID-$BUILD_ID"] },
      { name: "alpine", env },
    ],
    ...on.asPublisher,
  });
  const build = await on.ended(id);
  expect(build).toMatchObject({
    status: "SUCCESS",
    steps: [{ args: [`${PROJECT}-${id}`], status: "SUCCESS" }, { status: "SUCCESS" }],
  });
  const digest = build.results?.images?.[0]?.digest;
  const authorization = { authorization: `Bearer ${on.cloud.running.operatorToken}` };
  const path = `${on.cloud.origin}/v2/${PROJECT}/images/base`;
  const manifest = (await (await fetch(`${path}/manifests/key1`, { headers: authorization })).json()) as {
    config: { digest: string };
  };
  const config = await (await fetch(`${path}/blobs/${manifest.config.digest}`, { headers: authorization })).json();
  expect(config).toMatchObject({ config: { Labels: { "dev.strata.simulated": "true", "dev.strata.build": id } } });
  const found = await on.cloud.ok("GET", `/artifactregistry/v1/${L}/repositories/images/packages/base/tags/key1`);
  expect(found.version).toContain(digest);
  const log = await (
    await fetch(`${on.cloud.origin}/storage/v1/b/build-logs/o/${encodeURIComponent(`logs/log-${id}.txt`)}?alt=media`, {
      headers: authorization,
    })
  ).text();
  expect(log).toContain("simulated");
  expect(log).toMatch(/STRATA-PROGRESS 60 "simulated" elapsed=900s/);
});

test("a build's logUrl leads to its log, wherever the log is kept, and to nothing for another id", async () => {
  for (const options of [{ logging: "GCS_ONLY" }, { logging: "CLOUD_LOGGING_ONLY" }]) {
    const { id, logUrl } = await on.submit({ steps: [{ name: "a" }], ...on.asPublisher, options });
    await on.ended(id);
    const answer = await fetch(String(logUrl));
    expect([answer.status, await answer.text()]).toEqual([200, expect.stringMatching(/simulated a[\s\S]*DONE\n$/)]);
    expect((await fetch(String(logUrl).replace(id, "0".repeat(36)))).status).toBe(404);
  }
});

test("a build whose account may not push the image fails and publishes nothing", async () => {
  const checker = await on.cloud.account("checker");
  on.cloud.grant("projects/_/buckets/build-logs", "roles/storage.objectUser", checker);
  on.cloud.grant(P, "roles/logging.logWriter", checker);
  const reference = `${on.cloud.origin.replace("http://", "")}/${PROJECT}/images/base:untrusted`;
  const account = { serviceAccount: `${P}/serviceAccounts/${checker}`, logsBucket: "build-logs" };
  const { id } = await on.submit({ steps: [{ name: "a", env: [`STRATA_REFERENCE=${reference}`] }], ...account });
  expect(await on.ended(id)).toMatchObject({
    status: "FAILURE",
    statusDetail: expect.stringContaining("uploadArtifacts"),
  });
  expect(
    (await on.cloud.call("GET", `/artifactregistry/v1/${L}/repositories/images/packages/base/tags/untrusted`)).status,
  ).toBe(404);
});

test("a build whose account may not write its log fails and says so", async () => {
  const mute = await on.cloud.account("mute-account");
  const { id } = await on.submit({
    steps: [{ name: "a" }],
    serviceAccount: `${P}/serviceAccounts/${mute}`,
    logsBucket: "build-logs",
  });
  expect(await on.ended(id)).toMatchObject({ status: "FAILURE", failureInfo: { type: "LOGGING_FAILURE" } });
});

test("builds are found by tag and state", async () => {
  const { id } = await on.submit({ steps: [{ name: "a" }], tags: ["wanted", "other"] });
  await on.ended(id);
  const list = async (filter: string) =>
    (
      (await on.cloud.ok<{ builds?: Build[] }>("GET", `${BUILDS}?filter=${encodeURIComponent(filter)}`)).builds ?? []
    ).map((build) => build.id);
  expect(await list('tags="wanted"')).toEqual([id]);
  expect(await list('tags="wanted" AND (status="QUEUED" OR status="WORKING")')).toEqual([]);
  expect(await list('tags="wanted" AND NOT status="WORKING"')).toEqual([id]);
  expect((await on.cloud.call("GET", `${BUILDS}?filter=${encodeURIComponent('colour="red"')}`)).status).toBe(400);
});

describe("with builds that last", () => {
  let slow: BuildCloud;
  beforeAll(async () => {
    slow = await startBuildCloud(60);
    slow.cloud.running.cloud.documents.put("quotas", C3, 352);
  });
  afterAll(() => slow.cloud.close());

  const inPool = { options: { pool: { name: `${L}/workerPools/big` }, env: ["STRATA_EXPECTED_MINUTES=0.5"] } };

  test("as many run at a time as the quota allows, the others wait, and every one ends", async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => (await slow.submit({ steps: [{ name: "a" }], ...inPool })).id),
    );
    const states = await Promise.all(
      ids.map(async (id) => (await slow.cloud.ok<Build>("GET", `${BUILDS}/${id}`)).status),
    );
    expect(states.sort()).toEqual(["QUEUED", "WORKING", "WORKING"]);
    for (const id of ids) expect((await slow.ended(id)).status).toBe("SUCCESS");
  });

  test("a build that is cancelled stops and stays cancelled", async () => {
    const { id } = await slow.submit({ steps: [{ name: "a" }], options: { env: ["STRATA_EXPECTED_MINUTES=60"] } });
    expect(await slow.cloud.ok("POST", `${BUILDS}/${id}:cancel`, {})).toMatchObject({ status: "CANCELLED" });
    expect((await slow.cloud.call("POST", `${BUILDS}/${id}:cancel`, {})).status).toBe(400);
    expect((await slow.ended(id)).status).toBe("CANCELLED");
  });

  test("a build that runs longer than its timeout ends as TIMEOUT", async () => {
    const options = { env: ["STRATA_EXPECTED_MINUTES=60"] };
    const { id } = await slow.submit({ steps: [{ name: "a" }], timeout: "0.2s", options });
    expect((await slow.ended(id)).status).toBe("TIMEOUT");
  });

  test("a build that the quota never fits expires after its queueTtl", async () => {
    slow.cloud.running.cloud.documents.put("quotas", C3, 4);
    const { id } = await slow.submit({ steps: [{ name: "a" }], queueTtl: "0.3s", ...inPool });
    expect((await slow.ended(id)).status).toBe("EXPIRED");
    const metric = encodeURIComponent(C3);
    const quota = await slow.cloud.ok(
      "GET",
      `/serviceusage/v1beta1/${P}/services/cloudbuild.googleapis.com/consumerQuotaMetrics/${metric}`,
    );
    expect(quota).toMatchObject({
      metric: C3,
      consumerQuotaLimits: [{ quotaBuckets: [{ effectiveLimit: "4" }, { dimensions: { build_origin: "default" } }] }],
    });
  });
});

test("a cloud that cannot keep the end of a build answers no call any more, and says why", async () => {
  const full = await startBuildCloud(0);
  try {
    const { documents } = full.cloud.running.cloud;
    jest.spyOn(documents, "delete").mockImplementation(() => {
      throw new Error("database or disk is full");
    });
    await full.cloud.call("POST", BUILDS, { steps: [{ name: "a" }] });
    let answer = await full.cloud.call("GET", BUILDS);
    for (let looks = 0; answer.status === 200 && looks < 200; looks++) {
      await new Promise((again) => setTimeout(again, 10));
      answer = await full.cloud.call("GET", BUILDS);
    }
    expect([answer.status, answer.body.error.message]).toEqual([
      501,
      expect.stringContaining("its state could not be written: Error: database or disk is full"),
    ]);
  } finally {
    await full.cloud.close();
  }
});
