import { ImageRegistry, type ImageRegistryArgs } from "../../components/ImageRegistry.ts";
import { environment, one, PROJECT_NUMBER, registeredBy, retention } from "./mocks.ts";

const repository = "gcp:artifactregistry/repository:Repository";
const member = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember";
const day = 24 * 60 * 60;

const registered = (args: Partial<ImageRegistryArgs> = {}) =>
  registeredBy(
    () =>
      new ImageRegistry("registry", {
        environment,
        retention,
        persistent: ["arr-pytorch-base"],
        inUse: ["k-2", "k-1"],
        scanning: true,
        publisher: "serviceAccount:publisher",
        checker: "serviceAccount:checker",
        readers: ["group:research@example.com"],
        projectNumber: PROJECT_NUMBER,
        protect: false,
        ...args,
      }),
  );

test("tags are immutable where images are published, and only there", async () => {
  const all = await registered();
  expect(one(all, repository, "registry-images").inputs.dockerConfig).toEqual({ immutableTags: true });
  for (const other of ["registry-layers", "registry-scratch", "registry-dockerhub"]) {
    // Written as false it would be a difference on every `up`: Google stores nothing for it.
    expect(one(all, repository, other).inputs).not.toHaveProperty("dockerConfig");
  }
});

test("keeps the newest keys, keys in use and the base tier; drops what is superseded or was never tagged", async () => {
  const { inputs } = one(await registered(), repository, "registry-images");
  expect(inputs.cleanupPolicies).toEqual([
    { id: "keep-recent", action: "KEEP", mostRecentVersions: { keepCount: 39 } },
    { id: "keep-in-use", action: "KEEP", condition: { tagState: "TAGGED", tagPrefixes: ["k-1", "k-2"] } },
    { id: "keep-base", action: "KEEP", condition: { tagState: "TAGGED", packageNamePrefixes: ["arr-pytorch-base"] } },
    { id: "drop-superseded", action: "DELETE", condition: { tagState: "TAGGED", olderThan: `${4 * day}s` } },
    { id: "drop-untagged", action: "DELETE", condition: { tagState: "UNTAGGED", olderThan: `${5 * day}s` } },
  ]);
});

test("the newest keys are counted as Google counts: three versions of each, and those of ten builds that failed", async () => {
  const keepCount = async (keysPerTarget: number) => {
    const { inputs } = one(
      await registered({ retention: { ...retention, keysPerTarget } }),
      repository,
      "registry-images",
    );
    return (inputs.cleanupPolicies as { mostRecentVersions?: { keepCount: number } }[])[0]?.mostRecentVersions
      ?.keepCount;
  };
  expect(await keepCount(1)).toBe(33);
  expect(await keepCount(11)).toBe(63);
});

const toolHere = "us-east4-docker.pkg.dev/acme-images/strata-dev-images/strata/tool";
test.each<[string, string, object[]]>([
  ["its key's tag", `${toolHere}:k-0`, [{ id: "keep-in-use", tagPrefixes: ["k-0", "k-1", "k-2"] }]],
  [
    "its digest",
    `${toolHere}@sha256:${"a".repeat(64)}`,
    [
      { id: "keep-in-use", tagPrefixes: ["k-1", "k-2"] },
      { id: "keep-tool", versionNamePrefixes: [`sha256:${"a".repeat(64)}`] },
    ],
  ],
  [
    "neither, where it is in another registry",
    "us-east4-docker.pkg.dev/acme-images/strata-prod-images/strata/tool:k-0",
    [{ id: "keep-in-use", tagPrefixes: ["k-1", "k-2"] }],
  ],
])("the image that builds run in is kept when its own key has moved on: by %s", async (_, tool, kept) => {
  const { inputs } = one(await registered({ tool }), repository, "registry-images");
  const policies = inputs.cleanupPolicies as { id: string; condition?: Record<string, unknown> }[];
  const shown = policies
    .filter(({ id }) => id === "keep-in-use" || id === "keep-tool")
    .map(({ id, condition: { tagState, ...rest } = {} }) => ({ id, ...rest }));
  expect(shown).toEqual(kept);
});

test("a keep policy without a prefix would keep everything: where there is none, there is no policy", async () => {
  const { inputs } = one(await registered({ inUse: [], persistent: [] }), repository, "registry-images");
  const ids = (inputs.cleanupPolicies as { id: string }[]).map(({ id }) => id);
  expect(ids).toEqual(["keep-recent", "drop-superseded", "drop-untagged"]);
});

test("who may do what, repository by repository", async () => {
  const all = await registered();
  const grants = all
    .filter(({ type }) => type === member)
    .map(({ inputs }) => `${inputs.repository} ${String(inputs.role).split(".")[1]} ${inputs.member}`);
  expect(grants.sort()).toEqual([
    "strata-dev-dockerhub reader serviceAccount:checker",
    "strata-dev-dockerhub reader serviceAccount:publisher",
    "strata-dev-images reader group:research@example.com",
    "strata-dev-images reader serviceAccount:checker",
    "strata-dev-images writer serviceAccount:publisher",
    "strata-dev-layers reader serviceAccount:checker",
    "strata-dev-layers writer serviceAccount:publisher",
    "strata-dev-scratch writer serviceAccount:checker",
  ]);
});

test("the layer cache and scratch age at their own pace", async () => {
  const all = await registered();
  const age = (name: string) => one(all, repository, name).inputs.cleanupPolicies;
  expect(age("registry-layers")).toEqual([
    { id: "drop-old", action: "DELETE", condition: { tagState: "ANY", olderThan: `${7 * day}s` } },
  ]);
  expect(age("registry-scratch")).toEqual([
    { id: "drop-old", action: "DELETE", condition: { tagState: "ANY", olderThan: `${6 * day}s` } },
  ]);
});

test("scanning is bought for published images only", async () => {
  const state = async (scanning: boolean, name: string) =>
    one(await registered({ scanning }), repository, name).inputs.vulnerabilityScanningConfig;
  expect(await state(true, "registry-images")).toEqual({ enablementConfig: "INHERITED" });
  expect(await state(true, "registry-layers")).toEqual({ enablementConfig: "DISABLED" });
  expect(await state(false, "registry-images")).toEqual({ enablementConfig: "DISABLED" });
});

test("the mirror's password is named, not held", async () => {
  const passwordSecret = "projects/acme-images/secrets/hub/versions/1";
  const all = await registered({ dockerHub: { username: "acme", passwordSecret } });
  expect(one(all, repository, "registry-dockerhub").inputs).toMatchObject({
    mode: "REMOTE_REPOSITORY",
    remoteRepositoryConfig: {
      dockerRepository: { publicRepository: "DOCKER_HUB" },
      upstreamCredentials: {
        usernamePasswordCredentials: { username: "acme", passwordSecretVersion: passwordSecret },
      },
    },
  });
});

test("Artifact Registry's own account may read the mirror's password before the mirror is made, and nobody else may", async () => {
  const passwordSecret = "projects/acme-secrets/secrets/hub/versions/1";
  const all = await registered({ dockerHub: { username: "acme", passwordSecret } });
  const secretMember = "gcp:secretmanager/secretIamMember:SecretIamMember";
  expect(one(all, secretMember).inputs).toEqual({
    project: "acme-secrets",
    secretId: "hub",
    role: "roles/secretmanager.secretAccessor",
    member: `serviceAccount:service-${PROJECT_NUMBER}@gcp-sa-artifactregistry.iam.gserviceaccount.com`,
  });
  const order = all.map(({ name }) => name);
  expect(order.indexOf("registry-dockerhub-password")).toBeLessThan(order.indexOf("registry-dockerhub"));
  expect((await registered()).some(({ type }) => type === secretMember)).toBe(false);
});
