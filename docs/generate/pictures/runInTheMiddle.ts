import type { BuildEvent } from "../../../builder/events.ts";
import { progressOf, withEvent } from "../../../builder/runState.ts";
import type { Plan } from "../../../chain/plan.ts";
import { type ChainView, type PastBuild, viewOf } from "../../../page/view.ts";

/** Any moment will do, if it is always the same. */
const NOW = Date.parse("2026-11-20T10:00:00Z");

/** The view of a plan whose first build is nearly half done. */
export function runInTheMiddle(plan: Plan): ChainView {
  const [first] = plan.targets.filter(({ action }) => action === "build");
  if (first === undefined) throw new Error("the plan has nothing to build, so there is no run to show");
  const { target, key = "", minutes } = first;
  const build = "5d1f0c9e-simulated";
  const seconds = minutes * 60 * 0.45;
  const events: readonly BuildEvent[] = [
    { kind: "QUEUED", target, build },
    {
      kind: "BUILDING",
      target,
      build,
      seconds,
      progress: { percent: 45, what: "wheels installed", gem: "Opal" },
      log: [
        'Step #1 - "build": simulated',
        'STRATA-PROGRESS 20 "context unpacked" gem="Jade" elapsed=96s',
        `STRATA-PROGRESS 45 "wheels installed" gem="Opal" elapsed=${Math.round(seconds)}s`,
      ],
    },
  ];
  const progress = events.reduce((before, event) => withEvent(before, event, NOW), progressOf(plan));
  const history = [1, 9, 30].map((days): PastBuild => pastBuild(first.machine, minutes, key, days));
  return viewOf({
    title: "dev",
    about: "compared with main",
    simulated: true,
    plan,
    progress,
    records: new Map([[target, history]]),
    now: NOW,
  });
}

function pastBuild(machine: string, minutes: number, key: string, days: number): PastBuild {
  return {
    key: [...key]
      .reverse()
      .join("")
      .slice(days % 50)
      .padEnd(64, "0"),
    build: "simulated",
    simulated: true,
    finishedAt: new Date(NOW - days * 86_400_000).toISOString(),
    machine,
    minutes: minutes + days / 30,
    dollars: 0.3 + days / 1000,
    checks: [{ outcome: "passed" }, { outcome: "passed" }],
    compilerCache: { compiles: { cAndCxx: { hits: 1810 - 40 * days, misses: 32 + 40 * days } } },
  };
}
