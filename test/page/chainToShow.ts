import type { BuildEvent } from "../../builder/events.ts";
import { type PlannedTarget, planOf } from "../../chain/plan.ts";
import { WatchedRun } from "../../page/watchedRun.ts";

/** A target of a plan, with what a test does not care about filled in. */
export function planned(target: string, more: Partial<PlannedTarget> = {}): PlannedTarget {
  return {
    target,
    tier: 0,
    parents: [],
    action: "build",
    key: "c0ffee".repeat(11).slice(0, 64),
    reasons: [{ kind: "first", text: "no earlier build is known" }],
    machine: "c3-standard-88",
    jobs: 16,
    minutes: 10,
    dollars: 3.2,
    ...more,
  };
}

/** Text that would do something if anything took it for markup, a style or a script. */
export const HOSTILE = `</pre><script>document.title="taken"</script><img src=x onerror="document.title='taken'">"'&\u202e\u001b[31m`;

/** A chain in which every state has come up, with hostile words wherever the world can put words. */
export function everyState(): WatchedRun {
  const run = new WatchedRun({
    title: `dev ${HOSTILE}`,
    about: HOSTILE,
    plan: planOf([
      planned("base:runtime", { action: "reuse", reasons: [], minutes: 0, dollars: 0 }),
      planned("base:devel", { action: "unknown", reasons: [], minutes: 0, dollars: 0 }),
      planned("lone:tool", { action: "refused", reasons: [{ kind: "first", text: `no digest\n  fix: ${HOSTILE}` }] }),
      planned("lib:runtime", { tier: 1, parents: ["base:runtime", "base:devel"] }),
      planned("done:runtime", { tier: 1, parents: ["base:runtime"] }),
      planned("good:runtime", { tier: 1, parents: ["base:runtime"] }),
      planned("bad:runtime", { tier: 1, parents: ["base:devel"] }),
      planned("waits:runtime", { tier: 1, parents: ["base:devel"] }),
      planned("app:runtime", { tier: 2, parents: ["lib:runtime", "base:runtime"] }),
      planned("left:runtime", { tier: 2, parents: ["bad:runtime"] }),
    ]),
  });
  const log = [HOSTILE, "compiling 12 of 90"];
  const building = (target: string, percent: number): BuildEvent => ({
    kind: "BUILDING",
    target,
    build: `b-${target}`,
    seconds: 60,
    log,
    progress: { percent, what: HOSTILE },
  });
  for (const target of ["lib:runtime", "done:runtime", "good:runtime", "bad:runtime", "waits:runtime"]) {
    run.tell({ kind: "QUEUED", target, build: `b-${target}`, logUrl: "javascript:document.title='taken'" });
  }
  run.tell(building("lib:runtime", 40));
  run.tell(building("good:runtime", 95));
  run.tell({ kind: "VERIFIED", target: "good:runtime", build: "b" });
  run.tell(building("bad:runtime", 30));
  run.tell({ kind: "FAILED", target: "bad:runtime", error: new Error(`the build ended as FAILURE\n    ${HOSTILE}`) });
  run.tell({ kind: "SKIPPED", target: "left:runtime", because: "bad:runtime" });
  run.tell({ kind: "PUBLISHED", target: "done:runtime", build: "b", digest: "sha256:1", seconds: 300, dollars: 1.6 });
  run.setHistory("done:runtime", [
    {
      key: "ab".repeat(32),
      build: "b-0",
      finishedAt: "2026-11-20T10:00:00.000Z",
      machine: "c3-standard-88",
      minutes: 24.3,
      dollars: 7.75,
      checks: [{ outcome: "passed" }, { outcome: "skipped" }],
      compilerCache: { compiles: { cuda: { hits: 900, misses: 60 }, cAndCxx: { hits: 2030, misses: 10 } } },
    },
  ]);
  return run;
}
