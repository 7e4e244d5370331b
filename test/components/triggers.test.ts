import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { BuildTriggers, type BuildTriggersArgs } from "../../components/BuildTriggers.ts";
import { pullRequestBuild } from "../../components/pullRequestBuild.ts";
import { SourceRepository } from "../../components/SourceRepository.ts";
import { filesMatch } from "../../local/products/cloudBuild/globs.ts";
import type { Source } from "../../settings.ts";
import { environment, one, registeredBy } from "./mocks.ts";

const trigger = "gcp:cloudbuild/trigger:Trigger";
const repositoryId = "projects/acme-images/locations/us-east4/connections/C/repositories/R";

const triggers = (args: Partial<BuildTriggersArgs> = {}) =>
  registeredBy(
    () =>
      new BuildTriggers("triggers", {
        environment,
        repository: repositoryId,
        branch: "release/1.x",
        catalogue: "images",
        approval: false,
        refresh: "0 4 * * 1",
        publisherAccount: "projects/acme-images/serviceAccounts/publisher",
        checkerAccount: "projects/acme-images/serviceAccounts/checker",
        readsBeside: false,
        images: "host/acme/images",
        store: "builds",
        cloudBuild: readFileSync("cloudbuild.yaml", "utf8"),
        ...args,
      }),
  );

test("what publishes runs as the publisher, a pull request and the refresh as the checker; each knows where it is", async () => {
  const all = (await triggers()).filter(({ type }) => type === trigger);
  const who = all.map(({ inputs }) => [inputs.name, inputs.serviceAccount, inputs.substitutions]);
  const publisher = "projects/acme-images/serviceAccounts/publisher";
  const checker = publisher.replace("publisher", "checker");
  const everywhere = { _CATALOGUE: "images", _IMAGES: "host/acme/images", _STORE: "builds" };
  expect(who).toEqual(
    expect.arrayContaining([
      ["strata-dev-push", publisher, { ...everywhere, _MODE: "publish" }],
      ["strata-dev-pull-request", checker, { ...everywhere, _MODE: "check" }],
      ["strata-dev-manual", publisher, { ...everywhere, _MODE: "publish" }],
      ["strata-dev-refresh", checker, { ...everywhere, _MODE: "refresh" }],
    ]),
  );
  expect(all).toHaveLength(4);
});

test("only the branch itself publishes: its name is matched from end to end, letter by letter", async () => {
  const { inputs } = one(await triggers(), trigger, "triggers-push");
  const { branch } = (inputs.repositoryEventConfig as { push: { branch: string } }).push;
  expect("release/1.x").toMatch(new RegExp(branch));
  for (const other of ["release/1.x-hack", "my/release/1.x", "release/1ax"]) {
    expect(other).not.toMatch(new RegExp(branch));
  }
});

test.each<[string, Partial<BuildTriggersArgs>, string | undefined]>([
  ["the catalogue", {}, "images/**"],
  ["a catalogue deeper down", { catalogue: "gpu/images" }, "gpu/images/**"],
  ["the folder that holds it, where an image reads that", { catalogue: "gpu/images", readsBeside: true }, "gpu/**"],
  ["anything, where an image reads beside a catalogue at the top", { readsBeside: true }, undefined],
])("a push builds when what computes keys changed, or %s", async (_, args, inputs) => {
  const { includedFiles } = one(await triggers(args), trigger, "triggers-push").inputs;
  expect(includedFiles).toEqual(inputs && [inputs, "chain/**", "cloudbuild.yaml", "package-lock.json"]);
});

test("whatever can be in a key is among the files that set the trigger off", async () => {
  for (const readsBeside of [false, true]) {
    const { includedFiles } = one(
      await triggers({ catalogue: "dockerfiles", readsBeside }),
      trigger,
      "triggers-push",
    ).inputs;
    const read = readsBeside
      ? ["dockerfiles/a/b/c", "builder/job.ts", "x"]
      : ["dockerfiles/bases.lock.yaml", "dockerfiles/a/b/c"];
    const globs = (includedFiles ?? []) as string[];
    for (const file of read) expect([file, filesMatch([file], globs, [])]).toEqual([file, true]);
  }
});

test("only the build of a pull request is told where the token for its comment is", async () => {
  const commentToken = "projects/acme-images/secrets/comments/versions/1";
  const told = (await triggers({ commentToken }))
    .filter(({ inputs }) => JSON.stringify(inputs.substitutions ?? {}).includes(commentToken))
    .map(({ name }) => name);
  expect(told).toEqual(["triggers-pull-request"]);
});

test("a pull request chooses neither the steps of its build nor its pool and its time: the trigger carries them", async () => {
  const file = parse(readFileSync("cloudbuild.yaml", "utf8"));
  const all = await triggers({ commentToken: "projects/acme-images/secrets/comments/versions/1" });
  const { build, ...rest } = one(all, trigger, "triggers-pull-request").inputs;
  for (const field of ["filename", "gitFileSource"]) expect(rest).not.toHaveProperty(field);
  const { steps, timeout, options, substitutions } = build as Record<string, unknown>;
  const asWritten = (steps as { envs?: string[] }[]).map(({ envs, ...step }) => ({
    ...step,
    ...(envs && { env: envs }),
  }));
  expect(asWritten).toEqual(file.steps);
  expect([timeout, options]).toEqual(["1200s", { logging: "CLOUD_LOGGING_ONLY", substitutionOption: "ALLOW_LOOSE" }]);
  // Each substitution of the file has one value: the trigger's, or the file's.
  expect({ ...(substitutions as object), ...(rest.substitutions as object) }).toEqual({
    ...file.substitutions,
    ...(rest.substitutions as object),
  });
  for (const name of Object.keys(rest.substitutions as object)) expect(substitutions).not.toHaveProperty(name);
  expect(one(all, trigger, "triggers-push").inputs).toMatchObject({ filename: "cloudbuild.yaml" });
});

test.each([
  ["a secret that the trigger would not have", "steps: [{name: a, secretEnv: [X]}]", "secretEnv"],
  ["an image that would not be pushed", "steps: [{name: a}]\nimages: [b]", "images"],
  ["no steps", "steps: []", "steps"],
])("a cloudbuild.yaml with %s is refused, and not silently changed", (_, cloudBuild, said) => {
  expect(() => pullRequestBuild(cloudBuild, [])).toThrow(said);
});

test("a stranger's pull request runs when somebody of the project says so", async () => {
  const { inputs } = one(await triggers(), trigger, "triggers-pull-request");
  expect(inputs.repositoryEventConfig).toMatchObject({
    pullRequest: { commentControl: "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY" },
  });
});

test("approval is asked for pushes, where it is asked for at all", async () => {
  const approval = async (approval: boolean) =>
    one(await triggers({ approval }), trigger, "triggers-push").inputs.approvalConfig;
  expect(await approval(true)).toEqual({ approvalRequired: true });
  expect(await approval(false)).toBeUndefined();
});

test("without a refresh there is neither schedule nor topic nor trigger for it", async () => {
  const types = (await triggers({ refresh: "off" })).map(({ type, name }) => `${type} ${name}`);
  expect(types.some((each) => each.includes("refresh"))).toBe(false);
  expect(types.some((each) => each.startsWith("gcp:pubsub"))).toBe(false);
});

test("the schedule's topic is the one that the refresh listens to", async () => {
  const all = await triggers();
  const topic = "projects/acme-images/topics/strata-dev-refresh";
  expect(one(all, "gcp:cloudscheduler/job:Job").inputs).toMatchObject({
    schedule: "0 4 * * 1",
    timeZone: "Etc/UTC",
    pubsubTarget: { topicName: topic },
  });
  expect(one(all, trigger, "triggers-refresh").inputs.pubsubConfig).toEqual({ topic });
});

const source = (rest: Partial<Source>) =>
  registeredBy(
    () =>
      new SourceRepository("source", {
        environment,
        source: { repository: "https://github.com/acme/Images.git", branch: "main", ...rest },
        projectNumber: 123456789012,
      }),
  );

test("an existing connection is used as it is", async () => {
  const all = await source({ connection: "github" });
  expect(all.some(({ type }) => type === "gcp:cloudbuildv2/connection:Connection")).toBe(false);
  expect(all.some(({ type }) => type.startsWith("gcp:secretmanager"))).toBe(false);
  expect(one(all, "gcp:cloudbuildv2/repository:Repository").inputs).toMatchObject({
    parentConnection: "github",
    name: "strata-dev-images",
    remoteUri: "https://github.com/acme/Images.git",
  });
});

test("a connection that is made names the token's secret and holds no token", async () => {
  const token = "projects/acme-images/secrets/github/versions/1";
  const all = await source({ installation: 7, token });
  expect(one(all, "gcp:cloudbuildv2/connection:Connection").inputs.githubConfig).toEqual({
    appInstallationId: 7,
    authorizerCredential: { oauthTokenSecretVersion: token },
  });
});

test("Cloud Build's own account may read the token before the connection is made, and nobody else may", async () => {
  const all = await source({ installation: 7, token: "projects/acme-secrets/secrets/github/versions/1" });
  const types = all.map(({ type }) => type.split(":").at(-1));
  expect(types.indexOf("SecretIamMember")).toBeLessThan(types.indexOf("Connection"));
  expect(one(all, "gcp:secretmanager/secretIamMember:SecretIamMember").inputs).toEqual({
    project: "acme-secrets",
    secretId: "github",
    role: "roles/secretmanager.secretAccessor",
    member: "serviceAccount:service-123456789012@gcp-sa-cloudbuild.iam.gserviceaccount.com",
  });
});
