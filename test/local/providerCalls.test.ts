import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

/**
 * What the Pulumi provider was seen to send for each kind of resource: create, read, change with its mask, delete.
 * `P` stands for the project. `kept` must come back from the read after the creation, `after` the change.
 */
interface Case {
  readonly what: string;
  readonly base: string;
  readonly before?: readonly (readonly [string, string, object?])[];
  readonly create: readonly [verb: string, path: string, body: object];
  /** The resource's path below `base`; or how it follows from the answer. */
  readonly path: string | ((answer: Readonly<Record<string, string>>) => string);
  readonly kept: object;
  readonly change?: readonly [verb: string, suffix: string, body: object];
  readonly after?: object;
  /** What the change must have removed. */
  readonly gone?: readonly string[];
  readonly remove?: string;
}

const L = `projects/${PROJECT}/locations/us-east4`;
const P = `projects/${PROJECT}`;
const label = { "goog-pulumi-provisioned": "true" };
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

const cases: readonly Case[] = [
  {
    what: "artifactregistry.Repository, standard",
    base: "/artifactregistry/v1/",
    create: [
      "POST",
      `${L}/repositories?repository_id=images&alt=json`,
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
    change: ["PATCH", "", { githubConfig: { appInstallationId: "7" }, etag: "x" }],
    after: { githubConfig: { appInstallationId: "7" } },
    gone: ["annotations", "disabled"],
  },
  {
    what: "storage.Bucket",
    base: "/storage/v1/",
    create: [
      "POST",
      `b?project=${PROJECT}&alt=json&prettyPrint=false`,
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
    change: ["PATCH", "?alt=json&prettyPrint=false", { labels: { a: null, c: "d" }, lifecycle: { rule: [] } }],
    after: { labels: { ...label, c: "d" }, versioning: { enabled: true } },
    gone: ["lifecycle"],
  },
  {
    what: "serviceaccount.Account",
    base: "/iam/v1/",
    create: [
      "POST",
      `${P}/serviceAccounts`,
      { accountId: "builder", serviceAccount: { displayName: "Builder", description: "builds" } },
    ],
    path: `${P}/serviceAccounts/builder@${PROJECT}.iam.gserviceaccount.com`,
    kept: {
      email: `builder@${PROJECT}.iam.gserviceaccount.com`,
      projectId: PROJECT,
      displayName: "Builder",
      uniqueId: expect.stringMatching(/^\d+$/),
    },
    change: [
      "PATCH",
      "",
      { serviceAccount: { displayName: "Changed", description: "ignored" }, updateMask: "display_name" },
    ],
    after: { displayName: "Changed", description: "builds" },
  },
  {
    what: "secretmanager.Secret",
    base: "/secretmanager/v1/",
    create: [
      "POST",
      `${P}/secrets?secretId=hub`,
      { labels: label, annotations: { a: "b" }, replication: { automatic: {} } },
    ],
    path: `${P}/secrets/hub`,
    kept: {
      labels: label,
      replication: { automatic: {} },
      name: expect.stringMatching(/^projects\/\d+\/secrets\/hub$/),
    },
    change: ["PATCH", "?updateMask=labels,annotations", { labels: { x: "y" }, replication: { automatic: {} } }],
    after: { labels: { x: "y" } },
    gone: ["annotations"],
  },
  {
    what: "pubsub.Topic",
    base: "/pubsub/v1/",
    create: ["PUT", `${P}/topics/refresh`, { labels: label, messageRetentionDuration: "86600s" }],
    path: `${P}/topics/refresh`,
    kept: { name: `${P}/topics/refresh`, labels: label, messageRetentionDuration: "86600s" },
    change: ["PATCH", "?updateMask=messageRetentionDuration,labels", { topic: { labels: { x: "y" } } }],
    after: { labels: { x: "y" } },
    gone: ["messageRetentionDuration"],
  },
  {
    what: "pubsub.Subscription",
    base: "/pubsub/v1/",
    before: [["PUT", `/pubsub/v1/${P}/topics/subscribed`, {}]],
    create: [
      "PUT",
      `${P}/subscriptions/sub`,
      {
        topic: `${P}/topics/subscribed`,
        ackDeadlineSeconds: 20,
        messageRetentionDuration: "1200s",
        expirationPolicy: {},
        retryPolicy: { minimumBackoff: "10s", maximumBackoff: "600s" },
        deadLetterPolicy: null,
        filter: "x",
        labels: label,
      },
    ],
    path: `${P}/subscriptions/sub`,
    kept: { topic: `${P}/topics/subscribed`, expirationPolicy: {}, filter: "x", ackDeadlineSeconds: 20 },
    change: [
      "PATCH",
      "?updateMask=ackDeadlineSeconds,labels,bigqueryConfig",
      { subscription: { ackDeadlineSeconds: 30 } },
    ],
    after: { ackDeadlineSeconds: 30, expirationPolicy: {} },
    gone: ["labels", "bigqueryConfig"],
  },
  {
    what: "logging.Metric",
    base: "/logging/v2/",
    create: [
      "POST",
      `${P}/metrics`,
      {
        name: "build-failures",
        filter: "f",
        description: "d",
        labelExtractors: { image: "EXTRACT(jsonPayload.image)" },
        metricDescriptor: {
          metricKind: "DELTA",
          valueType: "INT64",
          unit: "1",
          labels: [{ key: "image", description: "image", valueType: "STRING" }],
        },
      },
    ],
    path: `${P}/metrics/build-failures`,
    kept: {
      name: "build-failures",
      filter: "f",
      metricDescriptor: { labels: [{ key: "image", description: "image" }] },
    },
    change: [
      "PUT",
      "",
      { name: "build-failures", filter: "g", metricDescriptor: { metricKind: "DELTA", valueType: "INT64" } },
    ],
    after: { filter: "g" },
    gone: ["description", "labelExtractors"],
  },
  {
    what: "monitoring.Dashboard",
    base: "/monitoring/",
    create: [
      "POST",
      `v1/${P}/dashboards`,
      {
        displayName: "Builds",
        gridLayout: { columns: "2", widgets: [{ title: "t", text: { content: "c", format: "MARKDOWN" } }] },
      },
    ],
    path: ({ name }) => `v1/${name}`,
    kept: {
      displayName: "Builds",
      gridLayout: { columns: "2" },
      name: expect.stringMatching(/^projects\/\d+\/dashboards\//),
    },
    change: ["PATCH", "", { displayName: "Changed", gridLayout: {} }],
    after: { displayName: "Changed" },
  },
  {
    what: "monitoring.AlertPolicy",
    base: "/monitoring/",
    create: [
      "POST",
      `v3/${P}/alertPolicies`,
      {
        displayName: "a",
        combiner: "OR",
        enabled: true,
        severity: "WARNING",
        userLabels: { a: "b" },
        documentation: { content: "c", mimeType: "text/markdown" },
        alertStrategy: { autoClose: "1800s" },
        conditions: [
          {
            displayName: "rate",
            conditionThreshold: {
              filter: "f",
              comparison: "COMPARISON_GT",
              duration: "0s",
              thresholdValue: 1,
              aggregations: [{ alignmentPeriod: "60s", perSeriesAligner: "ALIGN_RATE" }],
              trigger: { count: 1 },
            },
          },
        ],
      },
    ],
    path: ({ name }) => `v3/${name}`,
    kept: {
      enabled: true,
      combiner: "OR",
      conditions: [{ displayName: "rate", conditionThreshold: { thresholdValue: 1 } }],
    },
    change: [
      "PATCH",
      "?updateMask=displayName,conditions",
      { displayName: "b", conditions: [{ displayName: "other", conditionThreshold: { filter: "f" } }] },
    ],
    after: { displayName: "b", combiner: "OR", conditions: [{ displayName: "other" }] },
  },
  {
    what: "monitoring.NotificationChannel",
    base: "/monitoring/",
    create: [
      "POST",
      `v3/${P}/notificationChannels`,
      {
        type: "email",
        displayName: "d",
        enabled: true,
        labels: { email_address: "a@example.com" },
        userLabels: { a: "b" },
      },
    ],
    path: ({ name }) => `v3/${name}`,
    kept: { type: "email", enabled: true, labels: { email_address: "a@example.com" } },
    change: [
      "PATCH",
      "",
      { type: "email", displayName: "e", enabled: true, labels: { email_address: "b@example.com" } },
    ],
    after: { displayName: "e", labels: { email_address: "b@example.com" } },
    gone: ["userLabels"],
    remove: "?force=false",
  },
  {
    what: "cloudscheduler.Job",
    base: "/cloudscheduler/v1/",
    create: [
      "POST",
      `${L}/jobs`,
      {
        name: `${L}/jobs/weekly`,
        schedule: "0 3 * * 1",
        timeZone: "Etc/UTC",
        description: "d",
        pubsubTarget: { topicName: `${P}/topics/refresh`, data: "eA==" },
      },
    ],
    path: `${L}/jobs/weekly`,
    kept: { name: `${L}/jobs/weekly`, schedule: "0 3 * * 1", attemptDeadline: "180s", state: "ENABLED" },
    change: [
      "PATCH",
      "",
      {
        schedule: "0 4 * * 1",
        timeZone: "Etc/UTC",
        attemptDeadline: "180s",
        pubsubTarget: { topicName: `${P}/topics/refresh`, data: "eA==" },
      },
    ],
    after: { schedule: "0 4 * * 1", name: `${L}/jobs/weekly`, state: "ENABLED" },
    gone: ["description"],
  },
];

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

test.each(cases)(
  "$what: create, read, change, delete as the Pulumi provider does",
  async ({ base, before, create, path, kept, change, after, gone, remove }) => {
    for (const [verb, target, body] of before ?? []) await cloud.ok(verb, target, body);
    const answer = await cloud.ok<Record<string, string>>(create[0], `${base}${create[1]}`, create[2]);
    const target = `${base}${typeof path === "string" ? path : path(answer)}`;
    expect(await cloud.ok("GET", target)).toMatchObject(kept);
    const again = await cloud.call(create[0], `${base}${create[1]}`, create[2]);
    if (typeof path === "string") expect(again.status).toBe(409);
    if (change) await cloud.ok(change[0], `${target}${change[1]}`, change[2]);
    const changed = await cloud.ok("GET", target);
    if (after) expect(changed).toMatchObject(after);
    for (const field of gone ?? []) expect(changed).not.toHaveProperty(field);
    await cloud.ok("DELETE", `${target}${remove ?? ""}`);
    expect((await cloud.call("GET", target)).status).toBe(404);
  },
);

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

test.each([
  ["a repository", "/artifactregistry/v1/", `${L}/repositories/pruned`, "GET", "?", "roles/artifactregistry.reader"],
  ["a topic", "/pubsub/v1/", `${P}/topics/subscribed`, "GET", "?", "roles/pubsub.publisher"],
  ["a project", "/resourcemanager/v1/", P, "POST", "?", "roles/browser"],
  [
    "a service account",
    "/iam/v1/",
    `${P}/serviceAccounts/policy@${PROJECT}.iam.gserviceaccount.com`,
    "POST",
    "?options.requestedPolicyVersion=3",
    "roles/iam.serviceAccountUser",
  ],
])(
  "the policy of %s is read, written with its etag and emptied as the provider does",
  async (_what, base, name, verb, query, role) => {
    if (name.includes("policy@")) await cloud.account("policy");
    const read = () =>
      cloud.ok<{ etag: string; bindings?: object[] }>(
        verb,
        `${base}${name}:getIamPolicy${query}`,
        verb === "POST" ? {} : undefined,
      );
    const write = (policy: object) => cloud.call("POST", `${base}${name}:setIamPolicy`, { policy });
    const { etag } = await read();
    const bindings = [{ role, members: ["user:a@example.com"] }];
    expect((await write({ bindings, etag, version: 3 })).status).toBe(200);
    const after = await read();
    expect(after.bindings).toEqual(bindings);
    expect(await write({ bindings, etag, version: 3 })).toMatchObject({
      status: 409,
      body: { error: { status: "ABORTED" } },
    });
    expect((await write({ etag: after.etag, version: 3 })).status).toBe(200);
    expect(await read()).not.toHaveProperty("bindings");
  },
);

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
