import { buildApex } from "./apexBuild.ts";
import { runPythonTests, verify } from "./pythonTests.ts";

test("with every extension built, the tier is cuda and the wheel and the record say so", () => {
  const build = buildApex({ tier: "cuda" });
  expect(build.exit).toBe(0);
  expect(build.statuses).toEqual(["APEX-TIER cuda: built with every extension"]);
  expect(build.outcome).toEqual({ requested: "cuda", tier: "cuda", reason: null, commit: build.commit });
  expect(build.wheels).toEqual(["apex-0.1-cuda.whl"]);
  expect(build.log).toContain("STRATA-CCACHE apex hits=0 misses=1");
});

test("a clone that fails and a CUDA build that fails end with different exit codes and name their cause", () => {
  const noClone = buildApex({ tier: "cuda", clones: false });
  const noBuild = buildApex({ tier: "cuda", cudaBuild: "fails" });
  expect(noClone.exit).toBe(69);
  expect(noClone.statuses).toEqual([expect.stringContaining("cannot be cloned")]);
  expect(noBuild.exit).toBe(70);
  expect(noBuild.statuses).toEqual([expect.stringContaining("the CUDA build failed with exit code 1")]);
  for (const build of [noClone, noBuild]) expect(build.outcome).toBeUndefined();
});

test("a CUDA build that does not end is ended after its time, with an exit code of its own", () => {
  const build = buildApex({ tier: "cuda", cudaBuild: "hangs" });
  expect(build.exit).toBe(75);
  expect(build.statuses).toEqual([expect.stringContaining("took longer than 1 s")]);
});

test("pip's success does not count where extensions do not load", () => {
  const build = buildApex({ tier: "cuda", missing: "amp_C syncbn" });
  expect(build.exit).toBe(76);
  expect(build.statuses).toEqual(["APEX-TIER cuda: failed: built, but without amp_C syncbn"]);
});

test("with auto a failed CUDA build becomes the tier python, with a status line for each tier and the reason recorded", () => {
  for (const [scene, reason] of [
    [{ cudaBuild: "fails" }, "the CUDA build failed with exit code 1"],
    [{ cudaBuild: "hangs" }, "the CUDA build took longer than 1 s"],
    [{ missing: "amp_C" }, "built, but without amp_C"],
  ] as const) {
    const build = buildApex({ tier: "auto", ...scene });
    expect(build.exit).toBe(0);
    expect(build.statuses).toEqual([`APEX-TIER cuda: failed: ${reason}`, "APEX-TIER python: built without extensions"]);
    expect(build.outcome).toEqual({ requested: "auto", tier: "python", reason, commit: build.commit });
    expect(build.wheels).toEqual(["apex-0.1-python.whl"]);
  }
});

test("with auto and nothing that builds, the tier is absent and the build goes on without a wheel", () => {
  const neither = buildApex({ tier: "auto", cudaBuild: "fails", pythonBuildExit: 3 });
  expect(neither.exit).toBe(0);
  expect(neither.statuses.map((line) => line.split(":")[0])).toEqual(
    ["cuda", "python", "absent"].map((tier) => `APEX-TIER ${tier}`),
  );
  expect(neither.outcome?.tier).toBe("absent");
  expect(neither.outcome?.reason).toContain("the Python-only build failed with exit code 3");
  expect(neither.wheels).toEqual([]);

  const noSource = buildApex({ tier: "auto", clones: false });
  expect(noSource.exit).toBe(0);
  expect(noSource.outcome).toEqual({
    requested: "auto",
    tier: "absent",
    reason: "clone failed",
    commit: noSource.commit,
  });
});

test("Apex's checks hold in Python", () => runPythonTests("test_apex"));

test("the check's report has the contract's shape where Apex is not installed", () => {
  expect(verify("apex/verify/apex_modules.py")).toEqual({ exit: 1, status: "fail" });
});
