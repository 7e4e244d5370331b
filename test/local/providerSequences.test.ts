import { ENDPOINTS } from "../../local/environment.ts";
import { L, label, P } from "./providerCases/case.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

/** The queries of the provider's two families of clients. */
const A = "alt=json";
const B = "alt=json&prettyPrint=false";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

interface Operation {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: object;
  readonly response?: Readonly<Record<string, unknown>>;
}

test("a bucket is emptied of every version and deleted, as with forceDestroy, and is no bucket to delete after that", async () => {
  const bucket = "/storage/v1/b/strata-emptied";
  await cloud.ok("POST", `/storage/v1/b?${B}&project=${PROJECT}`, {
    name: "strata-emptied",
    location: "US-EAST4",
    versioning: { enabled: true },
  });
  const first = await cloud.ok("GET", `${bucket}?${B}`);
  expect(await cloud.ok("GET", `${bucket}?${B}`)).toEqual(first);
  for (const content of ["one", "two"]) {
    await cloud.ok("POST", `/upload${bucket}/o?uploadType=media&name=scratch/a%20b`, content);
  }
  expect((await cloud.call("DELETE", `${bucket}?${B}`)).status).toBe(409);
  expect(await cloud.ok("GET", `${bucket}/anywhereCaches/?${B}`)).not.toHaveProperty("items.0");
  const { items } = await cloud.ok<{ items: { name: string; generation: string }[] }>(
    "GET",
    `${bucket}/o?${B}&versions=true`,
  );
  expect(items).toHaveLength(2);
  for (const { name, generation } of items) {
    await cloud.ok("DELETE", `${bucket}/o/${encodeURIComponent(name)}?${B}&generation=${generation}`);
  }
  expect((await cloud.call("DELETE", `${bucket}?${B}`)).status).toBe(204);
  expect((await cloud.call("DELETE", `${bucket}?${B}`)).status).toBe(404);
});

test("an object is uploaded with its metadata in two parts, read by its name and deleted", async () => {
  await cloud.ok("POST", `/storage/v1/b?${B}&project=${PROJECT}`, { name: "strata-settings" });
  const metadata = { bucket: "strata-settings", contentType: "application/json", name: "settings.json" };
  const parts = [
    `Content-Type: application/json\r\n\r\n${JSON.stringify(metadata)}\n`,
    "Content-Type: application/json\r\n\r\n{}",
  ];
  const upload = await fetch(
    `${cloud.origin}/upload/storage/v1/b/strata-settings/o?${B}&name=settings.json&uploadType=multipart`,
    {
      method: "POST",
      headers: {
        authorization: `Bearer ${cloud.running.operatorToken}`,
        "content-type": "multipart/related; boundary=0a1b2c",
        "x-goog-api-client": "gl-go/1.26 gdcl/0.5",
      },
      body: `${parts.map((part) => `--0a1b2c\r\n${part}\r\n`).join("")}--0a1b2c--\r\n`,
    },
  );
  expect([upload.status, await upload.json()]).toMatchObject([200, { name: "settings.json", size: "2" }]);
  const object = "/storage/v1/b/strata-settings/o/settings.json";
  expect(await cloud.ok("GET", `${object}?${B}`)).toMatchObject({
    contentType: "application/json",
    generation: expect.stringMatching(/^\d+$/),
    md5Hash: "mZFLkyvTelC5g8XnyQrpOw==",
    mediaLink: expect.any(String),
    selfLink: expect.any(String),
    storageClass: "STANDARD",
  });
  expect((await cloud.call("DELETE", `${object}?${B}`)).status).toBe(204);
  expect((await cloud.call("GET", `${object}?${B}`)).status).toBe(404);
});

test("a bucket without a project asks Compute Engine for it by its number", async () => {
  const { projectNumber } = await cloud.ok<{ projectNumber: string }>("GET", `/resourcemanager/v1/${P}?${B}`);
  expect(await cloud.ok("GET", `/compute/v1/projects/${projectNumber}?${B}`)).toMatchObject({ name: PROJECT });
});

test("an account has the name that was planned, is changed with its etag, disabled and enabled, and is there once", async () => {
  const accounts = `/iam/v1/${P}/serviceAccounts`;
  const body = { accountId: "planned", serviceAccount: { displayName: "Planned" } };
  const email = `planned@${PROJECT}.iam.gserviceaccount.com`;
  expect(await cloud.ok("POST", `${accounts}?${B}`, body)).toMatchObject({
    email,
    name: `${P}/serviceAccounts/${email}`,
  });
  expect((await cloud.call("POST", `${accounts}?${B}`, body)).status).toBe(409);
  const read = () => cloud.ok<{ etag: string; disabled?: boolean }>("GET", `${accounts}/${email}?${B}`);
  const { etag } = await read();
  const change = (displayName: string) =>
    cloud.call("PATCH", `${accounts}/${email}?${B}`, {
      serviceAccount: { displayName, description: "d", etag },
      updateMask: "display_name,description",
    });
  expect((await change("Changed")).status).toBe(200);
  expect(await read()).toMatchObject({ displayName: "Changed", description: "d", projectId: PROJECT });
  expect((await change("Stale")).status).toBe(409);
  await cloud.ok("POST", `${accounts}/${email}:disable?${B}`, {});
  expect(await read()).toMatchObject({ disabled: true });
  await cloud.ok("POST", `${accounts}/${email}:enable?${B}`, {});
  expect((await read()).disabled).toBeUndefined();
  expect(await cloud.ok("DELETE", `${accounts}/${email}?${B}`)).toEqual({});
});

test("one service by itself is enabled by its own call, and the project says that it is not being deleted", async () => {
  const fresh = await startTestCloud({ services: "initial" });
  try {
    // A new project has Service Usage on, and not what says how the project is.
    expect((await fresh.call("GET", `/resourcemanager/v1/${P}?${B}`)).status).toBe(403);
    const enabled = await fresh.ok<Operation>(
      "POST",
      `/serviceusage/v1/${P}/services/cloudresourcemanager.googleapis.com:enable?${B}`,
      {},
    );
    expect(enabled).toMatchObject({
      done: true,
      response: {
        "@type": "type.googleapis.com/google.api.serviceusage.v1.EnableServiceResponse",
        service: {
          name: expect.stringMatching(/\/services\/cloudresourcemanager\.googleapis\.com$/),
          state: "ENABLED",
        },
      },
    });
    expect(await fresh.ok("GET", `/serviceusage/v1/${enabled.name}?${B}`)).toMatchObject({ done: true });
    expect(await fresh.ok("GET", `/resourcemanager/v1/${P}?${B}`)).toMatchObject({
      lifecycleState: "ACTIVE",
      projectNumber: expect.stringMatching(/^\d+$/),
    });
  } finally {
    await fresh.close();
  }
});

test("a secret's version is added, enabled and read by the names that were answered, and destroyed", async () => {
  const secrets = `/secretmanager/v1/${P}/secrets`;
  const replication = { userManaged: { replicas: [{ location: "us-east4" }] } };
  const { name } = await cloud.ok<{ name: string }>("POST", `${secrets}?${A}&secretId=versions`, { replication });
  const added = await cloud.ok<{ name: string }>("POST", `/secretmanager/v1/${name}:addVersion?${A}`, {
    payload: { data: "eA==" },
  });
  expect(added.name).toBe(`${name}/versions/1`);
  const version = `/secretmanager/v1/${added.name}`;
  expect(await cloud.ok("POST", `${version}:enable?${A}`, {})).toMatchObject({ state: "ENABLED" });
  expect(await cloud.ok("GET", `${version}?${A}`)).toMatchObject({
    state: "ENABLED",
    replicationStatus: { userManaged: { replicas: [{ location: "us-east4" }] } },
  });
  expect(await cloud.ok("POST", `${version}:destroy?${A}`, {})).toMatchObject({ state: "DESTROYED" });
});

test("a job is set to run once it is made, and stays paused through a change", async () => {
  const jobs = `/cloudscheduler/v1/${L}/jobs`;
  const job = {
    schedule: "0 3 * * *",
    timeZone: "Etc/UTC",
    pubsubTarget: { topicName: `${P}/topics/t`, data: "eA==" },
  };
  await cloud.ok("POST", `${jobs}?${A}`, { name: `${L}/jobs/nightly`, ...job });
  await cloud.ok("POST", `${jobs}/nightly:resume?${A}`, {});
  expect(await cloud.ok("GET", `${jobs}/nightly?${A}`)).not.toHaveProperty("retryConfig");
  await cloud.ok("PATCH", `${jobs}/nightly?${A}`, { ...job, schedule: "0 4 * * *" });
  await cloud.ok("POST", `${jobs}/nightly:pause?${A}`, {});
  expect(await cloud.ok("PATCH", `${jobs}/nightly?${A}`, job)).toMatchObject({ state: "PAUSED" });
  expect(await cloud.ok("DELETE", `${jobs}/nightly?${A}`)).toEqual({});
});

test("a dashboard is changed with the etag of the last read or with none, and a connection too", async () => {
  const dashboards = `/monitoring/v1/${P}/dashboards`;
  const shown = { displayName: "Builds", gridLayout: { columns: "2" } };
  const made = await cloud.ok<{ name: string; etag: string }>("POST", `${dashboards}?${A}`, shown);
  const dashboard = `/monitoring/v1/${made.name}?${A}`;
  expect(await cloud.ok("GET", dashboard)).toMatchObject(made);
  expect((await cloud.call("PATCH", dashboard, { ...shown, etag: made.etag })).status).toBe(200);
  expect((await cloud.call("PATCH", dashboard, { ...shown, etag: null })).status).toBe(200);
  expect((await cloud.call("PATCH", dashboard, { ...shown, etag: made.etag })).status).toBe(409);

  const githubConfig = { appInstallationId: 1 };
  await cloud.ok("POST", `/cloudbuild/v2/${L}/connections?${A}&connectionId=etag`, { githubConfig });
  const connection = `/cloudbuild/v2/${L}/connections/etag?${A}`;
  const { etag } = await cloud.ok<{ etag: string }>("GET", connection);
  expect((await cloud.call("PATCH", connection, { githubConfig, etag })).status).toBe(200);
  expect((await cloud.call("PATCH", connection, { githubConfig, etag })).status).toBe(409);
});

test.each([
  [
    "a repository",
    "/artifactregistry/v1/",
    `${L}/repositories?repository_id=slow`,
    { format: "DOCKER", labels: label },
  ],
  ["a pool", "/cloudbuild/v1/", `${L}/workerPools?workerPoolId=slow`, { name: `${L}/workerPools/slow` }],
  ["a connection", "/cloudbuild/v2/", `${L}/connections?connectionId=slow`, { githubConfig: { appInstallationId: 1 } }],
])(
  "the operations that make and delete %s are found below the same endpoint",
  async (_what, base, collection, body) => {
    const slow = await startTestCloud({ settings: { operationDelayMs: 40 } });
    try {
      const ended = async ({ name, done }: Operation) => {
        expect(done).toBe(false);
        for (;;) {
          const operation = await slow.ok<Operation>("GET", `${base}${name}?${A}`);
          if (operation.done) return operation;
        }
      };
      const made = await slow.ok<Operation>("POST", `${base}${collection}&${A}`, body);
      const target = `${base}${collection.replace(/\?.*=/, "/")}?${A}`;
      expect(await ended(made)).toHaveProperty("response");
      await slow.ok("GET", target);
      const deleted = await slow.ok<Operation>("DELETE", target);
      expect(await ended(deleted)).not.toHaveProperty("error");
      expect((await slow.call("GET", target)).status).toBe(404);
    } finally {
      await slow.close();
    }
  },
);

test.each(Object.entries(ENDPOINTS))(
  "below %s a path that is no method's ends with a status that is not tried again",
  async (_name, path) => {
    const { status } = await cloud.call("GET", `${path}${P}/nothing:here?${A}`);
    expect([400, 501]).toContain(status);
  },
);
