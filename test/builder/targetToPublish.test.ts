import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILDKIT_IMAGE } from "../../builder/buildkit.ts";
import { decodeJob } from "../../builder/job.ts";
import { buildRequest } from "../../builder/request.ts";
import { targetToPublish } from "../../builder/targetToPublish.ts";
import { bakeFile } from "../../chain/bake.ts";
import { readCatalogue } from "../../chain/catalogue.ts";
import { readChain } from "../../chain/chain.ts";
import { collectChain } from "../../chain/collect.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { resolveGraph } from "../../chain/graph.ts";
import { planChain } from "../../chain/plan.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const images = "us-east4-docker.pkg.dev/project/images";
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "strata-catalogue-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(folder, name, ".."), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

/** A chain of two images; the lower one has a hint, a check and a base from outside. */
async function chainOfTwo() {
  await write({
    "bases.lock.yaml": `nvidia/cuda:12.4.1-devel: ${digest("b")}\n`,
    "torch/Dockerfile": "FROM nvidia/cuda:12.4.1-devel AS devel\nARG MAX_JOBS\nCOPY torch/build.sh /\nRUN /build.sh\n",
    "torch/image.yaml":
      "description: torch\nmachine: c3-standard-176\nexpectedMinutes: 25\npeakGbPerJob: 5.3\nhints: [MAX_JOBS, COMPILER_CACHE_URL]\nverify:\n  - {run: [python3, check.py], tier: build}\n  - {run: [python3, gpu.py], tier: gpu}\n",
    "torch/build.sh": "make\n",
    "torch/unread.txt": "nobody reads this\n",
    "app/Dockerfile": "FROM torch:devel AS main\nRUN true\n",
    "app/image.yaml": "description: app\nmachine: c3-standard-176\nexpectedMinutes: 2\n",
  });
  const catalogue = readCatalogue(workTree(folder));
  const graph = resolveGraph(catalogue);
  const chain = await collectChain(catalogue, graph);
  const exists = new Map([...chain.targets.keys()].map((name) => [name, false]));
  const plan = planChain(graph, chain, { exists });
  const planned = (name: string) => {
    const found = plan.targets.find(({ target }) => target === name);
    if (found === undefined) throw new Error(`no ${name} in the plan`);
    return found;
  };
  return { all: { catalogue, graph, chain }, planned };
}

const settings = {
  project: "project",
  region: "us-east4",
  images,
  layers: "us-east4-docker.pkg.dev/project/layers",
  store: "builds",
  compilerCache: "ccache",
  serviceAccount: "projects/project/serviceAccounts/publisher@project.iam.gserviceaccount.com",
  pools: { "c3-standard-176": "projects/project/locations/us-east4/workerPools/big" },
  tool: "tool",
};

const uploaded = { context: "c".repeat(64), dockerfile: "d".repeat(64) };

function jobIn(request: ReturnType<typeof buildRequest>) {
  const line = (request.options.env ?? []).find((one) => one.startsWith("STRATA_JOB=")) ?? "";
  return decodeJob(line.slice("STRATA_JOB=".length));
}

test("bases and parents are pinned by digest under the names that the Dockerfile uses", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  expect(torch.images).toEqual({ "nvidia/cuda:12.4.1-devel": `docker.io/nvidia/cuda@${digest("b")}` });
  const app = targetToPublish(planned("app:main"), all, new Map([["torch:devel", digest("c")]]), images);
  expect(app.images).toEqual({ "torch:devel": `${images}/torch/devel@${digest("c")}` });
  expect(() => targetToPublish(planned("app:main"), all, new Map(), images)).toThrow(
    /its parent is not in the registry/,
  );
});

test("a build pulls what is Docker Hub's through the environment's mirror, by the same digest and for the same key", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  const dockerHub = "us-east4-docker.pkg.dev/project/dockerhub";
  const target = {
    ...torch,
    images: {
      ...torch.images,
      "debian:12": `docker.io/library/debian@${digest("d")}`,
      "ghcr.io/a/b:1": `ghcr.io/a/b@${digest("e")}`,
      "torch:devel": `${images}/torch/devel@${digest("c")}`,
    },
  };
  const sbomScanner = `docker.io/docker/buildkit-syft-scanner@${digest("f")}`;
  const job = jobIn(buildRequest(target, uploaded, { ...settings, sbomScanner, dockerHub }));
  expect(job.images).toEqual({
    "nvidia/cuda:12.4.1-devel": `${dockerHub}/nvidia/cuda@${digest("b")}`,
    "debian:12": `${dockerHub}/library/debian@${digest("d")}`,
    "ghcr.io/a/b:1": `ghcr.io/a/b@${digest("e")}`,
    "torch:devel": `${images}/torch/devel@${digest("c")}`,
  });
  expect(job.sbomScanner).toBe(`${dockerHub}/docker/buildkit-syft-scanner@${digest("f")}`);
  expect(job.buildkit).toBe(`${dockerHub}/moby/buildkit:${BUILDKIT_IMAGE.split(":")[1]}`);
  const direct = jobIn(buildRequest(target, uploaded, { ...settings, sbomScanner }));
  expect(direct).toMatchObject({ images: target.images, sbomScanner, buildkit: BUILDKIT_IMAGE, key: job.key });
});

test("an environment's own BuildKit takes the place of the one that strata names", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  const buildkit = `us-docker.pkg.dev/project/tools/buildkit@${digest("a")}`;
  expect(jobIn(buildRequest(torch, uploaded, { ...settings, buildkit })).buildkit).toBe(buildkit);
});

test("jobs follow from the machine and the memory of a job, and reach the build as a hint, outside the key", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  expect(torch.hints).toEqual({ MAX_JOBS: "112" });
  const fewer = targetToPublish({ ...planned("torch:devel"), jobs: 4 }, all, new Map(), images);
  expect([fewer.hints.MAX_JOBS, fewer.key]).toEqual(["4", torch.key]);
});

test("only an image that takes the compiler cache's address gets a cache, and only build checks run in the build", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  const job = jobIn(buildRequest(torch, uploaded, settings));
  expect(job.compilerCache).toMatch(/^gs:\/\/ccache\/cuda-12\.4\.1\//);
  expect(job.checks.map(({ run }) => run)).toEqual([["python3", "check.py"]]);
  const app = targetToPublish(planned("app:main"), all, new Map([["torch:devel", digest("c")]]), images);
  expect(jobIn(buildRequest(app, uploaded, settings)).compilerCache).toBeUndefined();
});

test("the context holds exactly what the target reads", async () => {
  const { all, planned } = await chainOfTwo();
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  const archive = join(folder, "context.tar");
  await torch.pack(archive);
  const names = execFileSync("tar", ["-tf", archive]).toString().trim().split("\n");
  expect(names.filter((name) => !name.endsWith("/"))).toEqual(["torch/build.sh"]);
  expect(Buffer.from(torch.dockerfile).toString()).toContain("FROM nvidia/cuda");
});

test("a Dockerfile that is edited after the plan is built as it was planned", async () => {
  const { all, planned } = await chainOfTwo();
  await write({ "torch/Dockerfile": "FROM nvidia/cuda:12.4.1-devel AS devel\nRUN something else\n" });
  const torch = targetToPublish(planned("torch:devel"), all, new Map(), images);
  expect(Buffer.from(torch.dockerfile).toString()).toContain("COPY torch/build.sh /");
});

test("the image of a syntax line is pinned by the digest that is in the key", async () => {
  await write({
    "bases.lock.yaml": `docker/dockerfile:1: ${digest("b")}\n`,
    "app/Dockerfile": "# syntax=docker/dockerfile:1\nFROM scratch AS main\nCOPY app/image.yaml /\n",
    "app/image.yaml": "description: app\nmachine: c3-standard-176\nexpectedMinutes: 2\n",
  });
  const all = await readChain(workTree(folder));
  const [planned] = planChain(all.graph, all.chain, { exists: new Map([["app:main", false]]) }).targets;
  if (planned === undefined) throw new Error("nothing is planned");
  const pin = `docker.io/docker/dockerfile@${digest("b")}`;
  expect(targetToPublish(planned, all, new Map(), images).images).toEqual({ "docker/dockerfile:1": pin });
  const baked = bakeFile(all.catalogue, all.graph, all.chain, folder).target.app_main;
  expect(baked?.contexts).toEqual({ "docker/dockerfile:1": `docker-image://${pin}` });
});
