import { readFileSync } from "node:fs";
import fc from "fast-check";
import { randomChains } from "../../bench/randomChains.ts";
import { criticalPath, quotaOf, schedule, type Task } from "../../chain/schedule.ts";

const machines = [4, 8, 30, 88, 176];
const tasks: fc.Arbitrary<readonly Task[]> = fc
  .array(
    fc.record({
      minutes: fc.oneof(fc.integer({ min: 0, max: 60 }), fc.double({ min: 0.1, max: 60, noNaN: true })),
      vCpus: fc.constantFrom(...machines),
      quota: fc.constantFrom("a", "b"),
      parents: fc.array(fc.nat(20), { maxLength: 3 }),
    }),
    { maxLength: 14 },
  )
  .map((drafts) =>
    drafts.map(({ minutes, vCpus, quota, parents }, index) => ({
      name: `t${index}`,
      after: parents.filter((parent) => parent < index).map((parent) => `t${parent}`),
      minutes,
      vCpus,
      quota,
    })),
  );
const quotas = fc.record({ a: fc.constantFrom(176, 200, 400) }, { requiredKeys: [] });

test("any chain is placed whole, parents first, under its quotas, not below the lower bound, the same each time", () => {
  fc.assert(
    fc.property(tasks, quotas, (chain, limits) => {
      const { tasks: placed, makespan, lowerBound } = schedule(chain, limits);
      const at = new Map(placed.map((one) => [one.name, one]));
      expect([...at.keys()].sort()).toEqual(chain.map(({ name }) => name).sort());
      for (const { name, after, minutes } of chain) {
        const { start = -1, end = -1 } = at.get(name) ?? {};
        expect(end - start).toBeCloseTo(minutes);
        for (const parent of after) expect(at.get(parent)?.end ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(start);
      }
      for (const { start } of placed) {
        const used: Record<string, number> = {};
        for (const { name, quota, vCpus } of chain) {
          const other = at.get(name);
          if (other && other.start <= start && start < other.end) used[quota] = (used[quota] ?? 0) + vCpus;
        }
        expect(used.a ?? 0).toBeLessThanOrEqual(limits.a ?? Number.POSITIVE_INFINITY);
      }
      expect(makespan).toBe(Math.max(0, ...placed.map(({ end }) => end)));
      expect(makespan).toBeGreaterThanOrEqual(lowerBound - 1e-6);
      expect(schedule(chain, limits)).toEqual({ tasks: placed, makespan, lowerBound });
    }),
    { numRuns: 300, seed: 9 },
  );
});

test("a task that fits before one that waits for room is placed there, and not behind it", () => {
  const task = (name: string, vCpus: number, minutes: number, after: readonly string[] = []): Task => {
    return { name, vCpus, minutes, quota: "a", after };
  };
  const chain = [task("first", 88, 10), task("large", 176, 10, ["first"]), task("last", 88, 100, ["large"])];
  const { tasks: placed } = schedule([...chain, task("small", 88, 10)], { a: 176 });
  expect(placed.find(({ name }) => name === "small")).toEqual({ name: "small", start: 0, end: 10 });
});

test("without quotas the makespan is the length of the longest chain", () => {
  fc.assert(
    fc.property(tasks, (chain) => {
      const { makespan } = schedule(chain);
      const minutes = new Map(chain.map((one) => [one.name, one.minutes]));
      const path = criticalPath(chain);
      expect(path.reduce((sum, name) => sum + (minutes.get(name) ?? 0), 0)).toBeCloseTo(makespan);
      for (const [index, name] of path.entries()) {
        const before = path[index - 1];
        if (before !== undefined) expect(chain.find((one) => one.name === name)?.after).toContain(before);
      }
    }),
    { numRuns: 300, seed: 10 },
  );
});

test("C3 machines have a quota of their own", () => {
  expect(quotaOf("c3-standard-176")).not.toBe(quotaOf("e2-standard-8"));
});

test("each of 200 random chains is placed within 5 % of the shortest schedule that there is, nearly all as short", () => {
  const optima: readonly number[] = JSON.parse(readFileSync("bench/optima.json", "utf8"));
  const ratios = randomChains().map(({ tasks, quotas }, index) => {
    return schedule(tasks, quotas).makespan / (optima[index] ?? 0);
  });
  expect(optima).toHaveLength(200);
  // Below 1 either the proof or the schedule would be wrong.
  expect(Math.min(...ratios)).toBeGreaterThan(1 - 1e-9);
  expect(Math.max(...ratios)).toBeLessThanOrEqual(1.05);
  expect(ratios.filter((ratio) => ratio < 1 + 1e-9).length).toBeGreaterThanOrEqual(195);
});
