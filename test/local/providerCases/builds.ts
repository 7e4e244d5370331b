import { PROJECT } from "../testCloud.ts";
import { type Case, L, label, P } from "./case.ts";

const connection: readonly [string, string, object] = [
  "POST",
  `/cloudbuild/v2/${L}/connections?connectionId=github`,
  {
    githubConfig: {
      appInstallationId: 12345,
      authorizerCredential: { oauthTokenSecretVersion: `${P}/secrets/s/versions/1` },
    },
  },
];
const repository: readonly [string, string, object] = [
  "POST",
  `/cloudbuild/v2/${L}/connections/github/repositories?repositoryId=images`,
  { name: "images", remoteUri: "https://github.com/acme/images.git" },
];

/** Artifact Registry, Cloud Build and Cloud Storage. */
export const buildCases: readonly Case[] = [
  {
    what: "artifactregistry.Repository, standard",
    base: "/artifactregistry/v1/",
    create: [
      "POST",
      `${L}/repositories?repository_id=images`,
      {
        format: "DOCKER",
        mode: "STANDARD_REPOSITORY",
        description: "images",
        labels: label,
        dockerConfig: { immutableTags: true },
        cleanupPolicies: {
          "keep-recent": { action: "KEEP", mostRecentVersions: { keepCount: 10, packageNamePrefixes: ["base"] } },
          "drop-old": {
            action: "DELETE",
            condition: { tagState: "ANY", tagPrefixes: ["dev-"], olderThan: "2592000s", newerThan: "7776000s" },
          },
        },
        cleanupPolicyDryRun: true,
        vulnerabilityScanningConfig: { enablementConfig: "INHERITED" },
      },
    ],
    path: `${L}/repositories/images`,
    kept: {
      format: "DOCKER",
      mode: "STANDARD_REPOSITORY",
      labels: label,
      dockerConfig: { immutableTags: true },
      cleanupPolicyDryRun: true,
    },
    change: [
      "PATCH",
      "?updateMask=description,dockerConfig,cleanupPolicies",
      {
        dockerConfig: {},
        cleanupPolicies: {},
        labels: label,
        vulnerabilityScanningConfig: { enablementConfig: "INHERITED", enablementState: "SCANNING_ACTIVE" },
      },
    ],
    after: { dockerConfig: {}, labels: label },
    gone: ["description"],
  },
  {
    what: "artifactregistry.Repository, remote, whose credentials are taken away",
    base: "/artifactregistry/v1/",
    create: [
      "POST",
      `${L}/repositories?repository_id=hub`,
      {
        format: "DOCKER",
        mode: "REMOTE_REPOSITORY",
        remoteRepositoryConfig: {
          description: "hub",
          dockerRepository: { publicRepository: "DOCKER_HUB" },
          noCache: null,
          upstreamCredentials: {
            usernamePasswordCredentials: { username: "u", passwordSecretVersion: `${P}/secrets/S/versions/1` },
          },
        },
      },
    ],
    path: `${L}/repositories/hub`,
    kept: {
      mode: "REMOTE_REPOSITORY",
      remoteRepositoryConfig: {
        dockerRepository: { publicRepository: "DOCKER_HUB" },
        upstreamCredentials: { usernamePasswordCredentials: { username: "u" } },
      },
    },
    change: [
      "PATCH",
      "?updateMask=remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials.username,remoteRepositoryConfig.upstreamCredentials.usernamePasswordCredentials.passwordSecretVersion",
      { remoteRepositoryConfig: { dockerRepository: { publicRepository: "DOCKER_HUB" } } },
    ],
    after: { remoteRepositoryConfig: { description: "hub", dockerRepository: { publicRepository: "DOCKER_HUB" } } },
  },
  {
    what: "cloudbuild.WorkerPool",
    base: "/cloudbuild/v1/",
    create: [
      "POST",
      `${L}/workerPools?workerPoolId=big`,
      {
        name: `${L}/workerPools/big`,
        displayName: "big",
        annotations: { a: "b" },
        privatePoolV1Config: {
          workerConfig: { machineType: "c3-standard-88", diskSizeGb: 1000, enableNestedVirtualization: false },
          networkConfig: { egressOption: "PUBLIC_EGRESS" },
        },
      },
    ],
    path: `${L}/workerPools/big`,
    kept: {
      displayName: "big",
      annotations: { a: "b" },
      privatePoolV1Config: { workerConfig: { machineType: "c3-standard-88", diskSizeGb: "1000" } },
    },
    change: [
      "PATCH",
      "?updateMask=privatePoolV1Config.workerConfig.diskSizeGb,privatePoolV1Config.workerConfig.machineType",
      {
        name: `${L}/workerPools/big`,
        etag: "x",
        privatePoolV1Config: { workerConfig: { machineType: "c3-standard-176", diskSizeGb: 2000 } },
      },
    ],
    after: {
      displayName: "big",
      privatePoolV1Config: {
        workerConfig: { machineType: "c3-standard-176", diskSizeGb: "2000" },
        networkConfig: { egressOption: "PUBLIC_EGRESS" },
      },
    },
  },
  {
    what: "cloudbuild.Trigger on pushes",
    base: "/cloudbuild/v1/",
    before: [connection, repository],
    create: [
      "POST",
      `${L}/triggers`,
      {
        name: "push",
        description: "d",
        tags: ["t"],
        filename: "cloudbuild.yaml",
        repositoryEventConfig: {
          repository: `${L}/connections/github/repositories/images`,
          push: { branch: "^main$" },
        },
        substitutions: { _POOL: "c3" },
        includedFiles: ["images/**"],
        ignoredFiles: ["**/*.md"],
        includeBuildLogs: "INCLUDE_BUILD_LOGS_WITH_STATUS",
        approvalConfig: { approvalRequired: true },
      },
    ],
    path: ({ id }) => `${L}/triggers/${id}`,
    kept: {
      name: "push",
      filename: "cloudbuild.yaml",
      includedFiles: ["images/**"],
      approvalConfig: { approvalRequired: true },
    },
    change: [
      "PATCH",
      "",
      {
        id: "x",
        name: "renamed",
        filename: "cloudbuild.yaml",
        repositoryEventConfig: {
          repository: `${L}/connections/github/repositories/images`,
          push: { branch: "^main$" },
        },
        approvalConfig: {},
      },
    ],
    after: { name: "renamed", approvalConfig: {} },
    gone: ["description", "tags", "substitutions", "includedFiles"],
  },
  {
    what: "cloudbuildv2.Connection",
    base: "/cloudbuild/v2/",
    create: [
      "POST",
      `${L}/connections?connectionId=other`,
      { annotations: { a: "b" }, disabled: true, githubConfig: { appInstallationId: 12345 } },
    ],
    path: `${L}/connections/other`,
    kept: { annotations: { a: "b" }, disabled: true, githubConfig: { appInstallationId: "12345" } },
    change: ["PATCH", "", { githubConfig: { appInstallationId: "7" } }],
    after: { githubConfig: { appInstallationId: "7" } },
    gone: ["annotations", "disabled"],
  },
  {
    what: "storage.Bucket",
    base: "/storage/v1/",
    create: [
      "POST",
      `b?project=${PROJECT}`,
      {
        name: "strata-cache",
        location: "us-east4",
        storageClass: "STANDARD",
        labels: { ...label, a: "b" },
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
        softDeletePolicy: { retentionDurationSeconds: "0" },
        versioning: { enabled: true },
        lifecycle: {
          rule: [
            { action: { type: "Delete" }, condition: { age: 30, matchesPrefix: ["ccache/"] } },
            { action: { type: "AbortIncompleteMultipartUpload" }, condition: { age: 1 } },
          ],
        },
      },
    ],
    path: "b/strata-cache",
    kept: {
      id: "strata-cache",
      location: "US-EAST4",
      softDeletePolicy: { retentionDurationSeconds: "0" },
      versioning: { enabled: true },
      projectNumber: expect.stringMatching(/^\d+$/),
    },
    change: ["PATCH", "", { labels: { a: null, c: "d" }, lifecycle: { rule: [] } }],
    after: { labels: { ...label, c: "d" }, versioning: { enabled: true } },
    gone: ["lifecycle"],
  },
];
