import type { Reason } from "../../chain/explain.ts";
import type { Action, Plan } from "../../chain/plan.ts";
import { summary } from "../../components/announcePlan.ts";

function plan(
  actions: Readonly<Record<string, Action>>,
  makespan = 0,
  dollars = 0,
  reasons: Readonly<Record<string, readonly Reason[]>> = {},
): Plan {
  const names = Object.keys(actions);
  const count = (action: Action) => names.filter((name) => actions[name] === action).length;
  const [reuse, build, unknown, refused] = (["reuse", "build", "unknown", "refused"] as const).map(count);
  return {
    targets: names.map((target) => ({ target, action: actions[target], reasons: reasons[target] ?? [] })),
    totals: { reuse, build, unknown, refused, minutes: makespan, dollars, makespan },
    criticalPath: names.filter((name) => actions[name] === "build"),
  } as unknown as Plan;
}

test("where all is published there is nothing to say of time and money", () => {
  expect(summary(plan({ "a:run": "reuse", "b:run": "reuse" }))).toBe(
    "2 of 2 images are published; nothing is to be built.",
  );
});

test("what is to be built is named, with time and money as every plan shows them, and the longest chain", () => {
  expect(summary(plan({ "a:run": "reuse", "b:run": "build", "c:run": "build" }, 65.2, 51.239))).toBe(
    "1 of 3 images are published; to be built: b:run, c:run. " +
      "That takes about 1 h 05 min and $51.24; longest chain: b:run -> c:run.",
  );
});

test("of each image that is to be built the first reason is said, unless it is that none is known", () => {
  const reasons: Readonly<Record<string, readonly Reason[]>> = {
    "a:run": [
      { kind: "file", text: "a/train.py changed" },
      { kind: "epoch", text: "epoch 0 -> 1" },
    ],
    "b:run": [{ kind: "first", text: "no earlier build is known" }],
  };
  expect(summary(plan({ "a:run": "build", "b:run": "build" }, 2, 1, reasons))).toContain(
    "to be built: a:run (a/train.py changed), b:run. That",
  );
});

test("a target that cannot be keyed is not counted among the images", () => {
  expect(summary(plan({ "a:run": "reuse", "b:run": "refused" }))).toContain("1 of 1 images are published");
});
