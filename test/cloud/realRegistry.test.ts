import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import { pause } from "../../cloud/retry.ts";
import { tool } from "../../toolbox/tool.ts";
import { freePort } from "./freePort.ts";
import { digestOfText } from "./registryServer.ts";

jest.setTimeout(180_000);

const processes: ChildProcess[] = [];
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "strata-registry-"));
});

afterAll(async () => {
  for (const child of processes) child.kill();
  await rm(folder, { recursive: true });
});

/** Starts the reference implementation of the distribution protocol, with its storage in a folder. */
async function realRegistry(name: string): Promise<string> {
  const { path } = await tool("docker-registry");
  const host = `127.0.0.1:${await freePort()}`;
  const configuration = {
    version: 0.1,
    log: { level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, name) } },
    http: { addr: host },
  };
  const file = join(folder, `${name}.yml`);
  await writeFile(file, JSON.stringify(configuration));
  processes.push(spawn(path, ["serve", file], { stdio: "ignore" }));
  for (let tries = 0; tries < 100; tries++) {
    if (await fetch(`http://${host}/v2/`).catch(() => undefined)) return host;
    await pause(100);
  }
  throw new Error("the registry did not start");
}

async function put(url: string, type: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

/** Pushes an index with one image of one layer, the way docker does, and gives the index's digest. */
async function push(host: string, repository: string, tag: string, layer: string): Promise<string> {
  const base = `http://${host}/v2/${repository}`;
  const upload = async (text: string, mediaType: string) => {
    const start = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
    const location = new URL(start.headers.get("location") ?? "", base);
    location.searchParams.set("digest", digestOfText(text));
    await put(location.href, "application/octet-stream", text);
    return { mediaType, digest: digestOfText(text), size: Buffer.byteLength(text) };
  };
  const type = "application/vnd.docker.distribution.manifest.v2+json";
  const list = "application/vnd.docker.distribution.manifest.list.v2+json";
  const config = await upload(
    `{"architecture":"amd64","of":"${tag}"}`,
    "application/vnd.docker.container.image.v1+json",
  );
  const layers = [await upload(layer, "application/vnd.docker.image.rootfs.diff.tar.gzip")];
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: type, config, layers });
  await put(`${base}/manifests/${digestOfText(manifest)}`, type, manifest);
  const platform = { architecture: "amd64", os: "linux" };
  const child = { mediaType: type, digest: digestOfText(manifest), size: manifest.length, platform };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: list, manifests: [child] });
  await put(`${base}/manifests/${tag}`, list, index);
  return digestOfText(index);
}

test("docker-registry is asked, tagged and copied from by digest", async () => {
  const [dev, prod] = [await realRegistry("dev"), await realRegistry("prod")];
  const images = new OciRegistry();
  const digest = await push(dev, "team/base", "built", "layer ".repeat(2_000_000));

  expect(await images.digestOf(`${dev}/team/base:built`)).toBe(digest);
  expect(await images.digestOf(`${dev}/team/base:other`)).toBeUndefined();
  expect((await images.manifestOf(`${dev}/team/base:built`))?.digest).toBe(digest);

  await images.createTag(`${dev}/team/base@${digest}`, "key");
  expect(await images.digestOf(`${dev}/team/base:key`)).toBe(digest);

  await images.copy(`${dev}/team/base@${digest}`, `${dev}/scratch/base`);
  await images.copy(`${dev}/team/base@${digest}`, `${prod}/team/base`);
  for (const copy of [`${dev}/scratch/base`, `${prod}/team/base`]) {
    expect(await images.digestOf(`${copy}@${digest}`)).toBe(digest);
    expect(await images.digestOf(`${copy}:built`)).toBeUndefined();
    await images.createTag(`${copy}@${digest}`, "key");
    expect(await images.digestOf(`${copy}:key`)).toBe(digest);
  }
});
