import { PROJECT } from "../testCloud.ts";
import { type Case, L, P } from "./case.ts";

const ACCOUNT = `runner@${PROJECT}.iam.gserviceaccount.com`;
const REPOSITORY = `${L}/connections/variants/repositories/images`;
const repositoryHere: Case["before"] = [
  ["POST", `/cloudbuild/v2/${L}/connections?connectionId=variants`, { githubConfig: { appInstallationId: 12345 } }],
  [
    "POST",
    `/cloudbuild/v2/${L}/connections/variants/repositories?repositoryId=images`,
    { name: "images", remoteUri: "https://github.com/acme/images.git" },
  ],
  ["POST", `/iam/v1/${P}/serviceAccounts`, { accountId: "runner", serviceAccount: {} }],
];
const byHand = {
  sourceToBuild: { repository: REPOSITORY, ref: "refs/heads/main", repoType: "GITHUB" },
  gitFileSource: {
    path: "cloudbuild.yaml",
    repository: REPOSITORY,
    revision: "refs/heads/main",
    repoType: "GITHUB",
  },
};

function trigger(what: string, fields: object, more: Partial<Case> = {}): Case {
  const name = what.replaceAll(" ", "-");
  return {
    what: `cloudbuild.Trigger, ${what}`,
    base: "/cloudbuild/v1/",
    create: ["POST", `${L}/triggers`, { name, serviceAccount: `${P}/serviceAccounts/${ACCOUNT}`, ...fields }],
    path: ({ id }) => `${L}/triggers/${id}`,
    ...more,
  };
}

/** What starts builds, in each form, and the repositories that it watches. */
export const triggerCases: readonly Case[] = [
  trigger(
    "pull request",
    {
      filename: "cloudbuild.yaml",
      repositoryEventConfig: {
        repository: REPOSITORY,
        pullRequest: { branch: "^main$", commentControl: "COMMENTS_ENABLED_FOR_EXTERNAL_CONTRIBUTORS_ONLY" },
      },
      includeBuildLogs: "INCLUDE_BUILD_LOGS_WITH_STATUS",
    },
    { before: repositoryHere },
  ),
  trigger("by hand", byHand, {
    change: ["PATCH", "", { name: "by-hand", disabled: true, approvalConfig: {}, ...byHand }],
    after: { disabled: true },
    gone: ["serviceAccount"],
  }),
  trigger(
    "pubsub",
    {
      ...byHand,
      pubsubConfig: { topic: `${P}/topics/refresh`, serviceAccountEmail: ACCOUNT },
      filter: '_TAG != ""',
    },
    {
      change: [
        "PATCH",
        "",
        {
          id: "x",
          name: "pubsub",
          approvalConfig: {},
          ...byHand,
          pubsubConfig: { topic: `${P}/topics/refresh`, subscription: `${P}/subscriptions/s`, state: "OK" },
        },
      ],
      gone: ["filter"],
    },
  ),
  trigger("webhook", {
    webhookConfig: { secret: `${P}/secrets/S/versions/1` },
    sourceToBuild: { uri: "https://github.com/acme/images", ref: "refs/heads/main", repoType: "GITHUB" },
    gitFileSource: {
      path: "cloudbuild.yaml",
      uri: "https://github.com/acme/images",
      revision: "refs/heads/main",
      repoType: "GITHUB",
    },
  }),
  trigger("inline build", {
    sourceToBuild: byHand.sourceToBuild,
    build: {
      steps: [{ id: "a", name: "ubuntu", args: ["true"], env: ["A=b"], timeout: "600s", waitFor: ["-"] }],
      images: [`us-east4-docker.pkg.dev/${PROJECT}/images/a`],
      tags: ["t"],
      substitutions: { _A: "b" },
      timeout: "3600s",
      queueTtl: "7200s",
      logsBucket: "gs://logs",
      options: {
        logging: "GCS_ONLY",
        machineType: "E2_HIGHCPU_32",
        diskSizeGb: "200",
        dynamicSubstitutions: true,
        requestedVerifyOption: "VERIFIED",
      },
    },
  }),
  {
    what: "cloudbuild.Trigger in the location of a trigger that names none",
    base: "/cloudbuild/v1/",
    create: [
      "POST",
      `${P}/locations/global/triggers`,
      {
        name: "global",
        sourceToBuild: { uri: "https://github.com/acme/images", ref: "refs/heads/main", repoType: "GITHUB" },
        filename: "cloudbuild.yaml",
      },
    ],
    path: ({ id }) => `${P}/locations/global/triggers/${id}`,
  },
  {
    what: "cloudbuildv2.Repository",
    base: "/cloudbuild/v2/",
    create: [
      "POST",
      `${L}/connections/variants/repositories?repositoryId=second`,
      { name: "second", remoteUri: "https://github.com/acme/second.git", annotations: { a: "b" } },
    ],
    path: `${L}/connections/variants/repositories/second`,
  },
];
