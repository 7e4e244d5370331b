import { createHash } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const REPOSITORIES = `/artifactregistry/v1/projects/${PROJECT}/locations/us-east4/repositories`;
const TYPE = "application/vnd.oci.image.manifest.v1+json";

const digestOf = (text: string) => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const layer = "a layer";
const config = "{}";
const part = (text: string) => ({ mediaType: "x", digest: digestOf(text), size: text.length });
const manifest = JSON.stringify({ schemaVersion: 2, mediaType: TYPE, config: part(config), layers: [part(layer)] });

let cloud: TestCloud;
let upstream: Server;
let mirror: string;
/** What the upstream was asked for. */
const asked: string[] = [];
/** What it has, by path. */
const content = new Map<string, string>();

beforeAll(async () => {
  upstream = createServer((request, response) => {
    asked.push(request.url ?? "");
    const body = content.get(request.url ?? "");
    response.writeHead(body === undefined ? 404 : 200, { "Content-Type": TYPE }).end(body);
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const { port } = upstream.address() as AddressInfo;
  cloud = await startTestCloud();
  await cloud.ok("POST", `${REPOSITORIES}?repositoryId=mirror`, {
    format: "DOCKER",
    mode: "REMOTE_REPOSITORY",
    remoteRepositoryConfig: { commonRepository: { uri: `https://127.0.0.1:${port}/team` } },
  });
  mirror = `${cloud.origin}/v2/${PROJECT}/mirror/base`;
});

beforeEach(() => {
  asked.length = 0;
  content.clear();
  for (const reference of ["1", digestOf(manifest)]) content.set(`/v2/team/base/manifests/${reference}`, manifest);
  for (const blob of [config, layer]) content.set(`/v2/team/base/blobs/${digestOf(blob)}`, blob);
});

afterAll(async () => {
  await cloud.close();
  await new Promise((resolve) => upstream.close(resolve));
});

const pull = (path: string) =>
  fetch(`${mirror}/${path}`, { headers: { authorization: `Bearer ${cloud.running.operatorToken}` } });

test("a remote repository gives what its upstream has, and still does when the upstream is gone", async () => {
  for (let time = 0; time < 2; time++) {
    const found = await pull(`manifests/${digestOf(manifest)}`);
    expect([found.status, found.headers.get("content-type"), await found.text()]).toEqual([200, TYPE, manifest]);
    expect(await (await pull(`blobs/${digestOf(layer)}`)).text()).toBe(layer);
    content.clear();
  }
  expect(asked).toEqual([`/v2/team/base/manifests/${digestOf(manifest)}`, `/v2/team/base/blobs/${digestOf(layer)}`]);
});

test("a tag is looked up each time, because it may have moved", async () => {
  expect((await pull("manifests/1")).headers.get("docker-content-digest")).toBe(digestOf(manifest));
  const moved = manifest.replace("2,", "2 ,");
  content.set("/v2/team/base/manifests/1", moved);
  expect((await pull("manifests/1")).headers.get("docker-content-digest")).toBe(digestOf(moved));
});

test("what the upstream does not have is absent, and what is not what it should be is not kept", async () => {
  expect((await pull("manifests/none")).status).toBe(404);
  expect((await pull(`blobs/${digestOf("none")}`)).status).toBe(404);
  content.set(`/v2/team/base/blobs/${digestOf("other")}`, "poisoned");
  expect((await pull(`blobs/${digestOf("other")}`)).status).toBe(503);
  content.set(`/v2/team/base/blobs/${digestOf("other")}`, "other");
  expect(await (await pull(`blobs/${digestOf("other")}`)).text()).toBe("other");
});

test("nothing is pushed to a remote repository", async () => {
  const headers = { authorization: `Bearer ${cloud.running.operatorToken}` };
  expect((await fetch(`${mirror}/blobs/uploads/`, { method: "POST", headers })).status).toBe(400);
});
