import { L, P } from "./providerCases/case.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const B = "alt=json&prettyPrint=false";
const ACCOUNT = `${P}/serviceAccounts/policy@${PROJECT}.iam.gserviceaccount.com`;
const OLDER = { role: "roles/viewer", members: ["user:first@example.com"] };

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
  await cloud.ok("POST", `/artifactregistry/v1/${L}/repositories?repositoryId=images`, { format: "DOCKER" });
  await cloud.ok("PUT", `/pubsub/v1/${P}/topics/refresh`, {});
  await cloud.ok("POST", `/secretmanager/v1/${P}/secrets?secretId=hub`, { replication: { automatic: {} } });
  await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, { name: "strata-policies" });
  await cloud.account("policy");
});
afterAll(() => cloud.close());

interface Policy {
  readonly etag: string;
  readonly bindings?: readonly object[];
}

/** How the members of a kind of resource are read and written. */
interface Kind {
  readonly read: readonly [verb: string, path: string, body?: object];
  readonly write: readonly [verb: string, path: string, body: (policy: object) => object];
  readonly role: string;
}

const wrapped = (policy: object) => ({ policy });

const kinds: Readonly<Record<string, Kind>> = {
  "artifactregistry.RepositoryIamMember": {
    read: ["GET", `/artifactregistry/v1/${L}/repositories/images:getIamPolicy?alt=json`],
    write: ["POST", `/artifactregistry/v1/${L}/repositories/images:setIamPolicy?alt=json`, wrapped],
    role: "roles/artifactregistry.reader",
  },
  "pubsub.TopicIAMMember": {
    read: ["GET", `/pubsub/v1/${P}/topics/refresh:getIamPolicy?alt=json`],
    write: ["POST", `/pubsub/v1/${P}/topics/refresh:setIamPolicy?alt=json`, wrapped],
    role: "roles/pubsub.publisher",
  },
  "secretmanager.SecretIamMember": {
    read: ["GET", `/secretmanager/v1/${P}/secrets/hub:getIamPolicy?alt=json&options.requestedPolicyVersion=3`],
    write: ["POST", `/secretmanager/v1/${P}/secrets/hub:setIamPolicy?alt=json`, wrapped],
    role: "roles/secretmanager.secretAccessor",
  },
  "serviceaccount.IAMMember": {
    read: ["POST", `/iam/v1/${ACCOUNT}:getIamPolicy?${B}&options.requestedPolicyVersion=3`],
    write: ["POST", `/iam/v1/${ACCOUNT}:setIamPolicy?${B}`, wrapped],
    role: "roles/iam.serviceAccountUser",
  },
  "projects.IAMMember": {
    read: ["POST", `/resourcemanager/v1/${P}:getIamPolicy?${B}`, { options: { requestedPolicyVersion: 3 } }],
    write: [
      "POST",
      `/resourcemanager/v1/${P}:setIamPolicy?${B}`,
      (policy) => ({ policy, updateMask: "bindings,etag,auditConfigs" }),
    ],
    role: "roles/browser",
  },
  "storage.BucketIAMMember": {
    read: ["GET", `/storage/v1/b/strata-policies/iam?${B}&optionsRequestedPolicyVersion=3`],
    write: ["PUT", `/storage/v1/b/strata-policies/iam?${B}`, (policy) => policy],
    role: "roles/storage.objectViewer",
  },
};

test.each(Object.entries(kinds))("%s: the policy is read, written with its etag, and emptied", async (_what, kind) => {
  const read = () => cloud.ok<Policy>(...kind.read);
  const write = (policy: object) => cloud.call(kind.write[0], kind.write[1], kind.write[2](policy));
  const { etag } = await read();
  const plain = { role: kind.role, members: ["user:a@example.com", `serviceAccount:${ACCOUNT.split("/").at(-1)}`] };
  const condition = {
    title: "only a",
    description: "d",
    expression: 'resource.name.startsWith("projects/_/buckets/b/objects/a")',
  };
  const bindings = [plain, { ...plain, members: ["user:b@example.com"], condition }];
  expect((await write({ bindings, etag, version: 3 })).status).toBe(200);
  const after = await read();
  expect(after).toMatchObject({ bindings, version: 3, etag: expect.not.stringContaining(etag) });
  expect(await write({ bindings, etag, version: 3 })).toMatchObject({
    status: 409,
    body: { error: { status: "ABORTED" } },
  });
  expect((await write({ etag: after.etag, version: 3 })).status).toBe(200);
  expect(await read()).not.toHaveProperty("bindings");
});

test("a member that is not there is refused, and one that was deleted is kept as Google names it", async () => {
  const { read, write } = kinds["pubsub.TopicIAMMember"] as Kind;
  const email = await cloud.account("leaving");
  const binding = { role: "roles/pubsub.publisher", members: [`serviceAccount:${email}`] };
  const put = async (bindings: readonly object[]) => {
    const { etag } = await cloud.ok<Policy>(...read);
    return (await cloud.call(write[0], write[1], write[2]({ bindings, etag, version: 3 }))).status;
  };
  expect(await put([{ ...binding, members: [`serviceAccount:nobody@${PROJECT}.iam.gserviceaccount.com`] }])).toBe(400);
  expect(await put([binding])).toBe(200);
  await cloud.ok("DELETE", `/iam/v1/${P}/serviceAccounts/${email}?${B}`);
  const { bindings = [] } = await cloud.ok<Policy>(...read);
  expect(bindings).toEqual([
    { ...binding, members: [expect.stringMatching(new RegExp(`^deleted:serviceAccount:${email}\\?uid=\\d+$`))] },
  ]);
  expect(await put([OLDER, ...bindings])).toBe(200);
});

test("no call of the provider was refused as malformed", () => {
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
});

test("audit configurations, which are not kept, are refused and not dropped", async () => {
  const policy = { auditConfigs: [{ service: "allServices", auditLogConfigs: [{ logType: "DATA_READ" }] }] };
  expect((await cloud.call("POST", `/resourcemanager/v1/${P}:setIamPolicy?${B}`, { policy })).status).toBe(501);
});
