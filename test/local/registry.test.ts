import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { tool } from "../../toolbox/tool.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const run = promisify(execFile);
const L = `projects/${PROJECT}/locations/us-east4`;
const IMAGES = `/artifactregistry/v1/${L}/repositories`;
const OCI = "application/vnd.oci.image";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
  await cloud.ok("POST", `${IMAGES}?repositoryId=images`, { format: "DOCKER", dockerConfig: { immutableTags: true } });
  await cloud.ok("POST", `${IMAGES}?repositoryId=moving`, { format: "DOCKER" });
});
afterAll(() => cloud.close());

const digestOf = (bytes: Buffer) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

/** A request of the distribution protocol. */
function send(
  verb: string,
  path: string,
  body?: Buffer,
  headers: Record<string, string> = {},
  token = cloud.running.operatorToken,
) {
  const authorization = { authorization: `Bearer ${token}` };
  return fetch(path.startsWith("http") ? path : `${cloud.origin}${path}`, {
    method: verb,
    headers: { ...authorization, ...headers },
    ...(body && { body: new Uint8Array(body) }),
  });
}

async function pushBlob(image: string, bytes: Buffer): Promise<string> {
  const digest = digestOf(bytes);
  const begun = await send("POST", `/v2/${PROJECT}/${image}/blobs/uploads/`);
  const answer = await send("PUT", `${begun.headers.get("location")}?digest=${digest}`, bytes);
  expect(answer.status).toBe(201);
  return digest;
}

function manifestOf(config: Buffer, layer: Buffer, more: object = {}): Buffer {
  const part = (mediaType: string, bytes: Buffer) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const layers = [part(`${OCI}.layer.v1.tar`, layer)];
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: `${OCI}.manifest.v1+json`,
      config: part(`${OCI}.config.v1+json`, config),
      layers,
      ...more,
    }),
  );
}

function putManifest(image: string, reference: string, manifest: Buffer, token?: string) {
  return send(
    "PUT",
    `/v2/${PROJECT}/${image}/manifests/${reference}`,
    manifest,
    { "content-type": `${OCI}.manifest.v1+json` },
    token,
  );
}

async function pushImage(image: string, tag: string, content: string): Promise<string> {
  const [config, layer] = [Buffer.from(JSON.stringify({ content })), Buffer.from(content)];
  await pushBlob(image, config);
  await pushBlob(image, layer);
  const manifest = manifestOf(config, layer);
  expect((await putManifest(image, tag, manifest)).status).toBe(201);
  return digestOf(manifest);
}

test("a pushed image is found by tag and by digest, by HEAD and GET, and absent is 404", async () => {
  const digest = await pushImage("images/a/b", "one", "one");
  for (const reference of ["one", digest]) {
    const head = await send("HEAD", `/v2/${PROJECT}/images/a/b/manifests/${reference}`);
    expect([head.status, head.headers.get("docker-content-digest")]).toEqual([200, digest]);
  }
  const absent = await send("HEAD", `/v2/${PROJECT}/images/a/b/manifests/none`);
  expect(absent.status).toBe(404);
  const unknown = await send("GET", `/v2/${PROJECT}/nowhere/a/manifests/none`);
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { errors: [{ code: "NAME_UNKNOWN" }] }]);
});

test("an immutable tag can be created and pushed again, and neither moved nor deleted", async () => {
  await pushImage("images/fixed", "v1", "one");
  await pushImage("images/fixed", "v1", "one");
  const [config, layer] = [Buffer.from("{}"), Buffer.from("two")];
  await pushBlob("images/fixed", config);
  await pushBlob("images/fixed", layer);
  const moved = await putManifest("images/fixed", "v1", manifestOf(config, layer));
  const message = "cannot update tag v1. The repository has enabled tag immutability";
  expect([moved.status, await moved.json()]).toEqual([400, { errors: [{ code: "MANIFEST_INVALID", message }] }]);
  expect((await send("DELETE", `/v2/${PROJECT}/images/fixed/manifests/v1`)).status).toBe(400);
  const tag = `${IMAGES}/images/packages/fixed/tags/v1`;
  expect((await cloud.call("DELETE", tag)).status).toBe(400);
  expect((await putManifest("images/fixed", "v2", manifestOf(config, layer))).status).toBe(201);
});

test("a tag of a repository without immutable tags moves", async () => {
  const first = await pushImage("moving/x", "latest", "one");
  const second = await pushImage("moving/x", "latest", "two");
  expect(second).not.toBe(first);
  expect((await send("HEAD", `/v2/${PROJECT}/moving/x/manifests/latest`)).headers.get("docker-content-digest")).toBe(
    second,
  );
});

test("bytes that are not what their digest says, and manifests whose parts are missing, are refused", async () => {
  const begun = await send("POST", `/v2/${PROJECT}/images/bad/blobs/uploads/`);
  const wrong = await send(
    "PUT",
    `${begun.headers.get("location")}?digest=${digestOf(Buffer.from("x"))}`,
    Buffer.from("y"),
  );
  expect([wrong.status, await wrong.json()]).toMatchObject([400, { errors: [{ code: "DIGEST_INVALID" }] }]);
  const missing = await putManifest("images/bad", "t", manifestOf(Buffer.from("no"), Buffer.from("nowhere")));
  expect([missing.status, await missing.json()]).toMatchObject([400, { errors: [{ code: "MANIFEST_BLOB_UNKNOWN" }] }]);
});

test("a blob comes in chunks, and a chunk out of order is refused", async () => {
  const begun = await send("POST", `/v2/${PROJECT}/images/chunks/blobs/uploads/`);
  const location = String(begun.headers.get("location"));
  expect((await send("PATCH", location, Buffer.from("abc"), { "content-range": "0-2" })).status).toBe(202);
  expect((await send("PATCH", location, Buffer.from("xyz"), { "content-range": "7-9" })).status).toBe(416);
  expect((await send("GET", location)).headers.get("range")).toBe("0-2");
  const digest = digestOf(Buffer.from("abcdef"));
  expect((await send("PUT", `${location}?digest=${digest}`, Buffer.from("def"))).status).toBe(201);
  const part = await send("GET", `/v2/${PROJECT}/images/chunks/blobs/${digest}`, undefined, { range: "bytes=1-2" });
  expect([part.status, await part.text()]).toEqual([206, "bc"]);
});

test("a blob is mounted from another repository, and a mount of what is not there begins an upload", async () => {
  const digest = await pushBlob("images/source", Buffer.from("mounted"));
  const mount = (from: string) =>
    send("POST", `/v2/${PROJECT}/moving/target/blobs/uploads/?mount=${digest}&from=${from}`);
  expect((await mount(`${PROJECT}/nowhere/x`)).status).toBe(202);
  expect((await mount(`${PROJECT}/images/source`)).status).toBe(201);
  expect((await send("HEAD", `/v2/${PROJECT}/moving/target/blobs/${digest}`)).status).toBe(200);
});

test("what refers to a manifest is listed with it", async () => {
  const subject = await pushImage("images/subject", "s", "subject");
  const [config, layer] = [Buffer.from("{}"), Buffer.from("sbom")];
  await pushBlob("images/subject", config);
  await pushBlob("images/subject", layer);
  const more = {
    artifactType: "application/spdx+json",
    subject: { mediaType: `${OCI}.manifest.v1+json`, digest: subject, size: 1 },
  };
  const manifest = manifestOf(config, layer, more);
  const pushed = await putManifest("images/subject", digestOf(manifest), manifest);
  expect(pushed.headers.get("oci-subject")).toBe(subject);
  const referrers = await send("GET", `/v2/${PROJECT}/images/subject/referrers/${subject}`);
  expect(await referrers.json()).toMatchObject({
    manifests: [{ digest: digestOf(manifest), artifactType: "application/spdx+json" }],
  });
});

test("the control plane shows packages, versions, tags and images, and deletes them", async () => {
  const digest = await pushImage("images/deep/er", "k1", "deep");
  const repository = `${IMAGES}/images`;
  const found = await cloud.ok("GET", `${repository}/packages/deep%2Fer/tags/k1`);
  expect(found.version).toBe(`${L}/repositories/images/packages/deep%2Fer/versions/${digest}`);
  expect((await cloud.call("GET", `${repository}/packages/deep%252Fer/tags/k1`)).body).toEqual(found);
  const { dockerImages } = await cloud.ok<{ dockerImages: object[] }>("GET", `${repository}/dockerImages`);
  expect(dockerImages).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ tags: ["k1"], uri: expect.stringContaining(`/images/deep/er@${digest}`) }),
    ]),
  );
  const version = `${repository}/packages/deep%2Fer/versions/${digest}`;
  expect((await cloud.call("DELETE", version)).status).toBe(400);
  await cloud.ok("DELETE", `${version}?force=true`);
  expect((await send("HEAD", `/v2/${PROJECT}/images/deep/er/manifests/k1`)).status).toBe(404);
  await cloud.ok("DELETE", `${repository}/packages/deep%2Fer`);
  expect((await cloud.call("GET", `${repository}/packages/deep%2Fer`)).status).toBe(404);
});

test("a client without credentials is sent for a token, whose rights are those of the account behind it", async () => {
  const [reader, stranger] = [await cloud.account("reader"), await cloud.account("stranger")];
  cloud.grant(`${L}/repositories/images`, "roles/artifactregistry.reader", reader);
  await pushImage("images/guarded", "g", "guarded");
  const path = `/v2/${PROJECT}/images/guarded/manifests/g`;
  const refused = await fetch(`${cloud.origin}${path}`, { method: "HEAD" });
  expect(refused.status).toBe(401);
  const [, realm] = /realm="([^"]+)"/.exec(String(refused.headers.get("www-authenticate"))) ?? [];
  const login = async (account: string) => {
    const basic = Buffer.from(`oauth2accesstoken:${cloud.token(account)}`).toString("base64");
    const answer = await fetch(`${realm}?scope=repository:x:pull`, { headers: { authorization: `Basic ${basic}` } });
    return ((await answer.json()) as { token: string }).token;
  };
  expect((await send("HEAD", path, undefined, {}, await login(reader))).status).toBe(200);
  expect((await send("HEAD", path, undefined, {}, await login(stranger))).status).toBe(403);
  const push = await send("POST", `/v2/${PROJECT}/images/guarded/blobs/uploads/`, undefined, {}, await login(reader));
  expect([push.status, await push.json()]).toMatchObject([
    403,
    { errors: [{ code: "DENIED", message: expect.stringContaining("uploadArtifacts") }] },
  ]);
});

test("skopeo pushes, inspects and pulls", async () => {
  const skopeo = await tool("skopeo").catch((error: Error) => error);
  if (skopeo instanceof Error) {
    process.stderr.write(`skipped, because skopeo cannot be had here: ${skopeo.message}\n`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), "oci-"));
  const [config, layer] = [
    Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: {},
        rootfs: { type: "layers", diff_ids: [digestOf(Buffer.alloc(1024))] },
      }),
    ),
    Buffer.alloc(1024),
  ];
  const manifest = manifestOf(config, layer);
  const blobs = join(folder, "image", "blobs", "sha256");
  mkdirSync(blobs, { recursive: true });
  for (const bytes of [config, layer, manifest]) writeFileSync(join(blobs, digestOf(bytes).slice(7)), bytes);
  writeFileSync(join(folder, "image", "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const descriptor = {
    mediaType: `${OCI}.manifest.v1+json`,
    digest: digestOf(manifest),
    size: manifest.length,
    annotations: { "org.opencontainers.image.ref.name": "t" },
  };
  writeFileSync(join(folder, "image", "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [descriptor] }));
  const policy = join(folder, "policy.json");
  writeFileSync(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
  const remote = `docker://${cloud.origin.replace("http://", "")}/${PROJECT}/images/skopeo/pushed:t`;
  const credentials = `oauth2accesstoken:${cloud.running.operatorToken}`;
  const common = ["--policy", policy, "copy", "--preserve-digests"];
  await run(skopeo.path, [
    ...common,
    "--dest-tls-verify=false",
    "--dest-creds",
    credentials,
    `oci:${folder}/image:t`,
    remote,
  ]);
  const inspected = await run(skopeo.path, ["inspect", "--tls-verify=false", "--creds", credentials, remote]);
  expect(JSON.parse(inspected.stdout)).toMatchObject({ Digest: digestOf(manifest), RepoTags: ["t"] });
  await run(skopeo.path, [
    ...common,
    "--src-tls-verify=false",
    "--src-creds",
    credentials,
    remote,
    `oci:${folder}/back:t`,
  ]);
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
}, 120_000);
