import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { Infrastructure } from "../../components/Infrastructure.ts";
import { parseSettings } from "../../settings.ts";
import { one, registeredBy } from "./mocks.ts";

const source = '{"repository":"https://github.com/acme/images.git","connection":"github"}';

const registered = (values: Readonly<Record<string, string>>) =>
  registeredBy(() => {
    const settings = parseSettings({
      stack: "dev",
      project: "acme-images",
      region: "us-east4",
      values: { "strata:images": "none", ...values },
    });
    new Infrastructure("infrastructure", {
      settings,
      machines: ["c3-standard-176"],
      persistent: [],
      inUse: [],
      readsBeside: false,
      cloudBuild: readFileSync("cloudbuild.yaml", "utf8"),
    });
  });

const typesOf = async (values: Readonly<Record<string, string>>) =>
  new Set((await registered(values)).map(({ type }) => type.split(":").at(-1)));

test("an environment that builds has pools and a compiler cache, and triggers where it has a source", async () => {
  const types = await typesOf({ "strata:source": source });
  for (const type of ["BuildPools", "CompilerCache", "SourceRepository", "BuildTriggers"])
    expect(types).toContain(type);
  expect(await typesOf({})).not.toContain("BuildTriggers");
});

test("an environment that promotes has nothing to build with", async () => {
  const types = await typesOf({ "strata:promoteFrom": "staging" });
  for (const type of ["WorkerPool", "CompilerCache", "SourceRepository", "Trigger"]) expect(types).not.toContain(type);
  for (const type of ["ImageRegistry", "BuildStore", "BuildIdentities"]) expect(types).toContain(type);
});

test("everything stands below a component", async () => {
  for (const { path, type } of await registered({ "strata:source": source, "strata:refresh": "0 4 * * 1" })) {
    expect(path.startsWith("strata:index:")).toBe(true);
    expect(path.endsWith(type)).toBe(true);
  }
});

test("a triggered build is told what cloudbuild.yaml asks for, and nothing that it does not know", async () => {
  const { substitutions: known } = parse(readFileSync("cloudbuild.yaml", "utf8"));
  const all = await registered({ "strata:source": source });
  const { substitutions } = one(all, "gcp:cloudbuild/trigger:Trigger", "triggers-push").inputs;
  expect(substitutions).toEqual({
    _CATALOGUE: "dockerfiles",
    _IMAGES: "us-east4-docker.pkg.dev/acme-images/strata-dev-images",
    _STORE: "acme-images-strata-dev-builds",
    _MODE: "publish",
  });
  for (const name of Object.keys(substitutions as object)) expect(Object.keys(known)).toContain(name);
});

test("the store holds the settings of the environment, as `strata build` reads them", async () => {
  const sbomScanner = `us-east4-docker.pkg.dev/acme-images/tools/scanner@sha256:${"0".repeat(64)}`;
  const { inputs } = one(
    await registered({ "strata:sbomScanner": sbomScanner, "strata:buildkit": sbomScanner }),
    "gcp:storage/bucketObject:BucketObject",
  );
  expect([inputs.bucket, inputs.name]).toEqual(["acme-images-strata-dev-builds", "settings.json"]);
  // pulumi-gcp keeps contents of objects as secrets.
  const { value } = inputs.content as { readonly value: string };
  expect(JSON.parse(value)).toMatchObject({
    project: "acme-images",
    store: "acme-images-strata-dev-builds",
    sbomScanner,
    buildkit: sbomScanner,
    dockerHub: "us-east4-docker.pkg.dev/acme-images/strata-dev-dockerhub",
    pools: { "c3-standard-176": expect.stringContaining("workerPools/") },
  });
  const promoting = await registered({ "strata:promoteFrom": "staging" });
  expect(promoting.some(({ type }) => type.endsWith("BucketObject"))).toBe(false);
});

test("the checker may read the token for comments, and no other account may", async () => {
  const commentToken = "projects/acme-secrets/secrets/comments/versions/1";
  const all = await registered({ "strata:source": source.replace("}", `,"commentToken":"${commentToken}"}`) });
  expect(one(all, "gcp:secretmanager/secretIamMember:SecretIamMember").inputs).toEqual({
    project: "acme-secrets",
    secretId: "comments",
    role: "roles/secretmanager.secretAccessor",
    member: "serviceAccount:strata-dev-checker@acme-images.iam.gserviceaccount.com",
  });
});
