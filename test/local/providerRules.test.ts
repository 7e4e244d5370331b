import { L, P } from "./providerCases/case.ts";
import { startTestCloud, type TestCloud } from "./testCloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

test("a remote repository without credentials has no empty messages left of them", async () => {
  const base = `/artifactregistry/v1/${L}/repositories`;
  const remoteRepositoryConfig = {
    dockerRepository: { publicRepository: "DOCKER_HUB" },
    upstreamCredentials: { usernamePasswordCredentials: { username: "u" } },
  };
  await cloud.ok("POST", `${base}?repository_id=pruned`, {
    format: "DOCKER",
    mode: "REMOTE_REPOSITORY",
    remoteRepositoryConfig,
  });
  const mask = "remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials.username";
  await cloud.ok("PATCH", `${base}/pruned?updateMask=${mask}`, {});
  const { remoteRepositoryConfig: left } = await cloud.ok(`GET`, `${base}/pruned`);
  expect(left).toEqual({ dockerRepository: { publicRepository: "DOCKER_HUB" } });
});

test("a custom role is deleted softly: it stays readable, counts as deleted and comes back by undelete", async () => {
  const role = { title: "t", includedPermissions: ["storage.objects.get"], stage: "GA" };
  expect((await cloud.call("GET", `/iam/v1/${P}/roles/reader`)).status).toBe(404);
  expect(await cloud.ok("POST", `/iam/v1/${P}/roles`, { roleId: "reader", role })).toMatchObject({
    name: `${P}/roles/reader`,
    ...role,
  });
  await cloud.ok("PATCH", `/iam/v1/${P}/roles/reader`, { ...role, title: "changed" });
  expect(await cloud.ok("DELETE", `/iam/v1/${P}/roles/reader`)).toMatchObject({ deleted: true });
  expect(await cloud.ok("GET", `/iam/v1/${P}/roles/reader`)).toMatchObject({ deleted: true, title: "changed" });
  expect((await cloud.call("POST", `/iam/v1/${P}/roles`, { roleId: "reader", role })).status).toBe(409);
  await cloud.ok("POST", `/iam/v1/${P}/roles/reader:undelete`, {});
  expect(await cloud.ok("GET", `/iam/v1/${P}/roles/reader`)).not.toHaveProperty("deleted");
});

test("services are listed with the provider's query, enabled in batches and disabled", async () => {
  const fresh = await startTestCloud({ services: "initial" });
  try {
    const list = `/serviceusage/v1/${P}/services?fields=services/name,nextPageToken&filter=state:ENABLED&pageSize=200&alt=json&prettyPrint=false`;
    const names = async () =>
      (await fresh.ok<{ services: { name: string }[] }>("GET", list)).services.map(({ name }) =>
        name.split("/").at(-1),
      );
    expect(await names()).not.toContain("cloudbuild.googleapis.com");
    const early = await fresh.call("GET", `/cloudbuild/v1/${P}/builds`);
    expect([early.status, early.body.error.details]).toMatchObject([403, [{ reason: "SERVICE_DISABLED" }]]);
    const serviceIds = ["cloudbuild.googleapis.com", "iam.googleapis.com"];
    expect(await fresh.ok("POST", `/serviceusage/v1/${P}/services:batchEnable`, { serviceIds })).toMatchObject({
      done: true,
    });
    expect(await names()).toEqual(expect.arrayContaining(serviceIds));
    await fresh.ok("GET", `/cloudbuild/v1/${P}/builds`);
    await fresh.ok("POST", `/serviceusage/v1/${P}/services/cloudbuild.googleapis.com:disable`, {
      checkIfServiceHasUsage: "SKIP",
    });
    expect(await names()).not.toContain("cloudbuild.googleapis.com");
  } finally {
    await fresh.close();
  }
});

test("a pool stays in its network", async () => {
  const pools = `/cloudbuild/v1/${L}/workerPools`;
  await cloud.ok("POST", `${pools}?workerPoolId=placed`, {
    privatePoolV1Config: { networkConfig: { peeredNetwork: "projects/1/global/networks/n" } },
  });
  const moved = { privatePoolV1Config: { networkConfig: { peeredNetwork: "projects/1/global/networks/other" } } };
  const mask = "privatePoolV1Config.networkConfig.peeredNetwork";
  expect((await cloud.call("PATCH", `${pools}/placed?updateMask=${mask}`, moved)).status).toBe(400);
});

test("operations end later where the cloud is set so, and a fault ends one in an error, which polling shows", async () => {
  const slow = await startTestCloud({ settings: { operationDelayMs: 150 } });
  try {
    const pools = `/cloudbuild/v1/${L}/workerPools`;
    const poll = async (name: string) => {
      for (;;) {
        const operation = await slow.ok<{ done?: boolean; error?: object }>("GET", `/cloudbuild/v1/${name}`);
        if (operation.done) return operation;
      }
    };
    const first = await slow.ok<{ name: string; done: boolean }>("POST", `${pools}?workerPoolId=good`, {});
    expect(first.done).toBe(false);
    expect(await poll(first.name)).toMatchObject({ response: { "@type": expect.stringContaining("WorkerPool") } });
    slow.running.cloud.faults.add({
      route: "*.workerPools.create",
      kind: "operation",
      message: "no capacity",
      count: 1,
    });
    const second = await slow.ok<{ name: string; done: boolean }>("POST", `${pools}?workerPoolId=bad`, {});
    expect(second.done).toBe(false);
    expect((await poll(second.name)).error).toEqual({ code: 9, message: "no capacity" });
    expect((await slow.call("GET", `${pools}/bad`)).status).toBe(404);
  } finally {
    await slow.close();
  }
});

test("no call of the provider was refused as malformed", () => {
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
});
