import { dollarsFor, type EarlierBuild, minutesOn } from "../../chain/estimate.ts";
import { explain } from "../../chain/explain.ts";
import { jobsFor, machineShape } from "../../chain/machines.ts";
import { buildTasks, type Plan, type PlanFacts, planChain } from "../../chain/plan.ts";
import { chainOf, changed, inputsOf, refusalOf, smallChain } from "./smallChain.ts";

async function planOf(files: Readonly<Record<string, string>>, facts: PlanFacts = {}): Promise<Plan> {
  const { graph, chain } = await chainOf(files);
  return planChain(graph, chain, facts);
}

const exists = (...missing: readonly string[]): ReadonlyMap<string, boolean> =>
  new Map(["base:devel", "base:runtime", "lib:runtime", "app:runtime"].map((name) => [name, !missing.includes(name)]));

const reasons = async (target: string, files: Readonly<Record<string, string | undefined>>) => {
  const [before, after] = [await inputsOf(smallChain), await inputsOf(changed(files))];
  const now = after[target];
  if (!now) throw new Error(`${target} has no inputs`);
  return explain(before[target], now).map(({ text }) => text);
};

describe("a plan", () => {
  test("without a registry nothing is known but the keys", async () => {
    const { targets, totals } = await planOf(smallChain);
    expect(targets.map(({ action, minutes, reasons }) => [action, minutes, reasons])).toEqual(
      Array(4).fill(["unknown", 0, []]),
    );
    expect(totals).toMatchObject({ unknown: 4, build: 0, reuse: 0, refused: 0, minutes: 0, dollars: 0, makespan: 0 });
  });

  test("a published key is reused, and costs nothing; a missing one is built with minutes, dollars, machine and jobs", async () => {
    const {
      targets,
      totals,
      criticalPath: path,
    } = await planOf(smallChain, { exists: exists("lib:runtime", "app:runtime") });
    expect(targets.map(({ target, action }) => [target, action])).toEqual([
      ["base:runtime", "reuse"],
      ["lib:runtime", "build"],
      ["base:devel", "reuse"],
      ["app:runtime", "build"],
    ]);
    const lib = targets[1];
    expect(lib).toMatchObject({
      machine: "e2-highcpu-32",
      jobs: 13,
      minutes: 4,
      reasons: [{ kind: "first", text: "no earlier build is known" }],
    });
    expect(lib?.dollars).toBeCloseTo(4 * (32 * 0.00317 + 32 * 0.00042));
    expect(totals).toMatchObject({ build: 2, reuse: 2, minutes: 6, makespan: 6 });
    expect(path).toEqual(["lib:runtime", "app:runtime"]);
  });

  test("a target that cannot be keyed is refused with what is wrong; its children name it", async () => {
    const { targets, totals } = await planOf(changed({ "bases.lock.yaml": undefined }), { exists: exists() });
    expect(targets.map(({ action, key }) => [action, key])).toEqual(Array(4).fill(["refused", undefined]));
    expect(targets[0]?.reasons[0]?.text).toMatch(/^dockerfiles\/base\/Dockerfile:1: /);
    expect(targets[1]?.reasons[0]?.text).toBe("its parent base:runtime cannot be keyed");
    expect(totals).toMatchObject({ refused: 4, build: 0 });
  });

  test("two targets of an image that share steps are built one after the other, and the shared minutes count once", async () => {
    const { targets, totals } = await planOf(smallChain, { exists: exists("base:devel", "base:runtime") });
    const [runtime, , devel] = targets;
    expect(runtime?.sharesWith).toBeUndefined();
    expect(devel?.sharesWith).toBe("base:runtime");
    // All steps of devel are steps of runtime.
    expect(devel?.minutes).toBe(0);
    expect(totals.makespan).toBe(10);
    expect(buildTasks(targets).map(({ name, after }) => [name, after])).toEqual([
      ["base:runtime", []],
      ["base:devel", ["base:runtime"]],
    ]);
  });

  test("two targets of an image that share no step do not wait for each other", async () => {
    const files = changed({
      "base/Dockerfile": "FROM debian:12 AS devel\nRUN a\nFROM debian:12 AS unused\nFROM debian:12 AS runtime\nRUN b\n",
    });
    const { targets, totals } = await planOf(files, { exists: exists("base:devel", "base:runtime") });
    expect(targets.map(({ sharesWith }) => sharesWith)).toEqual([undefined, undefined, undefined, undefined]);
    expect(totals).toMatchObject({ makespan: 10, minutes: 20 });
  });

  test("the last builds on the same machine replace the estimate by their median; those on another do not", async () => {
    const missing = exists("lib:runtime");
    const took = (machine: string, ...minutes: number[]) => minutes.map((one) => ({ machine, minutes: one }));
    const planAfter = async (builds: readonly EarlierBuild[]) => {
      const plan = await planOf(smallChain, { exists: missing, earlierBuilds: new Map([["lib:runtime", builds]]) });
      return plan.targets.map(({ minutes, measured }) => [minutes, measured]).find(([minutes]) => minutes !== 0);
    };
    expect(await planAfter(took("e2-highcpu-32", 7))).toEqual([7, 1]);
    expect(await planAfter(took("e2-highcpu-32", 7, 9))).toEqual([8, 2]);
    // The newest five: the two of 90 minutes are too old to count.
    expect(await planAfter(took("e2-highcpu-32", 7, 60, 5, 8, 6, 90, 90))).toEqual([7, 5]);
    expect(await planAfter(took("c3-standard-176", 1, 1, 1))).toEqual([4, undefined]);
  });

  test("minutes that were measured have the shared layers in them already", async () => {
    const builds = new Map([["base:runtime", [{ machine: "c3-standard-8", minutes: 3 }]]]);
    const { targets } = await planOf(smallChain, {
      exists: exists("base:devel", "base:runtime"),
      earlierBuilds: builds,
    });
    expect(targets.find(({ target }) => target === "base:runtime")).toMatchObject({ minutes: 3, measured: 1 });
  });

  test("another machine scales the estimate", async () => {
    const missing = exists("lib:runtime");
    const smaller = await planOf(smallChain, { exists: missing, machines: { "e2-highcpu-32": "e2-highcpu-8" } });
    expect(smaller.totals.minutes).toBeCloseTo(4 * 4 ** 0.6);
    expect(smaller.targets[1]?.machine).toBe("e2-highcpu-8");
  });

  test("a machine that exceeds its quota is an error, because its build would wait for ever", async () => {
    const { graph, chain } = await chainOf(smallChain);
    const quotas = { concurrent_private_pool_c3_build_cpus: 4 };
    expect(refusalOf(() => planChain(graph, chain, { exists: exists("base:runtime"), quotas }))).toMatch(
      /^the quota concurrent_private_pool_c3_build_cpus does not fit the machine of base:runtime.*\n {2}received: 4 vCPUs\n {2}allowed: {2}8 vCPUs or more\n {2}fix: /,
    );
  });
});

describe("reasons", () => {
  test("equal inputs have none; without earlier inputs it was never built", async () => {
    expect(await reasons("app:runtime", {})).toEqual([]);
    expect(explain(undefined, (await inputsOf(smallChain))["app:runtime"] as never)).toEqual([
      { kind: "first", text: "no earlier build is known" },
    ]);
  });

  test("a changed file is named with the instruction that reads it", async () => {
    expect(await reasons("base:devel", { "base/requirements.lock": "x" })).toEqual([
      "base/requirements.lock changed, read by COPY base/requirements.lock requirement…",
    ]);
    expect(await reasons("lib:runtime", { "lib/tool": "x" })).toEqual([
      "lib/tool changed, read by COPY lib/tool /usr/bin/",
    ]);
  });

  test("a changed build arg is shown with both values", async () => {
    const image = (smallChain["base/image.yaml"] ?? "").replace("2.6.0", "2.6.1");
    expect(await reasons("base:devel", { "base/image.yaml": image })).toEqual(["ARG TORCH_VERSION 2.6.0 -> 2.6.1"]);
  });

  test("a parent with another key will be rebuilt", async () => {
    expect(await reasons("lib:runtime", { "base/requirements.lock": "x" })).toEqual([
      "parent base:runtime will be rebuilt",
    ]);
  });

  test("a base's new digest, an epoch, an edited, a new and a removed instruction each have their sentence", async () => {
    const lock = `images: { debian:12: { digest: "sha256:${"e".repeat(64)}" } }`;
    expect(await reasons("base:devel", { "bases.lock.yaml": lock })).toEqual([
      `base image debian:12 sha256:${"d1".repeat(6)} -> sha256:${"e".repeat(12)}`,
    ]);
    expect(await reasons("base:devel", { "base/image.yaml": `${smallChain["base/image.yaml"]}epoch: 3\n` })).toEqual([
      "epoch 0 -> 3",
    ]);
    const base = smallChain["base/Dockerfile"] ?? "";
    const edited = (from: string, to: string) => reasons("base:runtime", { "base/Dockerfile": base.replace(from, to) });
    expect(await edited("RUN strip", "RUN strip -s")).toEqual(["line 9 changed: RUN strip -> RUN strip -s"]);
    expect(await edited("RUN strip", "RUN strip\nUSER app")).toEqual(["line 10 is new: USER app"]);
    expect(await edited("RUN strip\n", "")).toEqual(["removed: RUN strip"]);
  });

  test("files that come, go, become executable or turn into links each have their word", async () => {
    const [was] = Object.values(await inputsOf(smallChain));
    if (!was) throw new Error("no inputs");
    const file = { path: "f", mode: "0644", size: 1, sha256: "a" } as const;
    const link = { path: "f", mode: "0777", size: 1, link: "x" } as const;
    const said = (before: readonly object[], after: readonly object[]) =>
      explain({ ...was, files: before as never }, { ...was, key: "other", files: after as never }).map(
        ({ text }) => text,
      );
    expect(said([], [file])).toEqual(["f is new"]);
    expect(said([file], [])).toEqual(["f is gone"]);
    expect(said([file], [{ ...file, mode: "0755" }])).toEqual(["f became executable"]);
    expect(said([{ ...file, mode: "0755" }], [file])).toEqual(["f is no longer executable"]);
    expect(said([file], [link])).toEqual(["f is now a symlink to x (was a file)"]);
    expect(said([link], [{ ...link, link: "y" }])).toEqual(["f now links to y (was x)"]);
    expect(said([file], [file])).toEqual(["the same inputs are used in another order or place"]);
  });

  test("a build arg named like something every object has is no surprise", async () => {
    const [was] = Object.values(await inputsOf(smallChain));
    if (!was) throw new Error("no inputs");
    expect(explain(was, { ...was, key: "other", args: { ...was.args, constructor: "1" } })).toEqual([
      { kind: "arg", text: "ARG constructor is new: 1" },
    ]);
  });
});

describe("estimates", () => {
  test("jobs are bounded by vCPUs and by memory, and are at least one", () => {
    const shape = machineShape("c3-standard-176");
    if (!shape) throw new Error("no machine");
    expect(shape).toEqual({ name: "c3-standard-176", vCpus: 176, memoryGb: 704 });
    expect([jobsFor(shape, 1), jobsFor(shape, 5.3), jobsFor(shape, 5000)]).toEqual([176, 112, 1]);
    expect([machineShape("c3-standard-0"), machineShape("c3-standard"), machineShape("c4-x-8")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  test("a smaller machine takes longer and a bigger one costs more a minute", () => {
    const [big, small] = [machineShape("c3-standard-176"), machineShape("c3-standard-4")];
    if (!big || !small) throw new Error("no machine");
    expect(minutesOn(small, 25, big) / 60).toBeCloseTo(4, 0);
    expect(dollarsFor(big, 25)).toBeGreaterThan(dollarsFor(small, 25));
    expect(dollarsFor(big, 0)).toBe(0);
  });
});
