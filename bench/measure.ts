import { spawnSync } from "node:child_process";

/** One row of the table: what is measured, against what, and whether the goal is met. */
export interface Row {
  readonly work: string;
  /** What it is compared with; empty where the goal is an absolute one. */
  readonly against: string;
  /** Median of ours, in the row's unit. */
  readonly ours: number;
  /** Median of theirs, in the same unit; undefined where there is nothing to compare with. */
  readonly theirs?: number;
  /** Empty for a ratio. */
  readonly unit: "s" | "MB" | "µs" | "min" | "$" | "builds" | "";
  /** What is demanded, in words. */
  readonly goal: string;
  readonly met: boolean;
}

/** One run of a command. */
export interface Run {
  /** Wall time of the whole process, from its start to its end, in seconds. */
  readonly seconds: number;
  readonly output: string;
}

/** Runs a command to its end. A command that fails ends the benchmark: its time would mean nothing. */
export function timed(command: string, args: readonly string[], folder?: string): Run {
  const start = performance.now();
  const { error, status, stdout, stderr } = spawnSync(command, args, {
    cwd: folder,
    maxBuffer: Number.POSITIVE_INFINITY,
  });
  const seconds = (performance.now() - start) / 1000;
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} exited with ${status}: ${stderr}`);
  return { seconds, output: stdout.toString() };
}

/**
 * Runs two works in turns, so that whatever else the machine does meets both alike, and returns the median of each.
 * The first turn of both is not counted: it fills the machine's caches.
 */
export function sideBySide(turns: number, ours: () => number, theirs: () => number): { ours: number; theirs: number } {
  const all = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 0; turn <= turns; turn++) {
    const seconds = { ours: ours(), theirs: theirs() };
    if (turn === 0) continue;
    all.ours.push(seconds.ours);
    all.theirs.push(seconds.theirs);
  }
  return { ours: median(all.ours), theirs: median(all.theirs) };
}

/** The middle of some numbers; of an even count, the upper of the two in the middle. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((one, two) => one - two)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}
