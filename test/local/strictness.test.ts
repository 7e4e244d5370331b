import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

const REPOSITORIES = `/artifactregistry/v1/projects/${PROJECT}/locations/us-east4/repositories`;

test.each([
  ["an unknown route", "GET", "/artifactregistry/v1/nothing", undefined, 501],
  ["an unknown product", "GET", "/bigtable/v1/projects/p", undefined, 501],
  ["an unknown query key", "GET", `${REPOSITORIES}?colour=red`, undefined, 400],
  ["an unknown body field", "POST", `${REPOSITORIES}?repositoryId=x`, { format: "DOCKER", colour: "red" }, 400],
  [
    "an unknown nested field",
    "POST",
    `${REPOSITORIES}?repositoryId=x`,
    { format: "DOCKER", dockerConfig: { frozen: true } },
    400,
  ],
  ["a value of the wrong kind", "POST", `${REPOSITORIES}?repositoryId=x`, { format: "DOCKER", labels: ["a"] }, 400],
  ["an unknown enum value", "POST", `${REPOSITORIES}?repositoryId=x`, { format: "FLOPPY" }, 400],
  [
    "a duration that is none",
    "POST",
    `/cloudbuild/v1/projects/${PROJECT}/builds`,
    { steps: [{ name: "a" }], timeout: "1h" },
    400,
  ],
  ["a method that Google has and the local cloud does not", "POST", `${REPOSITORIES}/x:exportArtifact`, {}, 501],
  ["a query key that is not acted on", "GET", `${REPOSITORIES}?orderBy=name`, undefined, 501],
])("%s is answered with Google's error body and enters the journal", async (_what, verb, path, body, status) => {
  const before = cloud.running.cloud.journal.count;
  const answer = await cloud.call(verb, path, body);
  expect(answer.status).toBe(status);
  const [entry] = cloud.running.cloud.journal.since(before);
  expect(answer.body.error).toMatchObject({ code: status, message: expect.any(String), status: expect.any(String) });
  expect(entry?.refused).toBe(answer.body.error.message);
});

test("the error of an unknown field names the field and its place as Google does", async () => {
  const body = { steps: [{ name: "a", comand: "x" }] };
  const answer = await cloud.call("POST", `/cloudbuild/v1/projects/${PROJECT}/builds`, body);
  expect(answer.body.error.message).toBe(
    `Invalid JSON payload received. Unknown name "comand" at 'steps[0]': Cannot find field.`,
  );
  expect(answer.body.error.details).toMatchObject([{ fieldViolations: [{ field: "steps[0]" }] }]);
});

test("fields that the protos of the npm clients lack are known", async () => {
  const trigger = {
    name: "t",
    build: { steps: [{ name: "a" }] },
    includeBuildLogs: "INCLUDE_BUILD_LOGS_WITH_STATUS",
    approvalConfig: { approvalRequired: true },
    eventType: "MANUAL",
  };
  const made = await cloud.ok("POST", `/cloudbuild/v1/projects/${PROJECT}/locations/us-east4/triggers`, trigger);
  expect(made).toMatchObject(trigger);
});

test("a client that cannot name the product is understood where only one has the path", async () => {
  const answer = await cloud.call("GET", `/v1/projects/${PROJECT}/locations/us-east4/repositories`);
  expect(answer.status).toBe(200);
  const shared = await cloud.call("GET", `/v1/projects/${PROJECT}/locations/us-east4/operations/none`);
  expect(shared.status).toBe(404);
});

test("snake_case names and null are read as proto JSON reads them", async () => {
  await cloud.ok("POST", `${REPOSITORIES}?repository_id=snake`, {
    format: "DOCKER",
    docker_config: { immutable_tags: true },
    description: null,
  });
  const found = await cloud.ok("GET", `${REPOSITORIES}/snake`);
  expect(found.dockerConfig).toEqual({ immutableTags: true });
  expect(found).not.toHaveProperty("description");
});

test("output-only fields of a request are ignored", async () => {
  await cloud.ok("POST", `${REPOSITORIES}?repositoryId=output`, {
    format: "DOCKER",
    createTime: "2001-01-01T00:00:00Z",
    sizeBytes: "7",
  });
  const found = await cloud.ok("GET", `${REPOSITORIES}/output`);
  expect(found.createTime).not.toContain("2001");
  expect(found.sizeBytes).toBe("0");
});

test("a project's number stands for its id", async () => {
  const { projectNumber } = await cloud.ok("GET", `/resourcemanager/v1/projects/${PROJECT}`);
  const found = await cloud.call(
    "GET",
    `/artifactregistry/v1/projects/${projectNumber}/locations/us-east4/repositories/snake`,
  );
  expect(found.status).toBe(200);
});
