import { UserError } from "./errors.ts";

/** A machine type of a build pool. */
export interface MachineShape {
  readonly name: string;
  readonly vCpus: number;
  readonly memoryGb: number;
}

/** GB of memory per vCPU by family and kind (Compute Engine's machine tables, November 2026). */
const GB_PER_VCPU: Readonly<Record<string, number>> = {
  "c3-standard": 4,
  "c3-highcpu": 2,
  "c3-highmem": 8,
  "e2-standard": 4,
  "e2-highcpu": 1,
  "e2-highmem": 8,
  "n1-standard": 3.75,
  "n1-highcpu": 0.9,
  "n2-standard": 4,
  "n2-highcpu": 1,
  "n2d-standard": 4,
  "n2d-highcpu": 1,
};

/** The vCPUs and memory of a machine type such as "c3-standard-176"; undefined where the name is none. */
export function machineShape(name: string): MachineShape | undefined {
  const match = /^([a-z0-9]+-[a-z]+)-([1-9]\d*)$/.exec(name);
  const perCpu = GB_PER_VCPU[match?.[1] ?? ""];
  if (!match || perCpu === undefined) return undefined;
  const vCpus = Number(match[2]);
  return { name, vCpus, memoryGb: vCpus * perCpu };
}

/**
 * The same for a machine that has to be known.
 * @throws UserError for a name that is none
 */
export function machineNamed(name: string): MachineShape {
  const shape = machineShape(name);
  if (shape) return shape;
  throw new UserError({
    problem: "this is no machine type that strata knows",
    value: name,
    allowed: `${Object.keys(GB_PER_VCPU).join(", ")}, each with a number of vCPUs: c3-standard-176`,
    fix: "correct the name in image.yaml or in the environment's machines",
  });
}

/** Share of a machine's memory that compile jobs may fill. */
const MEMORY_SHARE = 0.85;

/**
 * How many compile jobs a machine runs at once: one a vCPU, unless their memory does not fit.
 * @param peakGbPerJob memory of the largest job in GB
 */
export function jobsFor({ vCpus, memoryGb }: MachineShape, peakGbPerJob: number): number {
  return Math.max(1, Math.min(vCpus, Math.floor((MEMORY_SHARE * memoryGb) / peakGbPerJob)));
}
