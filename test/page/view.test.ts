import { planOf } from "../../chain/plan.ts";
import { viewOf } from "../../page/view.ts";
import { WatchedRun } from "../../page/watchedRun.ts";
import { everyState, planned } from "./chainToShow.ts";

const chain = planOf([
  planned("base:runtime", { action: "reuse", minutes: 0, dollars: 0 }),
  planned("lib:runtime", { tier: 1, parents: ["base:runtime"], minutes: 10 }),
  planned("app:runtime", { tier: 2, parents: ["lib:runtime"], minutes: 2, sharesWith: "lib:runtime" }),
]);

test("a plan alone shows what it says: states, reasons, amounts, no run", () => {
  const view = viewOf({ title: "Plan", plan: chain, now: 0 });
  expect(view.targets.map(({ target, state }) => [target, state])).toEqual([
    ["base:runtime", "reuse"],
    ["lib:runtime", "build"],
    ["app:runtime", "build"],
  ]);
  expect(view.targets[2]?.reasons).toEqual([
    "no earlier build is known",
    "built after lib:runtime, whose layers it shares",
  ]);
  expect(view.run).toBeUndefined();
  expect(view.expected).toEqual({ makespan: 12, minutes: 12, dollars: 6.4 });
});

test("every state of a plan and of a run has a state of the view", () => {
  const states = everyState()
    .view()
    .targets.map(({ target, state }) => `${target.split(":")[0]} ${state}`);
  expect(states).toEqual([
    "base reuse",
    "base unknown",
    "lone refused",
    "lib building",
    "done published",
    "good verified",
    "bad failed",
    "waits queued",
    "app build",
    "left skipped",
  ]);
});

test("a failed target says why before why it was built, and a skipped one because of whom", () => {
  const { targets } = everyState().view();
  expect(targets.find(({ state }) => state === "failed")?.reasons[0]).toContain("the build ended as FAILURE");
  expect(targets.find(({ state }) => state === "skipped")?.reasons[0]).toBe("not built, because bad:runtime failed");
});

test("what is left of a run is what is left along its longest chain", () => {
  const run = new WatchedRun({ title: "dev", plan: chain });
  run.tell({ kind: "QUEUED", target: "lib:runtime", build: "b" });
  run.tell({
    kind: "BUILDING",
    target: "lib:runtime",
    build: "b",
    seconds: 120,
    log: [],
    progress: { percent: 50, what: "half" },
  });
  // Half of it took two minutes, so two are left, and two of the child.
  expect(run.view().run?.secondsLeft).toBeCloseTo(240, -1);
  expect(run.view().run).toMatchObject({ over: false, published: 0, toPublish: 2 });
});

test("what has passed its checks is done to the end, whatever its log said last", () => {
  const run = new WatchedRun({ title: "dev", plan: chain });
  const [target, build] = ["lib:runtime", "b"];
  run.tell({ kind: "QUEUED", target, build });
  run.tell({ kind: "BUILDING", target, build, seconds: 9, log: [], progress: { percent: 95, what: "linked" } });
  const percent = () => run.view().targets[1]?.build?.percent;
  expect(percent()).toBe(95);
  run.tell({ kind: "VERIFIED", target, build });
  expect(percent()).toBe(100);
  run.tell({ kind: "PUBLISHED", target, build, digest: "d", seconds: 10, dollars: 0 });
  expect(percent()).toBe(100);
});

test("played builds are shown with the minutes and dollars that they stand for", () => {
  const run = new WatchedRun({ title: "dev", plan: chain, simulated: { timeScale: 600 } });
  run.tell({ kind: "QUEUED", target: "lib:runtime", build: "b" });
  run.tell({ kind: "BUILDING", target: "lib:runtime", build: "b", seconds: 0.5, log: [] });
  const { build } = run.view().targets[1] ?? {};
  expect(build?.seconds).toBeGreaterThanOrEqual(300);
  expect(build?.dollars).toBeGreaterThan(1);
  run.tell({ kind: "PUBLISHED", target: "lib:runtime", build: "b", digest: "d", seconds: 1, dollars: 0.01 });
  expect(run.view().targets[1]?.build).toMatchObject({ seconds: 600, dollars: 6 });
  expect(run.view().run?.dollars).toBe(6);
  expect(run.view().simulated).toBe(true);
});
