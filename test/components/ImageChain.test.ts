import type { TargetInputs } from "../../chain/inputs.ts";
import type { Plan, PlannedTarget } from "../../chain/plan.ts";
import { ImageChain, type ImageChainArgs } from "../../components/ImageChain.ts";
import { one, registeredBy } from "./mocks.ts";

const key = (letter: string) => letter.repeat(64);

const planned = (target: string, parents: string[], keyed = true): PlannedTarget => ({
  target,
  parents,
  tier: parents.length,
  action: keyed ? "unknown" : "refused",
  ...(keyed && { key: key(target[0] ?? "") }),
  reasons: [],
  machine: "e2-standard-8",
  jobs: 8,
  minutes: 0,
  dollars: 0,
});

const inputsOf = (target: string, parents: Record<string, string>): TargetInputs => ({
  algorithm: "strata-key-2",
  key: key(target[0] ?? ""),
  platform: "linux/amd64",
  epoch: 1,
  instructions: [{ stage: "run", line: 2, text: "COPY a /a", files: ["a"] }],
  args: { VERSION: "2.6.0" },
  files: [{ path: "a", mode: "0644", size: 1, sha256: "f".repeat(64) }],
  parents,
  bases: {},
});

const chain = (args: Partial<ImageChainArgs> = {}) =>
  registeredBy(() => {
    const targets = [planned("app:run", []), planned("bad:run", [], false), planned("tool:run", ["app:run"])];
    new ImageChain("images", {
      plan: { targets } as unknown as Plan,
      inputs: new Map([
        ["app:run", inputsOf("app:run", {})],
        ["tool:run", inputsOf("tool:run", { "app:run": key("a") })],
      ]),
      catalogue: "dockerfiles",
      machines: {},
      registry: "host/project/images",
      mode: "wait",
      ...args,
    });
  });

test("one image for each target that has a key, published under it", async () => {
  const images = (await chain()).filter(({ type }) => type === "strata:index:Image");
  expect(images.map(({ name, inputs }) => [name, inputs.reference])).toEqual([
    ["app:run", `host/project/images/app/run:${key("a")}`],
    ["tool:run", `host/project/images/tool/run:${key("t")}`],
  ]);
});

test("a child is given its parent's digest", async () => {
  const tool = one(await chain(), "strata:index:Image", "tool:run");
  expect(tool.inputs.parents).toEqual({ "app:run": "sha256:published" });
});

test("what a key was computed from is listed, one line for each thing that can change", async () => {
  expect(one(await chain(), "strata:index:Image", "tool:run").inputs.inputs).toEqual({
    algorithm: "strata-key-2",
    platform: "linux/amd64",
    epoch: "1",
    "ARG VERSION": "2.6.0",
    "parent app:run": key("a").slice(0, 12),
    "file a": `0644 ${"f".repeat(12)}`,
    "run 1": "COPY a /a",
  });
});

test("a promoted image is taken from the same target of the other registry", async () => {
  const all = await chain({ promoteFrom: "host/project/staging-images" });
  expect(one(all, "strata:index:Image", "app:run").inputs.promoteFrom).toBe("host/project/staging-images/app/run");
});
