import { filesMatch, matchesAny } from "../../local/products/cloudBuild/globs.ts";
import { BUILDS, type Build, type BuildCloud, L, P, REPOSITORY, startBuildCloud } from "./buildCloud.ts";

let on: BuildCloud;
beforeAll(async () => {
  on = await startBuildCloud(0);
});
afterAll(() => on.cloud.close());

const commit = "0123456789abcdef0123456789abcdef01234567";
const event = { kind: "push", repository: REPOSITORY, branch: "main", commit, files: ["dockerfiles/a/Dockerfile"] };
const configs = {
  "cloudbuild.yaml":
    "steps:\n- name: alpine\n  args: [build, $_TARGET, $SHORT_SHA]\nsubstitutions: { _TARGET: all }\ntags: [from-file]\n",
};
const send = (body: object) =>
  on.cloud.ok<{ runs: { trigger: string; build?: string; reason?: string }[] }>(
    "POST",
    "/_local/repository-events",
    body,
  );

beforeAll(async () => {
  const common = { filename: "cloudbuild.yaml", ...{ serviceAccount: on.asPublisher.serviceAccount } };
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
    await on.cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, trigger);
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
      (a, b) => runs.findIndex((run) => run.trigger === a.trigger) - runs.findIndex((run) => run.trigger === b.trigger),
    ),
  );
  const build = await on.ended(String(runs.find((run) => run.build)?.build));
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
  expect((await on.cloud.ok<Build>("GET", `${BUILDS}/${id}`)).status).toBe("PENDING");
  await on.cloud.ok("POST", `${BUILDS}/${id}:approve`, { approvalResult: { decision: "APPROVED" } });
  expect((await on.ended(id)).status).toBe("SUCCESS");
});

test("a commit without the configuration says so and runs nothing", async () => {
  const { runs } = await send({ ...event, configs: {} });
  expect(runs.find((run) => run.trigger === "on-main")?.reason).toContain("has no cloudbuild.yaml");
});

test("a trigger that carries its build runs that, whatever the commit's own file says", async () => {
  const inline = {
    name: "carries-its-build",
    serviceAccount: on.asPublisher.serviceAccount,
    repositoryEventConfig: { repository: REPOSITORY, pullRequest: { branch: "^main$" } },
    substitutions: { _TARGET: "base" },
    build: {
      steps: [{ name: "alpine", args: ["build", "$_TARGET", "$_MODE", "$SHORT_SHA", "#$_PR_NUMBER"] }],
      substitutions: { _MODE: "check", _TARGET: "all" },
      timeout: "1200s",
      options: { logging: "CLOUD_LOGGING_ONLY" },
    },
  };
  const { id } = await on.cloud.ok<{ id: string }>("POST", `/cloudbuild/v1/${L}/triggers`, inline);
  const longest = `steps: [{ name: alpine }]\ntimeout: 86400s\noptions: { pool: { name: "${L}/workerPools/big" } }\n`;
  const pull = { ...event, kind: "pullRequest", pullRequest: 7 };
  const { runs } = await send({ ...pull, configs: { "cloudbuild.yaml": longest } });
  const build = await on.ended(String(runs.find(({ trigger }) => trigger === inline.name)?.build));
  expect(build).toMatchObject({
    status: "SUCCESS",
    timeout: "1200s",
    options: { logging: "CLOUD_LOGGING_ONLY" },
    source: { connectedRepository: { repository: REPOSITORY, revision: commit } },
  });
  expect(build).not.toHaveProperty("options.pool");
  expect(build.steps.map(({ args }) => args)).toEqual([["build", "base", "check", commit.slice(0, 7), "#7"]]);
  expect((await on.cloud.call("DELETE", `/cloudbuild/v1/${L}/triggers/${id}`)).status).toBe(200);
});

test("a trigger runs in any pool of its project, though its account may use none; a build by hand does not", async () => {
  const options = { pool: { name: `${L}/workerPools/big` } };
  const pooled = `steps: [{ name: alpine }]\nlogsBucket: gs://build-logs\noptions: { pool: { name: "${options.pool.name}" } }\n`;
  const { runs } = await send({ ...event, configs: { "cloudbuild.yaml": pooled } });
  const build = await on.ended(String(runs.find(({ trigger }) => trigger === "on-main")?.build));
  expect(build).toMatchObject({ status: "SUCCESS", options });
  const byHand = { steps: [{ name: "alpine" }], ...on.asPublisher, options };
  on.cloud.grant(P, "roles/cloudbuild.builds.editor", on.publisher);
  on.cloud.grant(`${P}/serviceAccounts/${on.publisher}`, "roles/iam.serviceAccountUser", on.publisher);
  const { status, body } = await on.cloud.call("POST", BUILDS, byHand, on.cloud.token(on.publisher));
  expect([status, JSON.stringify(body)]).toEqual([403, expect.stringContaining("cloudbuild.workerpools.use")]);
});

test.each([
  ["two places that its steps come from", { filename: "cloudbuild.yaml", build: { steps: [{ name: "alpine" }] } }],
  ["a build without steps", { build: { steps: [] } }],
  ["a build with a field that Google's has not", { build: { steps: [{ name: "alpine", envs: ["A=b"] }] } }],
])("a trigger with %s is refused", async (_, fields) => {
  const { status } = await on.cloud.call("POST", `/cloudbuild/v1/${L}/triggers`, { name: "refused", ...fields });
  expect(status).toBe(400);
});

test("a scheduler job publishes to a topic, whose trigger builds with values of the message", async () => {
  await on.cloud.ok("PUT", `/pubsub/v1/${P}/topics/refresh`, {});
  const file = { path: "cloudbuild.yaml", repository: REPOSITORY, revision: "refs/heads/main", repoType: "GITHUB" };
  const source = { repository: REPOSITORY, ref: "refs/heads/main", repoType: "GITHUB" };
  const trigger = {
    name: "weekly",
    pubsubConfig: { topic: `${P}/topics/refresh` },
    gitFileSource: file,
    sourceToBuild: source,
    substitutions: { _TARGET: "$(body.message.data.target)" },
    tags: ["weekly"],
    serviceAccount: on.asPublisher.serviceAccount,
  };
  await on.cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, trigger);
  await send({ ...event, files: ["docs/x.txt"], configs: withLogs });
  const data = Buffer.from('{"target":"toolchain"}').toString("base64");
  await on.cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs`, {
    name: `${L}/jobs/weekly`,
    schedule: "0 3 * * 1",
    pubsubTarget: { topicName: `${P}/topics/refresh`, data },
  });
  await on.cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs/weekly:run`, {});
  const { builds = [] } = await on.cloud.ok<{ builds?: Build[] }>(
    "GET",
    `${BUILDS}?filter=${encodeURIComponent('tags="weekly"')}`,
  );
  expect(builds).toMatchObject([{ substitutions: { _TARGET: "toolchain" } }]);
});

test("a trigger that a message sets off and that starts no build leaves its reason in the log", async () => {
  await on.cloud.ok("PUT", `/pubsub/v1/${P}/topics/broken`, {});
  await on.cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, {
    name: "broken",
    pubsubConfig: { topic: `${P}/topics/broken` },
    gitFileSource: { path: "missing.yaml", repository: REPOSITORY, revision: "refs/heads/main", repoType: "GITHUB" },
    sourceToBuild: { repository: REPOSITORY, ref: "refs/heads/main", repoType: "GITHUB" },
    serviceAccount: on.asPublisher.serviceAccount,
  });
  await on.cloud.ok("POST", `/pubsub/v1/${P}/topics/broken:publish`, { messages: [{ data: "eA==" }] });
  const { entries } = await on.cloud.ok<{ entries: { severity?: string; textPayload?: string }[] }>(
    "POST",
    "/logging/v2/entries:list",
    { resourceNames: [P] },
  );
  expect(entries.filter(({ severity }) => severity === "ERROR")).toMatchObject([
    { textPayload: expect.stringMatching(/^Trigger broken started no build .* has no missing\.yaml$/) },
  ]);
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
