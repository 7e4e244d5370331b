import type { ImageSettings } from "./imageSettings.ts";
import { type MachineShape, machineNamed } from "./machines.ts";

/** Prices of Cloud Build private pools in US dollars, for the family of machines that publishes them. */
export const POOL_PRICE = {
  perVcpuMinute: 0.00317,
  perGbMinute: 0.00042,
  date: "2025-08",
  source: "Cloud Build pricing, private pools; the list price of C3 machines was not seen and is taken to be the same",
} as const;

/** Dollars of a build: a pool bills vCPU and memory by the minute; waiting in the queue costs nothing. */
export function dollarsFor({ vCpus, memoryGb }: MachineShape, minutes: number): number {
  return minutes * (vCpus * POOL_PRICE.perVcpuMinute + memoryGb * POOL_PRICE.perGbMinute);
}

/**
 * How a build's minutes grow on a smaller machine: PyTorch was reported at 25 minutes on 176 vCPUs and about four
 * hours on 4, which is (176 / 4) ** 0.6.
 */
const SCALING = 0.6;

/** A build of an earlier key of a target. */
export interface EarlierBuild {
  readonly machine: string;
  readonly minutes: number;
}

/** How many of the last builds an estimate is made from. */
const BUILDS_THAT_COUNT = 5;

/**
 * What the last builds of a target on a machine took: their median, so that one with a cold cache does not stand for
 * all. Undefined where none ran on such a machine.
 * @param builds newest first
 */
export function measuredMinutes(
  builds: readonly EarlierBuild[],
  machine: string,
): { readonly minutes: number; readonly builds: number } | undefined {
  const same = builds.filter((one) => one.machine === machine).slice(0, BUILDS_THAT_COUNT);
  const minutes = same.map((one) => one.minutes).sort((a, b) => a - b);
  const [middle, other] = [minutes[Math.floor(minutes.length / 2)], minutes[Math.floor((minutes.length - 1) / 2)]];
  if (middle === undefined || other === undefined) return undefined;
  return { minutes: (middle + other) / 2, builds: minutes.length };
}

/** image.yaml's estimate for a machine, which need not be the one that it names. */
export function declaredMinutes({ expectedMinutes, machine }: ImageSettings, on: string): number {
  return minutesOn(machineNamed(on), expectedMinutes, machineNamed(machine));
}

/** Minutes on another machine than the one that the minutes are known for. An estimate, not a measurement. */
export function minutesOn(machine: MachineShape, minutes: number, measuredOn: MachineShape): number {
  return minutes * (measuredOn.vCpus / machine.vCpus) ** SCALING;
}
