import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Buildkitd, startBuildkitd } from "../../toolbox/buildkitd.ts";
import { type Tool, tool } from "../../toolbox/tool.ts";
import { PROJECT, startTestCloud, type TestCloud } from "./testCloud.ts";

const run = promisify(execFile);
const L = `projects/${PROJECT}/locations/us-east4`;

/** BuildKit, or why it cannot be had here. */
let buildkit: { readonly daemon: Buildkitd; readonly buildctl: Tool } | Error;
let cloud: TestCloud;
let folder: string;

beforeAll(async () => {
  cloud = await startTestCloud();
  folder = mkdtempSync(join(tmpdir(), "buildkit-push-"));
  for (const repositoryId of ["images", "cache"]) {
    const immutable = repositoryId === "images" && { dockerConfig: { immutableTags: true } };
    await cloud.ok("POST", `/artifactregistry/v1/${L}/repositories?repositoryId=${repositoryId}`, {
      format: "DOCKER",
      ...immutable,
    });
  }
  try {
    const [buildkitd, runc, buildctl] = [await tool("buildkitd"), await tool("runc"), await tool("buildctl")];
    buildkit = { daemon: await startBuildkitd({ buildkitd, runc }), buildctl };
  } catch (error) {
    buildkit = error as Error;
    process.stderr.write(`skipped, because BuildKit cannot be had here: ${buildkit.message}\n`);
  }
}, 600_000);

afterAll(async () => {
  if (!(buildkit instanceof Error)) await buildkit.daemon.stop();
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Builds a Dockerfile and pushes it as an account. */
function build(dockerfile: string, account: string, ...words: string[]) {
  if (buildkit instanceof Error) throw buildkit;
  writeFileSync(join(folder, "Dockerfile"), dockerfile);
  const auth = Buffer.from(`oauth2accesstoken:${cloud.token(account)}`).toString("base64");
  writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [host()]: { auth } } }));
  const sources = ["--local", `context=${folder}`, "--local", `dockerfile=${folder}`];
  const command = ["--addr", buildkit.daemon.address, "build", "--frontend", "dockerfile.v0", ...sources, ...words];
  return run(buildkit.buildctl.path, command, { env: { ...process.env, DOCKER_CONFIG: folder } });
}

const host = () => cloud.origin.replace("http://", "");
const push = (name: string) => [
  "--output",
  `type=image,name=${host()}/${PROJECT}/${name},push=true,registry.insecure=true`,
];

test("BuildKit pushes an image with attestations and a layer cache, and builds on it by digest", async () => {
  if (buildkit instanceof Error) return;
  const writer = await cloud.account("buildkit-writer");
  for (const repository of ["images", "cache"])
    cloud.grant(`${L}/repositories/${repository}`, "roles/artifactregistry.writer", writer);
  const cache = `type=registry,ref=${host()}/${PROJECT}/cache/base:layers,mode=max,image-manifest=true,oci-mediatypes=true,registry.insecure=true`;
  const attest = ["--opt", "attest:provenance=mode=max"];
  await build(
    "FROM scratch\nCOPY Dockerfile /one\n",
    writer,
    ...push("images/base:k1"),
    ...attest,
    "--export-cache",
    cache,
  );
  const tag = await cloud.ok("GET", `/artifactregistry/v1/${L}/repositories/images/packages/base/tags/k1`);
  const digest = String(tag.version).split("/").at(-1);
  await build(
    `FROM ${host()}/${PROJECT}/images/base@${digest}\nCOPY Dockerfile /two\n`,
    writer,
    ...push("images/child:k1"),
  );
  await cloud.ok("GET", `/artifactregistry/v1/${L}/repositories/images/packages/child/tags/k1`);
  await cloud.ok("GET", `/artifactregistry/v1/${L}/repositories/cache/packages/base/tags/layers`);
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused || entry.status >= 500)).toEqual([]);
}, 120_000);

test("BuildKit is told by the registry why a push is refused", async () => {
  if (buildkit instanceof Error) return;
  const reader = await cloud.account("buildkit-reader");
  cloud.grant(`${L}/repositories/images`, "roles/artifactregistry.reader", reader);
  const refused = build("FROM scratch\nCOPY Dockerfile /three\n", reader, ...push("images/refused:k1"));
  await expect(refused).rejects.toThrow(/denied: Permission .*uploadArtifacts/);
}, 120_000);
