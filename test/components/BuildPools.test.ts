import { UserError } from "../../chain/errors.ts";
import { BuildPools, type BuildPoolsArgs } from "../../components/BuildPools.ts";
import { environment, registeredBy } from "./mocks.ts";

const pool = "gcp:cloudbuild/workerPool:WorkerPool";

const registered = async (args: Partial<BuildPoolsArgs>) => {
  let made: BuildPools | undefined;
  const all = await registeredBy(() => {
    made = new BuildPools("pools", {
      environment,
      machines: ["c3-standard-176", "e2-standard-8"],
      substitutes: {},
      diskGb: 500,
      egress: "public",
      ...args,
    });
  });
  return { pools: made?.pools ?? {}, all: all.filter(({ type }) => type === pool) };
};

test("one pool for each machine that the catalogue names", async () => {
  const { all } = await registered({});
  expect(all.map(({ inputs }) => [inputs.name, inputs.workerConfig])).toEqual([
    ["strata-dev-c3-standard-176", { machineType: "c3-standard-176", diskSizeGb: 500, noExternalIp: false }],
    ["strata-dev-e2-standard-8", { machineType: "e2-standard-8", diskSizeGb: 500, noExternalIp: false }],
  ]);
});

test("a substitute takes the machine's place, and two machines may share one", async () => {
  const { all, pools } = await registered({ substitutes: { "c3-standard-176": "e2-standard-8" } });
  expect(all.map(({ inputs }) => inputs.name)).toEqual(["strata-dev-e2-standard-8"]);
  expect(Object.keys(pools)).toEqual(["c3-standard-176", "e2-standard-8"]);
});

test("a substitute for a machine that no image names is refused", async () => {
  await expect(registered({ substitutes: { "c3-standard-716": "c3-standard-88" } })).rejects.toThrow(
    new UserError({
      problem: "strata:machines substitutes a machine that no image of the catalogue names",
      value: "c3-standard-716",
      allowed: "c3-standard-176, e2-standard-8",
      fix: "pulumi config rm --path 'strata:machines[\"c3-standard-716\"]'",
    }),
  );
});

test("without egress a machine has no address of its own", async () => {
  const { all } = await registered({ egress: "none" });
  for (const { inputs } of all) expect(inputs.workerConfig).toMatchObject({ noExternalIp: true });
});

test("a private service connection is never asked for: pulumi-gcp drops it, and then wants to replace the pool", async () => {
  const { all } = await registered({});
  for (const { inputs } of all) expect(inputs).not.toHaveProperty("privateServiceConnect");
});
