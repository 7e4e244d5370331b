import type { BuildEvent } from "../../builder/events.ts";
import type { TargetToPublish } from "../../builder/job.ts";
import { type RunOptions, runPlan } from "../../builder/run.ts";
import type { Plan, PlannedTarget } from "../../chain/plan.ts";
import { type Bench, startBench } from "../cloud/onLocalCloud.ts";
import { allBuilds, type Builder, builderOn, closeBench, machine, targetOf } from "./scene.ts";

jest.setTimeout(60_000);

let bench: Bench;
let builder: Builder;

afterEach(() => closeBench(bench));

const c3 = "concurrent_private_pool_c3_build_cpus";

/**
 * A plan over `child: parents`; a name with `!` is published already, and its key follows from its name.
 * @param sizes machine and minutes of the targets that differ from the others
 */
function planOf(
  chain: Readonly<Record<string, readonly string[]>>,
  sizes: Readonly<Record<string, Partial<Pick<PlannedTarget, "machine" | "minutes">>>> = {},
): Plan {
  const targets = Object.entries(chain).map(
    ([name, parents]): PlannedTarget => ({
      target: name.replace("!", ""),
      tier: 0,
      parents,
      action: name.endsWith("!") ? "reuse" : "build",
      key: targetOf(builder, name.replace("!", "")).key,
      reasons: [],
      machine,
      jobs: 1,
      minutes: 3,
      dollars: 1,
      ...sizes[name],
    }),
  );
  const totals = { reuse: 0, build: 0, unknown: 0, refused: 0, minutes: 0, dollars: 0, makespan: 0 };
  return { targets, totals, criticalPath: [] };
}

/** Runs a plan; a target whose name holds `broken` fails. Gives the result and what was heard. */
async function run(plan: Plan, options: Partial<RunOptions> = {}) {
  const events: BuildEvent[] = [];
  const seenParents = new Map<string, readonly string[]>();
  const prepare = (planned: PlannedTarget, published: ReadonlyMap<string, string>): TargetToPublish => {
    seenParents.set(
      planned.target,
      planned.parents.map((parent) => published.get(parent) ?? "unknown"),
    );
    const target = targetOf(builder, planned.target);
    return planned.target.includes("broken") ? { ...target, reference: `${target.reference}!` } : target;
  };
  const result = await runPlan(plan, prepare, builder.services, builder.settings, (event) => void events.push(event), {
    pollMs: 20,
    onFailure: "finish",
    quotas: {},
    ...options,
  });
  return { result, events, seenParents };
}

const place = (events: readonly BuildEvent[], kind: BuildEvent["kind"], target: string) =>
  events.findIndex((event) => event.kind === kind && event.target === target);

test("children are built after their parents and are given their digests, reused ones as well", async () => {
  bench = await startBench({ timeScale: 600 });
  builder = builderOn(bench);
  const { digest } = await builder.ensure(targetOf(builder, "base:devel"));
  const plan = planOf({ "base:devel!": [], "ml:main": ["base:devel"], "app:main": ["ml:main", "base:devel"] });
  const { result, events, seenParents } = await run(plan);
  expect([...result.published.keys()].sort()).toEqual(["app:main", "base:devel", "ml:main"]);
  expect(seenParents.get("app:main")).toEqual([result.published.get("ml:main"), digest]);
  expect(place(events, "QUEUED", "app:main")).toBeGreaterThan(place(events, "PUBLISHED", "ml:main"));
  expect(await allBuilds(bench)).toHaveLength(3);
});

test("siblings are built side by side, and no more of them than the quota allows", async () => {
  bench = await startBench({ timeScale: 300 });
  builder = builderOn(bench);
  const plan = planOf({ "a:x": [], "b:x": [], "c:x": [], "d:x": [] });
  const mostAtOnce = (events: readonly BuildEvent[]) => {
    let [now, most] = [0, 0];
    for (const { kind } of events) {
      if (kind === "QUEUED") most = Math.max(most, ++now);
      if (kind === "PUBLISHED") now--;
    }
    return most;
  };
  const { events, result } = await run(plan, { quotas: { [c3]: 200 } });
  expect(mostAtOnce(events)).toBe(2);
  expect(result.published.size).toBe(4);
});

test("a large machine that waits for its quota is not put off by a smaller one behind it", async () => {
  bench = await startBench({ timeScale: 600 });
  builder = builderOn(bench);
  const e2 = "e2-standard-4";
  const plan = planOf(
    { "first:x": [], "its:x": ["first:x"], "large:x": [], "child:x": ["large:x"], "small:x": [] },
    {
      "its:x": { machine: e2, minutes: 200 },
      "large:x": { machine: "c3-standard-176" },
      "child:x": { machine: e2, minutes: 100 },
      "small:x": { minutes: 30 },
    },
  );
  const { events } = await run(plan, { quotas: { [c3]: 176 } });
  expect(place(events, "QUEUED", "large:x")).toBeGreaterThan(place(events, "PUBLISHED", "first:x"));
  expect(place(events, "QUEUED", "small:x")).toBeGreaterThan(place(events, "PUBLISHED", "large:x"));
});

test("a target that fails takes its descendants with it, and nothing else", async () => {
  bench = await startBench({ timeScale: 600 });
  builder = builderOn(bench);
  const plan = planOf({
    "broken:x": [],
    "child:x": ["broken:x"],
    "grandchild:x": ["child:x"],
    "other:x": [],
    "its:x": ["other:x"],
  });
  const { result, events } = await run(plan);
  expect([...result.failed.keys()]).toEqual(["broken:x"]);
  expect(Object.fromEntries(result.skipped)).toEqual({ "child:x": "broken:x", "grandchild:x": "broken:x" });
  expect([...result.published.keys()].sort()).toEqual(["its:x", "other:x"]);
  expect(place(events, "SKIPPED", "grandchild:x")).toBeGreaterThan(place(events, "FAILED", "broken:x"));
});

test("with `cancel`, a failure cancels the builds of this run and starts no more", async () => {
  bench = await startBench({ timeScale: 60 });
  builder = builderOn(bench);
  const plan = planOf({ "broken:x": [], "other:x": [], "its:x": ["other:x"] });
  const { result } = await run(plan, { onFailure: "cancel" });
  expect(result.published.size).toBe(0);
  expect((await allBuilds(bench)).filter(({ status }) => status !== "CANCELLED")).toEqual([]);
});

test("who leaves a run gets the builds that go on, and no new ones are started", async () => {
  bench = await startBench({ timeScale: 60 });
  builder = builderOn(bench);
  const leave = new AbortController();
  setTimeout(() => leave.abort(), 700);
  const { result } = await run(planOf({ "a:x": [], "b:x": ["a:x"] }), { detach: leave.signal });
  const [build] = await allBuilds(bench);
  expect(Object.fromEntries(result.detached)).toEqual({ "a:x": build?.id });
  expect(build?.status).toBe("WORKING");
  expect(await allBuilds(bench)).toHaveLength(1);
});
