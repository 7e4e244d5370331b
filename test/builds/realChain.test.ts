import { execFile } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { recentRecords } from "../../builder/recentRecords.ts";
import type { BuildSettings } from "../../builder/settings.ts";
import { build } from "../../cli/commands/build.ts";
import { onStandardError } from "../../toolbox/tool.ts";
import { makeCatalogue } from "../../tour/re2/catalogue.ts";
import { allBuilds, builderOn } from "../builder/scene.ts";
import { type Bench, BUCKET, REGION, startBench } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";

jest.setTimeout(600_000);

const run = promisify(execFile);
const reason =
  process.getuid?.() !== 0
    ? "BuildKit needs root"
    : process.env.STRATA_LONG_TESTS === "1"
      ? undefined
      : "takes minutes; STRATA_LONG_TESTS=1 runs it";
const onMachine = reason === undefined ? describe : describe.skip;
/** RE2's files to compile. */
const sources = 21;
const targets = ["re2-base:devel", "re2-base:runtime", "matcher:matcher", "patterns:patterns", "app:app"];

onMachine(`a real chain of four tiers${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let bench: Bench;
  let folder: string;
  let settings: BuildSettings;
  const catalogue = () => join(folder, "catalogue");

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "strata-chain-"));
    bench = await startBench({ worker: "buildkit" });
    const { cloud } = bench;
    const host = cloud.origin.replace("http://", "");
    const place = `projects/${PROJECT}/locations/${REGION}`;
    const docker = { format: "DOCKER" };
    for (const id of ["bases", "layers", "layers2", "images2"]) {
      await cloud.ok("POST", `/artifactregistry/v1/${place}/repositories?repository_id=${id}`, docker);
    }
    const workerConfig = { machineType: "e2-standard-2", diskSizeGb: "100" };
    await cloud.ok("POST", `/cloudbuild/v1/${place}/workerPools?workerPoolId=small`, {
      privatePoolV1Config: { workerConfig },
    });
    await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, { name: "compiles", location: "US-EAST4" });
    settings = {
      ...builderOn(bench).settings,
      layers: `${host}/${PROJECT}/layers`,
      compilerCache: "compiles",
      pools: { "e2-standard-2": `${place}/workerPools/small` },
      tool: "strata",
    };
    const token = cloud.running.operatorToken;
    await makeCatalogue(catalogue(), { origin: cloud.origin, repository: `${PROJECT}/bases`, token }, onStandardError);
  });

  afterAll(async () => {
    await bench?.cloud.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function edit(path: string, change: (text: string) => string, root = catalogue()): Promise<void> {
    const file = join(root, path);
    await writeFile(file, change(await readFile(file, "utf8")));
  }

  /** `strata build`: what it printed, which targets it published, how it ended. */
  async function strata(root = catalogue(), other: BuildSettings = settings, jobs?: number) {
    let out = "";
    const stream = {
      write(text: string) {
        out += text;
      },
    };
    const file = join(folder, "settings.json");
    await writeFile(file, JSON.stringify(other));
    const env = { ...bench.environment, DOCKER_CONFIG: folder, STRATA_SETTINGS: file };
    const options = { catalogue: root, onFailure: "finish" as const, ...(jobs !== undefined && { jobs }) };
    const code = await build([], options, { stdout: stream, stderr: stream, env }, 200);
    const built = [...out.matchAll(/^(\S+): published after/gm)].flatMap(([, name]) => name ?? []);
    return { out, code, built };
  }

  async function digests(images: string): Promise<Record<string, string>> {
    const { registry } = builderOn(bench).services;
    const { stdout } = await run("node", ["cli/strata.mjs", "plan", "--json", "--catalogue", catalogue()]);
    const { targets: planned }: { targets: { target: string; key: string }[] } = JSON.parse(stdout);
    const found = planned.map(async ({ target, key }) => {
      const digest = await registry.digestOf(`${images}/${target.replace(":", "/")}:${key}`);
      return [target, digest ?? "absent"] as const;
    });
    return Object.fromEntries(await Promise.all(found));
  }

  let first: Record<string, string>;

  test("the first build publishes every target, verified, its parents before it", async () => {
    const { code, built, out } = await strata();
    if (code !== 0) throw new Error(`${out}\n${await lastLog()}`);
    expect(built.sort()).toEqual([...targets].sort());
    first = await digests(settings.images);
    expect(Object.values(first)).not.toContain("absent");
    expect(out).toMatch(/re2-base:(devel|runtime): 90 % RE2 compiled \(Ruby\)/);
  });

  test("each source is compiled once: the target that is built second takes the compiled stage from the first", async () => {
    expect(await compiles()).toEqual([{ hits: 0, fromStore: 0, misses: sources, uncacheable: 0 }]);
  });

  test.each<[string, () => Promise<void>]>([
    ["nothing changed", async () => {}],
    ["a comment was edited", () => edit("matcher/Dockerfile", (text) => `# Another comment.\n${text}`)],
    ["a file that nobody reads was added", () => writeFile(join(catalogue(), "notes.txt"), "notes")],
  ])("%s: nothing is submitted", async (_, change) => {
    await change();
    const before = await allBuilds(bench);
    const { code, built } = await strata();
    expect({ code, built }).toEqual({ code: 0, built: [] });
    expect(await allBuilds(bench)).toHaveLength(before.length);
  });

  test("another number of jobs, and a second clone with another umask and other times: nothing is submitted", async () => {
    const before = await allBuilds(bench);
    expect((await strata(catalogue(), settings, 1)).built).toEqual([]);
    const clone = join(folder, "clone");
    await cp(catalogue(), clone, { recursive: true });
    await chmod(join(clone, "matcher/matcher.cc"), 0o600);
    await chmod(join(clone, "matcher"), 0o700);
    await utimes(join(clone, "patterns/patterns.txt"), new Date(1e12), new Date(1e12));
    expect((await strata(clone)).built).toEqual([]);
    expect(await allBuilds(bench)).toHaveLength(before.length);
  });

  test("the same keys built once more, on other machines with other repositories, have the same layers", async () => {
    const host = bench.cloud.origin.replace("http://", "");
    const other = { ...settings, images: `${host}/${PROJECT}/images2`, layers: `${host}/${PROJECT}/layers2` };
    expect((await strata(catalogue(), other)).built.sort()).toEqual([...targets].sort());
    const second = await digests(other.images);
    for (const target of targets) {
      expect([target, await layersOf(other.images, target, second)]).toEqual([
        target,
        await layersOf(settings.images, target, first),
      ]);
    }
    // What the first build compiled was kept in the bucket, and answered every compile of the second.
    expect(await compiles()).toEqual([{ hits: sources, fromStore: sources, misses: 0, uncacheable: 0 }]);
  });

  test("a build with an edited source compiles that one, and has the others from the bucket", async () => {
    await edit("vendor/re2/set.cc", (text) => `${text}\nstatic const int edited __attribute__((used)) = 1;\n`);
    const { code, out } = await strata();
    if (code !== 0) throw new Error(`${out}\n${await lastLog()}`);
    const others = sources - 1;
    expect(await compiles()).toEqual([{ hits: others, fromStore: others, misses: 1, uncacheable: 0 }]);
  });

  test("an edit of tier 2 builds tiers 2 and 3 only", async () => {
    await edit("patterns/patterns.txt", (text) => `${text}[a-z]+\n`);
    const { code, built } = await strata();
    expect({ code, built }).toEqual({ code: 0, built: ["patterns:patterns", "app:app"] });
  });

  test("a verification that fails publishes no tag, and says which check, with the last lines of its log", async () => {
    await edit("app/image.yaml", (text) => text.replace('"app:app"', '"no target"'));
    await edit("app/Dockerfile", (text) => `${text}LABEL another=build\n`);
    const { code, built, out } = await strata();
    expect({ code, built }).toEqual({ code: 1, built: [] });
    expect(out).toMatch(/FAILED: the build of app:app ended as FAILURE[\s\S]*no target/);
    expect((await digests(settings.images))["app:app"]).toBe("absent");
  });

  /** How RE2's compiles went, by the last record of each target that they are a step of; none where it made none. */
  async function compiles(): Promise<readonly object[]> {
    const of = ["re2-base:devel", "re2-base:runtime"].map((target) => recentRecords(bench.bucket, target));
    return (await Promise.all(of)).flatMap(([last]) => last?.compilerCache?.compiles?.cAndCxx ?? []);
  }

  async function layersOf(images: string, target: string, known: Record<string, string>): Promise<readonly string[]> {
    const { registry } = builderOn(bench).services;
    const repository = `${images}/${target.replace(":", "/")}`;
    const index = await read(`${repository}@${known[target]}`);
    const own = index.manifests?.find(({ platform }) => platform?.os === "linux");
    const { layers = [] } = own === undefined ? index : await read(`${repository}@${own.digest}`);
    return layers.map(({ digest }) => digest);

    async function read(reference: string): Promise<Manifest> {
      const manifest = await registry.manifestOf(reference);
      return JSON.parse(Buffer.from(manifest?.bytes ?? []).toString("utf8"));
    }
  }

  async function lastLog(): Promise<string> {
    const logs = await bench.bucket.list("logs/");
    const texts = logs.map(async (name) => {
      const bytes = await bench.bucket.readFrom(name, 0);
      return `${BUCKET}/${name}\n${Buffer.from(bytes).toString("utf8").split("\n").slice(-40).join("\n")}`;
    });
    return (await Promise.all(texts)).join("\n");
  }
});

interface Manifest {
  readonly manifests?: readonly { readonly digest: string; readonly platform?: { readonly os?: string } }[];
  readonly layers?: readonly { readonly digest: string }[];
}
