import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { Infrastructure } from "../../components/Infrastructure.ts";
import { readSettings } from "../../settings.ts";
import { TestCloud } from "../local/testCloud.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

const program: PulumiFn = async () => {
  const settings = readSettings();
  new Infrastructure("infrastructure", {
    settings,
    machines: ["e2-standard-8"],
    persistent: [],
    inUse: [],
    readsBeside: false,
    cloudBuild: readFileSync("cloudbuild.yaml", "utf8"),
  });
};

const P = "projects/acme-images";
const L = `${P}/locations/us-east4`;
const email = (account: string) => `strata-dev-${account}@acme-images.iam.gserviceaccount.com`;
const store = "acme-images-strata-dev-builds";
const ccache = "acme-images-strata-dev-ccache";

let engine: Engine;
let cloud: TestCloud;
beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
  const dev = await engine.stack(
    "dev",
    {
      "gcp:project": "acme-images",
      "gcp:region": "us-east4",
      "strata:images": "none",
      "strata:source": JSON.stringify({
        repository: "https://github.com/acme/images.git",
        installation: 12345678,
        token: `${P}/secrets/github/versions/1`,
        commentToken: `${P}/secrets/comments/versions/1`,
      }),
    },
    program,
  );
  cloud = new TestCloud(engine.cloud, "");
  await cloud.ok("POST", `/serviceusage/v1/${P}/services/secretmanager.googleapis.com:enable`, {});
  for (const secret of ["github", "comments"]) {
    await cloud.ok("POST", `/secretmanager/v1/${P}/secrets?secretId=${secret}`, { replication: { automatic: {} } });
    const payload = { data: Buffer.from("token").toString("base64") };
    await cloud.ok("POST", `/secretmanager/v1/${P}/secrets/${secret}:addVersion`, { payload });
  }
  await dev.up();
  const operator = engine.cloud.operatorToken;
  for (const name of ["images", "layers"]) expect(await push(name, "kept")(operator)).toBe(201);
  for (const prefix of ["contexts", "locks", "records", "scratch"]) {
    expect(await write(store, `${prefix}/kept`)(operator)).toBe(200);
  }
  expect(await write(store, "locks/done")(operator)).toBe(200);
  expect(await write(ccache, "kept")(operator)).toBe(200);
}, 180_000);
afterAll(() => engine?.close());

/** Makes a call with somebody's token, and returns the HTTP status. */
type Call = (token: string) => Promise<number>;

const api =
  (verb: string, path: string, body?: object): Call =>
  async (token) =>
    (await cloud.call(verb, path, body, token)).status;

const send = (token: string, method: string, url: string, body?: string, type = "application/octet-stream") =>
  fetch(url.startsWith("http") ? url : `${engine.cloud.origin}${url}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": type },
    ...(body !== undefined && { body }),
  });

const manifestType = "application/vnd.oci.image.manifest.v1+json";

/** Pushes an image of no layers under a tag, as a registry's client does; ends at the first answer that is an error. */
const push =
  (repository: string, tag: string): Call =>
  async (token) => {
    const image = `/v2/acme-images/strata-dev-${repository}/app/run`;
    const digest = `sha256:${createHash("sha256").update("{}").digest("hex")}`;
    const begun = await send(token, "POST", `${image}/blobs/uploads/`);
    if (!begun.ok) return begun.status;
    const ended = await send(token, "PUT", `${begun.headers.get("location")}?digest=${digest}`, "{}");
    if (!ended.ok) return ended.status;
    const config = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: [] });
    return (await send(token, "PUT", `${image}/manifests/${tag}`, manifest, manifestType)).status;
  };

const pull =
  (repository: string): Call =>
  async (token) =>
    (await send(token, "GET", `/v2/acme-images/strata-dev-${repository}/app/run/manifests/kept`)).status;

const write =
  (bucket: string, name: string): Call =>
  async (token) => {
    const query = `uploadType=media&name=${encodeURIComponent(name)}`;
    return (await send(token, "POST", `/upload/storage/v1/b/${bucket}/o?${query}`, "content")).status;
  };

const read = (bucket: string, name: string): Call => {
  const path = `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
  return async (token) => (await send(token, "GET", path)).status;
};

const remove = (bucket: string, name: string): Call =>
  api("DELETE", `/storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`);

const submit = (account: string): Call =>
  api("POST", `/cloudbuild/v1/${L}/builds`, {
    steps: [{ name: "us-east4-docker.pkg.dev/acme-images/tools/strata:1" }],
    serviceAccount: `${P}/serviceAccounts/${email(account)}`,
    options: { logging: "CLOUD_LOGGING_ONLY", pool: { name: `${L}/workerPools/strata-dev-e2-standard-8` } },
  });

const becomePublisher = api(
  "POST",
  `/iamcredentials/v1/projects/-/serviceAccounts/${email("publisher")}:generateAccessToken`,
  { scope: ["https://www.googleapis.com/auth/cloud-platform"] },
);
const readSecret = (secret: string) => api("GET", `/secretmanager/v1/${P}/secrets/${secret}/versions/1:access`);
const ownProject = api("POST", `/resourcemanager/v1/${P}:setIamPolicy`, { policy: { bindings: [] } });
const ownImages = api("POST", `/artifactregistry/v1/${L}/repositories/strata-dev-images:setIamPolicy`, {
  policy: { bindings: [] },
});
const ownCache = api("PUT", `/storage/v1/b/${ccache}/iam`, { bindings: [] });
const dropRepository = (name: string) => api("DELETE", `/artifactregistry/v1/${L}/repositories/strata-dev-${name}`);
const dropBucket = api("DELETE", `/storage/v1/b/${ccache}`);
const dropPool = api("DELETE", `/cloudbuild/v1/${L}/workerPools/strata-dev-e2-standard-8`);

const may: readonly [who: string, what: string, call: Call][] = [
  ["checker", "push an image of a pull request to scratch", push("scratch", "pr-1")],
  ["checker", "pull a published image", pull("images")],
  ["checker", "read the layer cache", pull("layers")],
  ["checker", "read the compiler cache", read(ccache, "kept")],
  ["checker", "read a record", read(store, "records/kept")],
  ["checker", "read the environment's settings", read(store, "settings.json")],
  ["checker", "read the token for comments", readSecret("comments")],
  ["checker", "keep something under scratch/", write(store, "scratch/pr-1")],
  ["publisher", "read the environment's settings", read(store, "settings.json")],
  ["publisher", "push a key's tag", push("images", "key-1")],
  ["publisher", "write the layer cache", push("layers", "cache")],
  ["publisher", "write the compiler cache", write(ccache, "result")],
  ["publisher", "read the compiler cache", read(ccache, "kept")],
  ["publisher", "store a context", write(store, "contexts/c")],
  ["publisher", "take a lock", write(store, "locks/k")],
  ["publisher", "release a lock", remove(store, "locks/done")],
  ["publisher", "write a record", write(store, "records/k")],
  ["publisher", "submit a build as itself in the private pool", submit("publisher")],
  ["publisher", "see which machine a pool has", api("GET", `/cloudbuild/v1/${L}/workerPools/strata-dev-e2-standard-8`)],
];

const mayNot: readonly [who: string, what: string, call: Call][] = [
  ["checker", "push a key's tag", push("images", "key-2")],
  ["checker", "write the layer cache", push("layers", "poison")],
  ["checker", "write the compiler cache", write(ccache, "poison")],
  ["checker", "replace a compiler's result", write(ccache, "kept")],
  ["checker", "delete a compiler's result", remove(ccache, "kept")],
  ["checker", "store a context", write(store, "contexts/poison")],
  ["checker", "take a lock", write(store, "locks/poison")],
  ["checker", "release another's lock", remove(store, "locks/kept")],
  ["checker", "write a record", write(store, "records/poison")],
  ["checker", "read a context", read(store, "contexts/kept")],
  ["checker", "change the environment's settings", write(store, "settings.json")],
  ["checker", "read the secret of the Git connection", readSecret("github")],
  ["checker", "submit a build as the publisher", submit("publisher")],
  ["checker", "submit a build as itself", submit("checker")],
  ["checker", "become the publisher", becomePublisher],
  ["checker", "change the project's policy", ownProject],
  ["checker", "change the images' policy", ownImages],
  ["checker", "delete the scratch repository", dropRepository("scratch")],
  ["publisher", "push to scratch, where it takes nothing from", push("scratch", "key-1")],
  ["publisher", "submit a build as the checker", submit("checker")],
  ["publisher", "read the secret of the Git connection", readSecret("github")],
  ["publisher", "read the token for comments", readSecret("comments")],
  ["publisher", "change the project's policy", ownProject],
  ["publisher", "change the images' policy", ownImages],
  ["publisher", "change the compiler cache's policy", ownCache],
  ["publisher", "delete the images", dropRepository("images")],
  ["publisher", "delete the layer cache", dropRepository("layers")],
  ["publisher", "delete the compiler cache", dropBucket],
  ["publisher", "delete the pool", dropPool],
];

for (const [who, what, call] of may) {
  engineTest(
    `the ${who} may ${what}`,
    async () => {
      expect(Math.floor((await call(cloud.token(email(who)))) / 100)).toBe(2);
    },
    10_000,
  );
}

for (const [who, what, call] of mayNot) {
  engineTest(
    `the ${who} may not ${what}`,
    async () => {
      expect(await call(cloud.token(email(who)))).toBe(403);
    },
    10_000,
  );
}
