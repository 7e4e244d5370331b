import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type GeneratedTree, generatedTree } from "./generatedTree.ts";
import { median, type Row, sideBySide, timed } from "./measure.ts";
import type { ReadTree } from "./readTree.ts";

/** How often each pair is run; the median counts. */
const TURNS = 3;
/** What is measured: a whole process that reads a tree. */
const PROGRAM = fileURLToPath(new URL("./readTree.ts", import.meta.url));

/** Reading a context: cold against sha256sum, warm against git status, and how both grow. */
export async function rows(): Promise<Row[]> {
  const small = await measured(1000);
  const middle = await measured(10_000);
  const large = await measured(100_000);
  return [
    coldRow(middle, 1.3),
    warmRow(middle),
    coldRow(large, 1.5),
    warmRow(large),
    {
      work: `context of ${large.what}, warm, whole process`,
      against: "",
      ours: large.warmProcess,
      unit: "s",
      goal: "under 0.6 s",
      met: large.warmProcess < 0.6,
    },
    growthRow("cold", small.read.cold, middle.read.cold, large.read.cold),
    growthRow("warm", small.read.warm, middle.read.warm, large.read.warm),
    memoryRow("cold", large.what, large.read.cold),
    memoryRow("warm", large.what, large.read.warm),
  ];
}

interface Pair {
  readonly ours: number;
  readonly theirs: number;
}

interface Measured {
  readonly what: string;
  /** Whole processes, in seconds: without a stat cache against sha256sum. */
  readonly cold: Pair;
  /** With a stat cache that knows all files, in seconds, without the start of Node; against git status, with its start. */
  readonly warm: Pair;
  /** The same, the whole process. */
  readonly warmProcess: number;
  /** What the last of our processes said of itself. */
  readonly read: { readonly cold: ReadTree; readonly warm: ReadTree };
}

async function measured(files: number): Promise<Measured> {
  const tree = generatedTree(files);
  try {
    // Neither Git nor the stat cache trusts a file that has only just changed.
    await setTimeout(3000);
    return measure(tree);
  } finally {
    tree.remove();
  }
}

function measure({ folder, list, files, bytes }: GeneratedTree): Measured {
  const statCache = join(list, "../statcache");
  let cold: ReadTree | undefined;
  let warm: ReadTree | undefined;
  const program = (...args: string[]) => {
    const { seconds, output } = timed(process.execPath, [PROGRAM, folder, ...args]);
    return { seconds, said: JSON.parse(output) as ReadTree };
  };
  const coldPair = sideBySide(
    TURNS,
    () => {
      const { seconds, said } = program();
      cold = said;
      return seconds;
    },
    () => timed("xargs", ["-0", "-a", list, "sha256sum"], folder).seconds,
  );
  const processes: number[] = [];
  const warmPair = sideBySide(
    TURNS,
    () => {
      const { seconds, said } = program(statCache);
      warm = said;
      processes.push(seconds);
      return said.seconds;
    },
    () => timed("git", ["status", "--porcelain"], folder).seconds,
  );
  if (cold?.files !== files || warm?.files !== files) throw new Error(`not all ${files} files were read`);
  const what = `${files.toLocaleString("en")} files / ${Math.round(bytes / 1e6)} MB`;
  const [, ...counted] = processes;
  return { what, cold: coldPair, warm: warmPair, warmProcess: median(counted), read: { cold, warm } };
}

function coldRow({ what, cold: { ours, theirs } }: Measured, factor: number): Row {
  return {
    work: `context of ${what}, cold, whole process`,
    against: "sha256sum over the same files on one core",
    ours,
    theirs,
    unit: "s",
    goal: `at least ${factor} times faster`,
    met: theirs / ours >= factor,
  };
}

function warmRow({ what, warm: { ours, theirs } }: Measured): Row {
  return {
    work: `context of ${what}, warm, without Node's start`,
    against: "git status over the same tree",
    ours,
    theirs,
    unit: "s",
    goal: "no slower than 2 times",
    met: ours <= 2 * theirs,
  };
}

/** Time per file between 1,000 and 10,000 files, and between 10,000 and 100,000, in microseconds. */
function growthRow(state: string, small: ReadTree, middle: ReadTree, large: ReadTree): Row {
  const perFile = (from: ReadTree, to: ReadTree) => (1e6 * (to.seconds - from.seconds)) / (to.files - from.files);
  const ours = perFile(middle, large);
  const theirs = perFile(small, middle);
  return {
    work: `${state}: time per file from 10,000 to 100,000 files`,
    against: "from 1,000 to 10,000 files",
    ours,
    theirs,
    unit: "µs",
    goal: "linear: at most 1.5 times",
    met: ours <= 1.5 * theirs,
  };
}

function memoryRow(state: string, what: string, { peakMb }: ReadTree): Row {
  return {
    work: `context of ${what}, ${state}: peak memory`,
    against: "",
    ours: peakMb,
    unit: "MB",
    goal: "under 250 MB",
    met: peakMb < 250,
  };
}
