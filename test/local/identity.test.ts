import { readCondition } from "../../local/identity/conditions.ts";
import { grants, PREDEFINED_ROLES } from "../../local/identity/roles.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const P = `projects/${PROJECT}`;
const L = `${P}/locations/us-east4`;

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
  await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, { name: "cache", location: "us-east4" });
});
afterAll(() => cloud.close());

function upload(name: string, token: string) {
  const url = `${cloud.origin}/upload/storage/v1/b/cache/o?uploadType=media&name=${encodeURIComponent(name)}`;
  return fetch(url, { method: "POST", body: "x", headers: { authorization: `Bearer ${token}` } });
}

test("a call without a token, with a made-up one or with one that has ended is 401", async () => {
  expect((await cloud.call("GET", `/storage/v1/b/cache`, undefined, "")).status).toBe(401);
  expect((await cloud.call("GET", `/storage/v1/b/cache`, undefined, "ya29.forged")).status).toBe(401);
  const [payload] = cloud.running.operatorToken.slice("ya29.local.".length).split(".");
  expect((await cloud.call("GET", `/storage/v1/b/cache`, undefined, `ya29.local.${payload}.AAAA`)).status).toBe(401);
  const ended = cloud.running.cloud.tokens.mint("user:a@example.com", -1);
  expect((await cloud.call("GET", `/storage/v1/b/cache`, undefined, ended)).status).toBe(401);
});

test("an account may do what a binding on the resource gives it, and nothing else", async () => {
  const account = await cloud.account("object-reader");
  const token = cloud.token(account);
  const get = () => cloud.call("GET", "/storage/v1/b/cache/o/none", undefined, token);
  const refused = await get();
  expect(refused).toMatchObject({
    status: 403,
    body: { error: { status: "PERMISSION_DENIED", message: expect.stringContaining("storage.objects.get") } },
  });
  cloud.grant("projects/_/buckets/cache", "roles/storage.objectViewer", account);
  expect((await get()).status).toBe(404);
  expect((await upload("x", token)).status).toBe(403);
  expect((await cloud.call("DELETE", "/storage/v1/b/cache", undefined, token)).status).toBe(403);
});

test("a binding on the project reaches the resources in it, buckets included", async () => {
  const account = await cloud.account("project-wide");
  const token = cloud.token(account);
  expect((await cloud.call("GET", "/storage/v1/b/cache/o", undefined, token)).status).toBe(403);
  cloud.grant(P, "roles/storage.objectViewer", account);
  expect((await cloud.call("GET", "/storage/v1/b/cache/o", undefined, token)).status).toBe(200);
});

test("who may create an object may not replace one", async () => {
  const account = await cloud.account("creator-only");
  cloud.grant("projects/_/buckets/cache", "roles/storage.objectCreator", account);
  expect((await upload("once", cloud.token(account))).status).toBe(200);
  expect((await upload("once", cloud.token(account))).status).toBe(403);
});

test.each([
  ["roles/cloudbuild.workerPoolOwner", "cloudbuild.workerpools.delete", "cloudbuild.workerpools.use"],
  ["roles/cloudbuild.workerPoolEditor", "cloudbuild.workerpools.update", "cloudbuild.workerpools.create"],
  ["roles/cloudbuild.workerPoolUser", "cloudbuild.workerpools.use", "cloudbuild.workerpools.get"],
  ["roles/cloudbuild.builds.editor", "cloudbuild.builds.update", "cloudbuild.builds.approve"],
  ["roles/artifactregistry.writer", "artifactregistry.tags.update", "artifactregistry.tags.delete"],
  ["roles/storage.objectUser", "storage.objects.update", "storage.objects.setIamPolicy"],
])("%s gives %s and not %s, as Google publishes it", (role, given, kept) => {
  const permissions = PREDEFINED_ROLES[role] ?? [];
  expect([grants(permissions, given), grants(permissions, kept)]).toEqual([true, false]);
});

test("a condition narrows a binding to a prefix of object names", async () => {
  const account = await cloud.account("prefix-writer");
  const expression = 'resource.name.startsWith("projects/_/buckets/cache/objects/pr/")';
  cloud.grant("projects/_/buckets/cache", "roles/storage.objectUser", account, { title: "pr", expression });
  expect((await upload("pr/1", cloud.token(account))).status).toBe(200);
  expect((await upload("main/1", cloud.token(account))).status).toBe(403);
});

test.each([
  ['resource.name == "a/b"', true],
  ['resource.name != "a/b"', false],
  ['resource.name.endsWith("/b") && !resource.name.startsWith("x")', true],
  ['(resource.type == "x" || resource.service == "storage.googleapis.com")', true],
  ['request.time < timestamp("2020-01-01T00:00:00Z")', false],
])("the condition %s is %s", (expression, expected) => {
  const input = {
    resourceName: "a/b",
    resourceType: "storage.googleapis.com/Object",
    resourceService: "storage.googleapis.com",
    requestTime: new Date(),
  };
  expect(readCondition(expression)(input)).toBe(expected);
});

test.each(["resource.name.matches('a')", "true", "resource.name ==", "resource.name == 'a' junk", ""])(
  "the condition %p is refused, not guessed",
  (expression) => {
    expect(() => readCondition(expression)).toThrow("is not evaluated");
  },
);

test.each([
  ["a role that is not known", { role: "roles/storage.godMode", members: ["user:a@example.com"] }, "is not supported"],
  [
    "an account that does not exist",
    { role: "roles/storage.objectViewer", members: [`serviceAccount:nobody@${PROJECT}.iam.gserviceaccount.com`] },
    "does not exist",
  ],
  ["a member of no kind", { role: "roles/storage.objectViewer", members: ["bob"] }, "Invalid member"],
])("a policy with %s is refused", async (_what, binding, message) => {
  const answer = await cloud.call("PUT", "/storage/v1/b/cache/iam", { bindings: [binding], version: 3 });
  expect([answer.status, answer.body.error.message]).toEqual([400, expect.stringContaining(message)]);
});

test("a custom role gives the permissions in it until it is deleted", async () => {
  const account = await cloud.account("custom-role");
  await cloud.ok("POST", `/iam/v1/${P}/roles`, {
    roleId: "lister",
    role: { title: "t", includedPermissions: ["storage.objects.list"] },
  });
  cloud.grant("projects/_/buckets/cache", `${P}/roles/lister`, account);
  const list = () => cloud.call("GET", "/storage/v1/b/cache/o", undefined, cloud.token(account));
  expect((await list()).status).toBe(200);
  await cloud.ok("DELETE", `/iam/v1/${P}/roles/lister`);
  expect((await list()).status).toBe(403);
});

test("an account makes a token of another only as its token creator, and the token has the other's rights", async () => {
  const [creator, target] = [await cloud.account("creator"), await cloud.account("target")];
  cloud.grant("projects/_/buckets/cache", "roles/storage.objectViewer", target);
  const path = `/iamcredentials/v1/projects/-/serviceAccounts/${target}:generateAccessToken`;
  const generate = () =>
    cloud.call<{ accessToken: string }>(
      "POST",
      path,
      { scope: ["https://www.googleapis.com/auth/cloud-platform"] },
      cloud.token(creator),
    );
  expect((await generate()).status).toBe(403);
  cloud.grant(`${P}/serviceAccounts/${target}`, "roles/iam.serviceAccountTokenCreator", creator);
  const { body } = await generate();
  expect((await cloud.call("GET", "/storage/v1/b/cache/o", undefined, body.accessToken)).status).toBe(200);
  expect((await cloud.call("GET", `/artifactregistry/v1/${L}/repositories`, undefined, body.accessToken)).status).toBe(
    403,
  );
});

test("a project that is not there is refused as one that the caller may not see", async () => {
  const answer = await cloud.call(
    "GET",
    "/artifactregistry/v1/projects/no-such-project/locations/us-east4/repositories",
  );
  expect(answer.status).toBe(403);
});
