import { PROJECT } from "../testCloud.ts";
import { type Case, L, label, P } from "./case.ts";

/** The other forms that the kinds of resource take. */
export const variantCases: readonly Case[] = [
  {
    what: "artifactregistry.Repository, remote, of any registry",
    base: "/artifactregistry/v1/",
    create: [
      "POST",
      `${L}/repositories?repository_id=nvcr`,
      {
        format: "DOCKER",
        mode: "REMOTE_REPOSITORY",
        labels: label,
        remoteRepositoryConfig: { commonRepository: { uri: "https://nvcr.io" }, noCache: null },
      },
    ],
    path: `${L}/repositories/nvcr`,
    unset: ["dockerConfig", "cleanupPolicies", "vulnerabilityScanningConfig"],
    change: [
      "PATCH",
      "?updateMask=vulnerabilityScanningConfig,labels,cleanupPolicyDryRun",
      {
        cleanupPolicies: {},
        cleanupPolicyDryRun: true,
        labels: { ...label, a: "b" },
        vulnerabilityScanningConfig: { enablementConfig: "DISABLED", enablementState: "SCANNING_DISABLED" },
      },
    ],
    after: {
      cleanupPolicyDryRun: true,
      labels: { ...label, a: "b" },
      vulnerabilityScanningConfig: { enablementConfig: "DISABLED" },
      remoteRepositoryConfig: { commonRepository: { uri: "https://nvcr.io" } },
    },
  },
  {
    what: "artifactregistry.Repository, virtual",
    base: "/artifactregistry/v1/",
    before: [["POST", `/artifactregistry/v1/${L}/repositories?repository_id=own`, { format: "DOCKER" }]],
    create: [
      "POST",
      `${L}/repositories?repository_id=both`,
      {
        format: "DOCKER",
        mode: "VIRTUAL_REPOSITORY",
        virtualRepositoryConfig: {
          upstreamPolicies: [{ id: "own", repository: `${L}/repositories/own`, priority: 20 }],
        },
      },
    ],
    path: `${L}/repositories/both`,
    change: [
      "PATCH",
      "?updateMask=virtualRepositoryConfig",
      {
        cleanupPolicies: {},
        virtualRepositoryConfig: {
          upstreamPolicies: [{ id: "own", repository: `${L}/repositories/own`, priority: 30 }],
        },
      },
    ],
    after: { virtualRepositoryConfig: { upstreamPolicies: [{ id: "own", priority: 30 }] } },
  },
  {
    what: "cloudbuild.WorkerPool without a machine, then with names and notes",
    base: "/cloudbuild/v1/",
    create: ["POST", `${L}/workerPools?workerPoolId=plain`, { name: `${L}/workerPools/plain` }],
    path: `${L}/workerPools/plain`,
    change: [
      "PATCH",
      "?updateMask=annotations,displayName",
      { name: `${L}/workerPools/plain`, annotations: { a: "b" }, displayName: "Plain", etag: "x" },
    ],
    after: { annotations: { a: "b" }, displayName: "Plain" },
  },
  {
    what: "cloudbuild.WorkerPool in a peered network",
    base: "/cloudbuild/v1/",
    create: [
      "POST",
      `${L}/workerPools?workerPoolId=peered`,
      {
        name: `${L}/workerPools/peered`,
        privatePoolV1Config: {
          workerConfig: { machineType: "e2-highcpu-32", diskSizeGb: "100", enableNestedVirtualization: false },
          networkConfig: {
            egressOption: "NO_PUBLIC_EGRESS",
            peeredNetwork: "projects/1/global/networks/n",
            peeredNetworkIpRange: "/29",
          },
        },
      },
    ],
    path: `${L}/workerPools/peered`,
    change: [
      "PATCH",
      "?updateMask=privatePoolV1Config.networkConfig.egressOption",
      {
        name: `${L}/workerPools/peered`,
        privatePoolV1Config: { networkConfig: { egressOption: "PUBLIC_EGRESS" } },
      },
    ],
    after: {
      privatePoolV1Config: {
        workerConfig: { machineType: "e2-highcpu-32" },
        networkConfig: { egressOption: "PUBLIC_EGRESS", peeredNetwork: "projects/1/global/networks/n" },
      },
    },
  },
  {
    what: "storage.Bucket with each action of a lifecycle",
    base: "/storage/v1/",
    create: [
      "POST",
      `b?project=${PROJECT}`,
      {
        name: "strata-variants",
        location: "US",
        storageClass: "STANDARD",
        iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
        lifecycle: {
          rule: [
            {
              action: { type: "SetStorageClass", storageClass: "NEARLINE" },
              condition: { numNewerVersions: 3, daysSinceNoncurrentTime: 7 },
            },
          ],
        },
      },
    ],
    path: "b/strata-variants",
    change: [
      "PATCH",
      "",
      {
        storageClass: "NEARLINE",
        softDeletePolicy: { retentionDurationSeconds: "0" },
        versioning: { enabled: false },
        iamConfiguration: { publicAccessPrevention: "enforced" },
      },
    ],
    after: {
      storageClass: "NEARLINE",
      location: "US",
      softDeletePolicy: { retentionDurationSeconds: "0" },
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true }, publicAccessPrevention: "enforced" },
    },
  },
  {
    what: "secretmanager.Secret, kept in places that are named",
    base: "/secretmanager/v1/",
    create: [
      "POST",
      `${P}/secrets?secretId=placed`,
      { replication: { automatic: null, userManaged: { replicas: [{ location: "us-east4" }] } } },
    ],
    path: `${P}/secrets/placed`,
    change: [
      "PATCH",
      "?updateMask=labels",
      { labels: { a: "b" }, replication: { userManaged: { replicas: [{ location: "us-east4" }] } } },
    ],
    after: { labels: { a: "b" }, replication: { userManaged: { replicas: [{ location: "us-east4" }] } } },
  },
  {
    what: "pubsub.Subscription without anything that can be left out",
    base: "/pubsub/v1/",
    before: [["PUT", `/pubsub/v1/${P}/topics/variants`, {}]],
    create: [
      "PUT",
      `${P}/subscriptions/plain`,
      {
        topic: `${P}/topics/variants`,
        messageRetentionDuration: "604800s",
        expirationPolicy: null,
        retryPolicy: null,
        deadLetterPolicy: null,
        labels: label,
      },
    ],
    path: `${P}/subscriptions/plain`,
    kept: { name: `${P}/subscriptions/plain` },
    unset: ["retryPolicy", "deadLetterPolicy", "filter"],
  },
  {
    what: "logging.Metric of a distribution, with a slash and a colon in its name",
    base: "/logging/v2/",
    create: [
      "POST",
      `${P}/metrics`,
      {
        name: "builds/a:minutes",
        filter: "f",
        valueExtractor: "EXTRACT(jsonPayload.minutes)",
        bucketOptions: { exponentialBuckets: { numFiniteBuckets: 20, growthFactor: 2, scale: 1 } },
        metricDescriptor: { metricKind: "DELTA", valueType: "DISTRIBUTION", unit: "1" },
      },
    ],
    path: `${P}/metrics/builds%2Fa:minutes`,
    kept: { name: "builds/a:minutes" },
    change: ["PUT", "", { name: "builds/a:minutes", filter: "g" }],
    after: { name: "builds/a:minutes", filter: "g" },
  },
  {
    what: "monitoring.AlertPolicy that tells a channel",
    base: "/monitoring/",
    create: [
      "POST",
      `v3/${P}/alertPolicies`,
      {
        displayName: "a",
        combiner: "OR",
        enabled: true,
        notificationChannels: [`${P}/notificationChannels/1`],
        conditions: [{ displayName: "rate", conditionThreshold: { filter: "f", comparison: "COMPARISON_GT" } }],
      },
    ],
    path: ({ name }) => `v3/${name}`,
    change: ["PATCH", "?updateMask=notificationChannels,severity,enabled", { conditions: [], severity: "ERROR" }],
    after: { severity: "ERROR", conditions: [{ displayName: "rate" }] },
    gone: ["notificationChannels"],
  },
  {
    what: "cloudscheduler.Job that calls an address",
    base: "/cloudscheduler/v1/",
    create: [
      "POST",
      `${L}/jobs`,
      {
        name: `${L}/jobs/call`,
        schedule: "0 3 * * *",
        timeZone: "Etc/UTC",
        attemptDeadline: "320s",
        retryConfig: { retryCount: 1 },
        httpTarget: {
          httpMethod: "POST",
          uri: "https://example.com/",
          body: "eA==",
          headers: { "Content-Type": "text/plain" },
          oauthToken: { serviceAccountEmail: `runner@${PROJECT}.iam.gserviceaccount.com` },
        },
      },
    ],
    path: `${L}/jobs/call`,
    change: [
      "PATCH",
      "",
      {
        schedule: "0 3 * * *",
        timeZone: "Etc/UTC",
        attemptDeadline: "180s",
        httpTarget: { httpMethod: "GET", uri: "https://example.com/" },
      },
    ],
    after: { attemptDeadline: "180s", httpTarget: { httpMethod: "GET" } },
    gone: ["retryConfig"],
  },
];
