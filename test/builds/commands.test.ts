import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { storeRecord } from "../../builder/recentRecords.ts";
import { build } from "../../cli/commands/build.ts";
import { verify } from "../../cli/commands/verify.ts";
import { watch } from "../../cli/commands/watch.ts";
import { runCli } from "../../cli/run.ts";
import { setQuotaLimit } from "../../local/products/quotas.ts";
import { aRecord, keyOf } from "../builder/aRecord.ts";
import { allBuilds, builderOn } from "../builder/scene.ts";
import { type Bench, startBench } from "../cloud/onLocalCloud.ts";

jest.setTimeout(60_000);

let bench: Bench;
let folder: string;
let terminal: ReturnType<typeof recorder>;

/** Starts a local cloud with simulated builds, a catalogue of three tiers, and a file of settings. */
async function start(timeScale = 0): Promise<void> {
  bench = await startBench({ timeScale });
  folder = mkdtempSync(join(tmpdir(), "strata-build-"));
  image("base", "FROM scratch AS base\nCOPY base/file /file\n", { "base/file": "one" });
  image("middle", "FROM base:base AS middle\nCOPY middle/file /middle\n", { "middle/file": "two" });
  image("top", "FROM middle:middle AS top\nCOPY --from=base:base /file /again\n", {});
  const { settings } = builderOn(bench);
  write("settings.json", JSON.stringify(settings));
  terminal = recorder();
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

function image(name: string, dockerfile: string, files: Readonly<Record<string, string>>, more = ""): void {
  write(`catalogue/${name}/Dockerfile`, dockerfile);
  write(
    `catalogue/${name}/image.yaml`,
    `description: ${name}\nmachine: c3-standard-88\nexpectedMinutes: 10\n${more}verify:\n  - {run: [test, -e, /file], tier: build}\n`,
  );
  for (const [path, text] of Object.entries(files)) write(`catalogue/${path}`, text);
}

function recorder(isTTY = false) {
  const written = { out: "", err: "" };
  const writer = (stream: "out" | "err") => ({
    isTTY,
    columns: 100,
    write(text: string) {
      written[stream] += text;
    },
  });
  return {
    stdout: writer("out"),
    stderr: writer("err"),
    env: { ...bench.environment, DOCKER_CONFIG: folder, STRATA_SETTINGS: join(folder, "settings.json"), NO_COLOR: "1" },
    written,
  };
}

const catalogue = () => join(folder, "catalogue");
const options = (more: object = {}) => ({ catalogue: catalogue(), onFailure: "finish" as const, ...more });

afterEach(async () => {
  await bench.cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

test("strata build publishes parents before children; a second one submits nothing at all", async () => {
  await start();
  expect(await build([], options(), terminal, 10)).toBe(0);
  const { out } = terminal.written;
  expect(out).toContain("3 to build");
  expect(out.indexOf("base:base: published after")).toBeLessThan(out.indexOf("middle:middle: build "));
  expect(out).toContain("All 3 targets are published.");
  expect(await allBuilds(bench)).toHaveLength(3);

  const again = recorder();
  expect(await runCli(["build", "--catalogue", catalogue()], again)).toBe(0);
  expect(again.written.out).toContain("0 to build, 3 to reuse");
  expect(await allBuilds(bench)).toHaveLength(3);
});

test("what is named is built with what it is built on, and nothing else", async () => {
  await start();
  expect(await build(["middle"], options(), terminal, 10)).toBe(0);
  expect(terminal.written.out).not.toContain("top:top");
  expect(await allBuilds(bench)).toHaveLength(2);
});

test("--max-cost refuses before anything is submitted, and says what it would cost", async () => {
  await start();
  expect(await runCli(["build", "--catalogue", catalogue(), "--max-cost", "5"], terminal)).toBe(1);
  expect(terminal.written.err).toMatch(/costs more than --max-cost allows[\s\S]*about \$12\.80[\s\S]*\$5\.00 at most/);
  expect(await allBuilds(bench)).toEqual([]);
  expect(await runCli(["build", "base", "--catalogue", catalogue(), "--max-cost", "1"], terminal)).toBe(1);
  expect(terminal.written.err).toContain("the plan of 1 build costs more");
  expect(await runCli(["build", "--max-cost", "cheap"], terminal)).toBe(2);
});

test("a target that cannot be keyed is left out and ends the run with 1; asked for by name, nothing is built", async () => {
  await start();
  image("stray", "FROM nowhere.example/unpinned:1 AS stray\n", {});
  expect(await runCli(["build", "stray", "--catalogue", catalogue()], terminal)).toBe(1);
  expect(terminal.written.err).toMatch(/cannot be keyed, so nothing is built[\s\S]*stray:stray/);
  expect(await allBuilds(bench)).toEqual([]);
  terminal.written.err = "";
  expect(await build([], options(), terminal, 10)).toBe(1);
  expect(terminal.written.out).toContain("All 3 targets are published.");
  expect(terminal.written.err).toMatch(/^strata: not every target can be keyed\n {2}received: stray:stray\n/);
});

test("targets that wait for an open pin fail no run that did not name them, and its last line counts them", async () => {
  await start();
  image("waits", "FROM nowhere.example/open:1 AS waits\n", {});
  image("child", "FROM waits:waits AS child\n", {});
  write("catalogue/bases.lock.yaml", "images: { nowhere.example/open:1: { digest: unresolved } }\n");
  const lastLine = /\n2 targets are refused until their pins are resolved, see above\.\n$/;
  expect(await build([], options(), terminal, 10)).toBe(0);
  expect(terminal.written).toEqual({ out: expect.stringMatching(lastLine), err: "" });
  expect(terminal.written.out).toContain("All 3 targets are published.");

  const again = recorder();
  expect(await runCli(["build", "--catalogue", catalogue()], again)).toBe(0);
  expect(again.written).toEqual({ out: expect.stringMatching(lastLine), err: "" });

  for (const command of ["plan", "build"]) {
    const named = recorder();
    expect(await runCli([command, "child", "--catalogue", catalogue()], named)).toBe(1);
    expect(named.written.err).toMatch(/^strata: what was asked for cannot be keyed.*\n {2}received: child:child\n/);
    expect(await runCli([command, "middle", "--catalogue", catalogue()], recorder())).toBe(0);
  }
  expect(await runCli(["plan", "--catalogue", catalogue()], recorder())).toBe(0);
});

test("a plan counts with the machine that a pool has, whatever the catalogue names", async () => {
  await start();
  const place = "projects/proj-test/locations/us-east4/workerPools";
  const workerConfig = { machineType: "e2-standard-4", diskSizeGb: "100" };
  await bench.cloud.ok("POST", `/cloudbuild/v1/${place}?workerPoolId=small`, { privatePoolV1Config: { workerConfig } });
  const pools = { "c3-standard-88": `${place}/small` };
  write("settings.json", JSON.stringify({ ...builderOn(bench).settings, pools }));
  expect(await build(["base"], options(), terminal, 10)).toBe(0);
  expect(terminal.written.out).toMatch(/base:base +build .* e2-standard-4/);
});

test("where a target was built before, plan and build say what its last builds took, on the machine that it is built on", async () => {
  await start();
  const recordOfLast = (minutes: number, machine: string) =>
    storeRecord(bench.bucket, aRecord({ target: "base:base", key: keyOf(minutes), minutes, machine }));
  await recordOfLast(4, "c3-standard-88");
  await recordOfLast(6, "c3-standard-88");
  await recordOfLast(30, "c3-standard-176");
  const settings = ["--settings", join(folder, "settings.json"), "--catalogue", catalogue()];
  expect(await runCli(["plan", ...settings], terminal)).toBe(0);
  expect(terminal.written.out).toMatch(
    /base:base +build .* 5 min +\$2\.13 +c3-standard-88 +median of its last 2 builds/,
  );
  expect(terminal.written.out).toMatch(/middle:middle +build .* 10 min .*c3-standard-88\n/);
  terminal.written.out = "";
  expect(await runCli(["plan", ...settings, "--json"], terminal)).toBe(0);
  expect(JSON.parse(terminal.written.out).registry).toBe(builderOn(bench).settings.images);
  expect(await build(["base"], options(), terminal, 10)).toBe(0);
  expect(terminal.written.out).toMatch(/1 to build, 0 to reuse: 5 min until all is built/);
});

test("plan and build say why a published image is built again, by what its last build was made from", async () => {
  await start();
  expect(await build([], options(), terminal, 10)).toBe(0);
  expect(terminal.written.out).toContain("no earlier build is known");
  write("catalogue/middle/file", "another two");
  for (const run of [
    () => runCli(["plan", "--catalogue", catalogue()], terminal),
    () => build([], options(), terminal, 10),
  ]) {
    terminal.written.out = "";
    expect(await run()).toBe(0);
    expect(terminal.written.out).toContain("middle/file changed");
    expect(terminal.written.out).toContain("parent middle:middle will be rebuilt");
    expect(terminal.written.out).not.toContain("no earlier build is known");
  }
});

test("who may not look at pools and quotas gets a plan all the same, and is told; a build needs them", async () => {
  await start();
  bench.fault({ route: "*workerPools.get", kind: "status", status: 403 });
  bench.fault({ route: "*consumerQuotaMetrics*", kind: "status", status: 403 });
  expect(await runCli(["plan", "--catalogue", catalogue()], terminal)).toBe(0);
  expect(terminal.written.out).toMatch(/base:base +build .* 10 min .*c3-standard-88\n/);
  // The environment has said which repository is meant.
  expect(terminal.written.out).not.toContain("is that the repository");
  expect(terminal.written.err).toMatch(/planned without what may not be read: .*read the pool/);
  expect(terminal.written.err).toMatch(/planned without what may not be read: .*read the quota/);
  bench.fault({ route: "GET /storage/*last.json", kind: "status", status: 403 });
  expect(await runCli(["plan", "--catalogue", catalogue()], terminal)).toBe(0);
  expect(terminal.written.err.match(/read from the bucket builds/g)).toHaveLength(1);
  expect(await runCli(["build", "--catalogue", catalogue()], terminal)).toBe(1);
  expect(await allBuilds(bench)).toEqual([]);
});

test("an option says what a plan asks, before the variable does", async () => {
  await start();
  terminal.env = { ...terminal.env, STRATA_SETTINGS: join(folder, "nowhere.json") };
  expect(await runCli(["plan", "--catalogue", catalogue()], terminal)).toBe(1);
  expect(terminal.written.err).toContain("nowhere.json");
  terminal.written.err = "";
  await runCli(["plan", "--catalogue", catalogue(), "--registry", "127.0.0.1:1/nobody"], terminal);
  expect(terminal.written.err).toContain("127.0.0.1:1");
  expect(terminal.written.err).not.toContain("nowhere.json");
});

test("a quota that cannot fit the machine is an error with its name and the number to ask for, and no build", async () => {
  await start();
  const { documents } = bench.cloud.running.cloud;
  setQuotaLimit(documents, "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus", 4);
  expect(await runCli(["build", "--catalogue", catalogue()], terminal)).toBe(1);
  expect(terminal.written.err).toMatch(/concurrent_private_pool_c3_build_cpus[\s\S]*88 vCPUs/);
  expect(await allBuilds(bench)).toEqual([]);
});

test("a failure takes its descendants with it; the exit code and the last line say so", async () => {
  await start();
  // Somebody has taken the repository's writer role away from the builds.
  bench.cloud.running.cloud.documents.put("policy", "projects/proj-test", { bindings: [] });
  expect(await build([], options(), terminal, 10)).toBe(1);
  expect(terminal.written.out).toContain("FAILED: base:base; not built because of that: middle:middle, top:top");
});

test("Ctrl-C once leaves the builds running and says how to come back; strata watch follows to the end", async () => {
  await start(400);
  const running = build([], options(), terminal, 50);
  await until(() => terminal.written.out.includes("base:base: building"));
  process.emit("SIGINT");
  expect(await running).toBe(4);
  const [, id = ""] = /To come back: strata watch (\S+)/.exec(terminal.written.out) ?? [];
  expect((await allBuilds(bench)).map(({ status }) => status)).toEqual(["WORKING"]);

  const other = recorder();
  expect(await watch(id, {}, other, 50)).toBe(0);
  expect(other.written.out).toContain(`${id}: 95 % simulated`);
  expect(other.written.out).toContain(`${id}: succeeded`);
});

test.each(["x", "00000000-0000-0000-0000-000000000000", "../builds"])(
  "strata watch %s: a build that is not there is told with what is allowed and the fix",
  async (id) => {
    await start();
    expect(await runCli(["watch", id], terminal)).toBe(1);
    expect(terminal.written.err).toMatch(
      /^strata: there is no such build in this environment\n {2}received: \S+\n {2}allowed: .*\n {2}fix: .*\n$/,
    );
    expect(terminal.written.err).toContain(`received: ${id}\n`);
  },
);

test("an answer of Google's that no command expects is a problem with the fix, and no trace", async () => {
  await start();
  bench.cloud.running.cloud.faults.add({ route: "cloudbuild.*.builds.get", kind: "status", status: 400 });
  expect(await runCli(["watch", "00000000-0000-0000-0000-000000000000"], terminal)).toBe(1);
  expect(terminal.written.err).toBe(
    "strata: Google Cloud answered 400\n  received: An injected fault\n" +
      "  fix:      `strata doctor` says what the environment lacks; `pulumi up` brings it up\n",
  );
});

test("Ctrl-C twice cancels the builds of this run", async () => {
  await start(60);
  const running = build([], options(), terminal, 300);
  await until(() => terminal.written.out.includes("base:base: building"));
  process.emit("SIGINT");
  process.emit("SIGINT");
  expect(await running).toBe(130);
  expect((await allBuilds(bench)).map(({ status }) => status)).toEqual(["CANCELLED"]);
});

test("on a terminal a run is drawn over itself: a bar, the marker, elapsed and remaining time, cost so far", async () => {
  await start(600);
  const live = recorder(true);
  expect(await build(["base"], options(), live, 20)).toBe(0);
  const drawn = live.written.out;
  expect(drawn).toMatch(/0 of 1 published · 1 building · \d+ s · \$\d\.\d\d so far/);
  expect(drawn).toMatch(/tier 0 {2}base:base {2}█{12}░{8} {2}60 % {2}.* left, \$\d\.\d\d {2}simulated/);
  expect(drawn).toContain("\x1b[2A\x1b[J");
  expect(drawn).toMatch(/base:base {2}published after \d+ s/);
});

test("strata verify runs the checks as steps in the published image, by digest, shows the log, and says where none ran", async () => {
  await start();
  expect(await runCli(["verify", "base", "--catalogue", catalogue()], terminal)).toBe(1);
  expect(terminal.written.err).toContain("base:base is not published under the key that it has here");
  await build(["base"], options(), terminal, 10);
  expect(await verify("base", { catalogue: catalogue() }, terminal, 10)).toBe(0);
  expect(terminal.written.out).toMatch(/simulated [\d.:]+\/proj-test\/images\/base\/base@sha256:[0-9a-f]{64}/);
  expect(terminal.written.out).toMatch(/\nbase:base: simulated, so none of its checks ran\n$/);
});

test("the three commands need settings, and say where to get them", async () => {
  await start();
  const bare = { ...terminal, env: { ...bench.environment } };
  for (const words of [["build"], ["watch", "id"], ["verify", "base"]]) {
    expect(await runCli(words, bare)).toBe(1);
  }
  expect(terminal.written.err).toContain("pulumi stack output build --json");
  expect(terminal.written.err).not.toContain("strata build");
  expect(readFileSync(join(folder, "settings.json"), "utf8")).toContain("pools");
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
