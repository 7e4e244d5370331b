import type { MachineShape } from "./machines.ts";

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

/** Minutes on another machine than the one that the minutes are known for. An estimate, not a measurement. */
export function minutesOn(machine: MachineShape, minutes: number, measuredOn: MachineShape): number {
  return minutes * (measuredOn.vCpus / machine.vCpus) ** SCALING;
}
