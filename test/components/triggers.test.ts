import { BuildTriggers, type BuildTriggersArgs } from "../../components/BuildTriggers.ts";
import { SourceRepository } from "../../components/SourceRepository.ts";
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
        substitutions: { _REGION: "us-east4" },
        ...args,
      }),
  );

test("a pull request runs as the checker, everything else as the publisher", async () => {
  const all = (await triggers()).filter(({ type }) => type === trigger);
  const who = all.map(({ inputs }) => [inputs.name, inputs.serviceAccount, inputs.substitutions]);
  const publisher = "projects/acme-images/serviceAccounts/publisher";
  expect(who).toEqual(
    expect.arrayContaining([
      ["strata-dev-push", publisher, { _REGION: "us-east4", _MODE: "publish" }],
      ["strata-dev-pull-request", publisher.replace("publisher", "checker"), { _REGION: "us-east4", _MODE: "check" }],
      ["strata-dev-manual", publisher, { _REGION: "us-east4", _MODE: "publish" }],
      ["strata-dev-refresh", publisher, { _REGION: "us-east4", _MODE: "refresh" }],
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

test("a push builds when the catalogue or what computes keys changed", async () => {
  const { inputs } = one(await triggers(), trigger, "triggers-push");
  expect(inputs.includedFiles).toEqual(["images/**", "chain/**", "cloudbuild.yaml", "package-lock.json"]);
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
      }),
  );

test("an existing connection is used as it is", async () => {
  const all = await source({ connection: "github" });
  expect(all.some(({ type }) => type === "gcp:cloudbuildv2/connection:Connection")).toBe(false);
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
