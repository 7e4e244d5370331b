import { viewOfBuilds } from "../../local/buildsView.ts";
import { builderOn, closeBench, targetOf } from "../builder/scene.ts";
import { type Bench, startBench } from "../cloud/onLocalCloud.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench({ timeScale: 600 });
});
afterAll(() => closeBench(bench));

test("the builds of a local cloud are shown as a chain: parents, states, logs, records", async () => {
  const { cloud } = bench.cloud.running;
  expect((await viewOfBuilds(cloud)).targets).toEqual([]);

  const builder = builderOn(bench);
  const base = targetOf(builder, "base:runtime");
  const { digest } = await builder.ensure(base);
  const repository = base.reference.slice(0, base.reference.lastIndexOf(":"));
  const app = { ...targetOf(builder, "app:runtime"), images: { "base:runtime": `${repository}@${digest}` } };
  const building = builder.ensure(app);
  await until(async () => (await viewOfBuilds(cloud)).targets.some(({ state }) => state === "building"));
  const during = await viewOfBuilds(cloud);
  expect(during.simulated).toBe(true);
  expect(during.run).toMatchObject({ over: false, published: 1, toPublish: 2 });
  await building;

  const { targets, run } = await viewOfBuilds(cloud);
  expect(run).toMatchObject({ over: true, published: 2 });
  expect(targets.map(({ target, tier, parents, state }) => ({ target, tier, parents, state }))).toEqual([
    { target: "base:runtime", tier: 0, parents: [], state: "published" },
    { target: "app:runtime", tier: 1, parents: ["base:runtime"], state: "published" },
  ]);
  expect(targets[1]?.log.join("\n")).toContain("simulated: no step runs");
  expect(targets[1]?.history).toMatchObject([{ key: app.key, simulated: true, minutes: 3 }]);
});

test("images that changed places between two builds are shown", async () => {
  const { cloud } = bench.cloud.running;
  const builder = builderOn(bench);
  const app = targetOf(builder, "app:runtime");
  const repository = app.reference.slice(0, app.reference.lastIndexOf(":"));
  const base = targetOf(builder, "base:runtime", "changed places");
  await builder.ensure({ ...base, images: { "app:runtime": `${repository}@sha256:${"a".repeat(64)}` } });
  const { targets } = await viewOfBuilds(cloud);
  expect(targets.map(({ target }) => target).sort()).toEqual(["app:runtime", "base:runtime"]);
});

test("a build that failed says so", async () => {
  const { cloud } = bench.cloud.running;
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime", "another");
  const { id } = await cancelled(builder.ensure(target));
  const one = (await viewOfBuilds(cloud)).targets.find((other) => other.target === "base:runtime");
  expect(one).toMatchObject({ state: "failed", build: { id }, reasons: [expect.stringContaining("CANCELLED")] });
});

test("targets of an image count one after the other where they were built so, as in the plan, and side by side where not", async () => {
  const { cloud } = bench.cloud.running;
  const builder = builderOn(bench);
  const reasonsOf = async (...targets: readonly string[]) => {
    const view = await viewOfBuilds(cloud);
    return view.targets.filter(({ target }) => targets.includes(target)).map(({ reasons }) => reasons);
  };
  const pair = ["pair:runtime", "pair:devel"].map((name) => ({ ...targetOf(builder, name), expectedMinutes: 4 }));
  for (const target of pair) await builder.ensure(target);
  expect(await reasonsOf("pair:runtime", "pair:devel")).toEqual([
    [],
    ["built after pair:runtime, whose layers it shares"],
  ]);
  expect((await viewOfBuilds(cloud)).expected.makespan).toBe(8);

  const long = ["twins:runtime", "twins:devel"].map((name) => ({ ...targetOf(builder, name), expectedMinutes: 600 }));
  const building = long.map((target) => builder.ensure(target).catch(() => undefined));
  const twins = async () =>
    (await viewOfBuilds(cloud)).targets.filter(({ target, state }) => /^twins/.test(target) && state === "building");
  await until(async () => (await twins()).length === 2);
  expect(await reasonsOf("twins:runtime", "twins:devel")).toEqual([[], []]);
  for (const { build } of await twins()) await bench.builds.cancel(build?.id ?? "");
  await Promise.all(building);
});

/** Cancels the build that a promise waits for. */
async function cancelled(building: Promise<unknown>): Promise<{ readonly id: string }> {
  const ended = building.catch(() => undefined);
  const { cloud } = bench.cloud.running;
  let id: string | undefined;
  await until(async () => {
    const found = (await viewOfBuilds(cloud)).targets.find(({ state }) => state === "building");
    id = found?.build?.id;
    return id !== undefined;
  });
  await bench.builds.cancel(id ?? "");
  await ended;
  return { id: id ?? "" };
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 10))) {
    if (await holds()) return;
  }
  throw new Error("it did not become so");
}
