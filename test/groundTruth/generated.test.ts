import { compare, type KeyOf, type Verdict } from "./compare.ts";
import { generateCase } from "./generate.ts";
import { keyOf } from "./keyOf.ts";
import { type GroundTruth, groundTruthTest } from "./withBuildkit.ts";

const count = Number(process.env.STRATA_GROUND_TRUTH_CASES ?? 400);
const seed = Number(process.env.STRATA_GROUND_TRUTH_SEED ?? 20261122);

/** Cases are compared by this many daemons at a time. */
const DAEMONS = 2;

/** Compares the first `wanted` cases of a seed with BuildKit. */
async function compareAll(truth: GroundTruth, from: number, wanted: number, key: KeyOf): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  let next = wanted;
  await Promise.all(
    Array.from({ length: DAEMONS }, () =>
      truth.withOracle(async (oracle) => {
        while (next > 0) {
          next -= 1;
          verdicts.push(await compare(generateCase(from, next), oracle, truth.bases, key));
        }
      }),
    ),
  );
  return verdicts;
}

function reports(verdicts: readonly Verdict[], kind: Verdict["kind"]): string[] {
  return verdicts.flatMap((verdict) => (verdict.kind === kind && "report" in verdict ? [verdict.report] : []));
}

groundTruthTest(
  `of ${count} changes exactly those change the key after which BuildKit has work to do`,
  async (truth) => {
    const verdicts = await compareAll(truth, seed, count, keyOf);

    const shown = (kind: Verdict["kind"]) => reports(verdicts, kind).slice(0, 5).join("\n\n");
    expect(shown("missed rebuild")).toBe("");
    expect(shown("false rebuild")).toBe("");
    expect(shown("refused")).toBe("");

    const agreed = verdicts.flatMap((verdict) => (verdict.kind === "agreed" ? [verdict.changed] : []));
    const changed = agreed.filter(Boolean).length;
    process.stderr.write(
      `ground truth, seed ${seed}: ${agreed.length} of ${count} changes compared, ${changed} change the image, ` +
        `${agreed.length - changed} do not\n`,
    );
    expect(agreed.length).toBeGreaterThanOrEqual(count * 0.9);
    expect(changed).toBeGreaterThanOrEqual(agreed.length * 0.3);
    expect(agreed.length - changed).toBeGreaterThanOrEqual(agreed.length * 0.3);
  },
);

groundTruthTest("a key that never changes is caught missing rebuilds", async (truth) => {
  const verdicts = await compareAll(truth, seed, 12, async () => "constant");
  expect(reports(verdicts, "missed rebuild").length).toBeGreaterThan(0);
  expect(reports(verdicts, "false rebuild")).toEqual([]);
});

groundTruthTest("a key that always changes is caught rebuilding in vain", async (truth) => {
  let number = 0;
  const verdicts = await compareAll(truth, seed, 12, async () => String(number++));
  expect(reports(verdicts, "false rebuild").length).toBeGreaterThan(0);
  expect(reports(verdicts, "missed rebuild")).toEqual([]);
});
