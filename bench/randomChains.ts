import { machineNamed } from "../chain/machines.ts";
import { type Quotas, quotaOf, type Task } from "../chain/schedule.ts";
import { seeded } from "../chain/seeded.ts";

/** A chain to be built, and the quotas that it is built under. */
export interface RandomChain {
  readonly tasks: readonly Task[];
  readonly quotas: Quotas;
}

const MACHINES = [
  "e2-standard-4",
  "e2-highcpu-32",
  "n2d-highcpu-96",
  "c3-standard-44",
  "c3-standard-88",
  "c3-standard-176",
];

/** The chains that the scheduler is measured on: always the same. */
export function randomChains(): readonly RandomChain[] {
  const random = seeded(1);
  return Array.from({ length: 200 }, () => randomChain(random));
}

/**
 * A chain of 5 to 30 targets of 2 to 120 minutes on machines of 4 to 176 vCPUs, most with one or two parents among
 * the targets before them, under quotas that fit the largest machine at least once and at most four times.
 */
function randomChain(random: () => number): RandomChain {
  const whole = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const count = whole(5, 30);
  const tasks = Array.from({ length: count }, (_, n): Task => {
    const parents = n === 0 || random() < 0.2 ? 0 : whole(1, Math.min(n, 2));
    const after = new Set(Array.from({ length: parents }, () => `target-${whole(Math.max(0, n - 8), n - 1)}`));
    const machine = MACHINES[whole(0, MACHINES.length - 1)] ?? "e2-standard-4";
    return {
      name: `target-${n}`,
      after: [...after],
      minutes: Math.round(2 * 60 ** random()),
      vCpus: machineNamed(machine).vCpus,
      quota: quotaOf(machine),
    };
  });
  const quotas: Record<string, number> = {};
  for (const quota of new Set(tasks.map((task) => task.quota))) {
    const largest = Math.max(...tasks.filter((task) => task.quota === quota).map(({ vCpus }) => vCpus));
    quotas[quota] = Math.round(largest * (1 + 3 * random()));
  }
  return { tasks, quotas };
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(randomChains())}\n`);
