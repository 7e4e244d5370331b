import { inputsObject, lastInputs, lastObject, storeInputs } from "../../builder/lastInputs.ts";
import { recentObject, recentRecords, recordObject, storeRecord } from "../../builder/recentRecords.ts";
import { inputsInGroups, recordSchema } from "../../builder/record.ts";
import { explain } from "../../chain/explain.ts";
import { readAll } from "../../cloud/objectStore.ts";
import { type Bench, BUCKET, startBench } from "../cloud/onLocalCloud.ts";
import { aRecord, keyOf } from "./aRecord.ts";
import { builderOn, closeBench, targetOf } from "./scene.ts";

jest.setTimeout(60_000);

let bench: Bench;

/** The record of the nth key of a target. */
const recordOf = (target: string, n: number) => aRecord({ target, key: keyOf(n), build: `build-${n}` });

const buildsOf = async (target: string) => (await recentRecords(bench.bucket, target)).map(({ build }) => build);

async function readJson(name: string): Promise<unknown> {
  const text = await bench.bucket.read(name, async (object) => Buffer.from(await readAll(object, 1 << 20)).toString());
  return JSON.parse(text ?? "null");
}

describe("on the local cloud", () => {
  afterEach(() => closeBench(bench));

  test("a target's records are found newest first with one read, and no more than ten", async () => {
    bench = await startBench();
    for (let n = 1; n <= 12; n++) await storeRecord(bench.bucket, recordOf("base:runtime", n));
    const read = jest.spyOn(bench.bucket, "read");
    const list = jest.spyOn(bench.bucket, "list");
    expect(await buildsOf("base:runtime")).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3].map((n) => `build-${n}`));
    expect([read.mock.calls.length, list.mock.calls.length]).toEqual([1, 0]);
    expect(await buildsOf("base:devel")).toEqual([]);
    expect(await readJson(recordObject("base:runtime", keyOf(1)))).toMatchObject({ build: "build-1" });
  });

  test("a simulated record pushes none that was measured out of the list", async () => {
    bench = await startBench();
    for (let n = 1; n <= 10; n++) await storeRecord(bench.bucket, recordOf("base:runtime", n));
    await storeRecord(bench.bucket, { ...recordOf("base:runtime", 11), simulated: true });
    expect(await buildsOf("base:runtime")).toHaveLength(10);
  });

  test("records of one target that are written at the same time are all kept", async () => {
    bench = await startBench();
    const all = Array.from({ length: 8 }, (_, n) => recordOf("base:runtime", n));
    await Promise.all(all.map((record) => storeRecord(bench.bucket, record)));
    expect((await buildsOf("base:runtime")).sort()).toEqual(all.map(({ build }) => build));
  });

  test("a list that cannot be read teaches nothing, and the next record begins it anew", async () => {
    bench = await startBench();
    await bench.bucket.write(recentObject("base:runtime"), new Uint8Array(Buffer.from("not JSON")));
    expect(await buildsOf("base:runtime")).toEqual([]);
    await storeRecord(bench.bucket, recordOf("base:runtime", 1));
    expect(await buildsOf("base:runtime")).toEqual(["build-1"]);
    const strange = {
      records: [{ version: 2 }, recordOf("base:runtime", 2), { ...recordOf("base:runtime", 3), simulated: true }],
    };
    await bench.bucket.write(recentObject("base:runtime"), new Uint8Array(Buffer.from(JSON.stringify(strange))));
    expect(await buildsOf("base:runtime")).toEqual(["build-2"]);
  });

  test("a simulated build leaves a record of the same form that says so, and teaches no estimate", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const target = { ...targetOf(builder, "base:runtime"), poolMachine: "e2-standard-4" };
    const { digest, build } = await builder.ensure(target);
    const record = recordSchema.parse(await readJson(recordObject(target.target, target.key)));
    expect(record).toMatchObject({ simulated: true, digest, build: build?.id, minutes: 3, machine: "e2-standard-4" });
    expect(record.dollars).toBeCloseTo(3 * (4 * 0.00317 + 16 * 0.00042));
    expect(await buildsOf("base:runtime")).toEqual([]);
    expect(await bench.bucket.list(`records/`)).toEqual([
      inputsObject(target.target, target.key),
      recordObject(target.target, target.key),
      lastObject(target.target),
    ]);
    expect(BUCKET).toBe(builder.settings.store);
  });
});

describe("what a target was last built from", () => {
  const missing = new Map([["base:runtime", false]]);

  beforeEach(async () => {
    bench = await startBench();
  });
  afterEach(() => closeBench(bench));

  test("is what its last published key had, not what was submitted since and failed", async () => {
    const builder = builderOn(bench);
    const [published, failed] = ["one", "two"].map((text) => targetOf(builder, "base:runtime", text));
    if (!published || !failed) throw new Error("no targets");
    await storeInputs(bench.bucket, "base:runtime", published.inputs);
    await storeRecord(bench.bucket, aRecord({ target: "base:runtime", key: published.key }));
    await storeInputs(bench.bucket, "base:runtime", failed.inputs);
    expect((await lastInputs(bench.bucket, missing)).get("base:runtime")).toEqual(published.inputs);
  });

  test("is not asked for where the key is published, and is not known where nothing was", async () => {
    const read = jest.spyOn(bench.bucket, "read");
    expect(await lastInputs(bench.bucket, new Map([["base:runtime", true]]))).toEqual(new Map());
    expect(read).not.toHaveBeenCalled();
    expect(await lastInputs(bench.bucket, missing)).toEqual(new Map());
  });

  test.each(["not JSON", "{}", '{"key":"../../x"}', `{"key":"${"0".repeat(64)}"}`])(
    "counts as not known where its last key is %p",
    async (text) => {
      await bench.bucket.write(lastObject("base:runtime"), new Uint8Array(Buffer.from(text)));
      await bench.bucket.write(inputsObject("base:runtime", "0".repeat(64)), new Uint8Array(Buffer.from('{"key":1}')));
      expect(await lastInputs(bench.bucket, missing)).toEqual(new Map());
    },
  );

  test("makes the reasons of a plan", async () => {
    const [builder, other] = [builderOn(bench), builderOn(bench)];
    const first = targetOf(builder, "base:runtime");
    await builder.ensure({ ...first, inputs: { ...first.inputs, args: { TORCH: "2.6.0" } } });
    const inputs = (await lastInputs(other.services.store, missing)).get("base:runtime");
    const now = { ...first.inputs, key: "f".repeat(64), args: { TORCH: "2.6.1" } };
    expect(explain(inputs, now)).toEqual([{ kind: "arg", text: "ARG TORCH 2.6.0 -> 2.6.1" }]);
  });
});

test("groups of inputs tell what changed: each input is in one of them", () => {
  const inputs = {
    algorithm: "strata-key-2",
    key: "k",
    platform: "linux/amd64",
    epoch: 0,
    instructions: [{ stage: "a", line: 1, text: "RUN true" }],
    args: { A: "1" },
    files: [{ path: "f", mode: "0644", size: 1, sha256: "0" }],
    parents: { "base:runtime": "0" },
    bases: { debian: "sha256:0" },
  } as const;
  const changes = {
    instructions: { instructions: [{ stage: "a", line: 9, text: "RUN false" }] },
    args: { args: { A: "2" } },
    files: { files: [{ path: "f", mode: "0755", size: 1, sha256: "0" }] },
    parents: { parents: { "base:runtime": "1" } },
    bases: { bases: { debian: "sha256:1" } },
    platform: { platform: "linux/arm64" },
    epoch: { epoch: 1 },
  } as const;
  const before = inputsInGroups(inputs);
  for (const [group, change] of Object.entries(changes)) {
    const after = inputsInGroups({ ...inputs, ...change });
    const differing = Object.keys(before).filter(
      (name) => JSON.stringify(Reflect.get(before, name)) !== JSON.stringify(Reflect.get(after, name)),
    );
    expect(differing).toEqual([group]);
  }
});
