import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import type { Row } from "./measure.ts";

/** What a benchmark's file, `<subject>.bench.ts` in this folder, exports. */
interface Benchmark {
  /** Measures and returns the rows of the table. */
  rows(): Promise<readonly Row[]>;
}

const HERE = new URL("./", import.meta.url);
const RESULTS = fileURLToPath(new URL("results.json", HERE));
const README = fileURLToPath(new URL("../README.md", HERE));

const chosen = process.argv.slice(2);
const names = readdirSync(HERE)
  .filter((name) => name.endsWith(".bench.ts"))
  .map((name) => name.replace(/\.bench\.ts$/, ""))
  .filter((name) => chosen.length === 0 || chosen.includes(name))
  .sort();
const rows: Row[] = [];
for (const name of names) {
  process.stderr.write(`measuring ${name} …\n`);
  const benchmark = (await import(new URL(`${name}.bench.ts`, HERE).href)) as Benchmark;
  rows.push(...(await benchmark.rows()));
}
process.stdout.write(table(rows));
// A part of the benchmarks is for looking at; only a full run is kept.
if (chosen.length === 0) {
  writeFileSync(RESULTS, `${JSON.stringify({ ...machine(), rows }, null, 2)}\n`);
  const readme = readFileSync(README, "utf8");
  writeFileSync(README, readme.replace(/(<!-- bench -->\n)[\s\S]*?(<!-- \/bench -->)/, `$1\n${summary(rows)}\n$2`));
}
process.exitCode = rows.every(({ met }) => met) ? 0 : 1;

/** What the figures depend on. */
function machine() {
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    kernel: `${process.platform} ${release()}`,
    processor: `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
    memoryGb: Math.round(totalmem() / 1e9),
  };
}

/** The table and what it was measured on, for the README. */
function summary(rows: readonly Row[]): string {
  const { date, node, processor, memoryGb } = machine();
  return `${table(rows)}\nMeasured ${date} with \`npm run bench\`: Node ${node}, ${processor}, ${memoryGb} GB.\n`;
}

/** The rows as a Markdown table. */
function table(rows: readonly Row[]): string {
  const lines = rows.map(({ work, against, ours, theirs, unit, goal, met }) => {
    const comparison = theirs === undefined ? ["", ""] : [figure(theirs, unit), (ours / theirs).toFixed(2)];
    return [work, figure(ours, unit), against, ...comparison, goal, met ? "yes" : "no"];
  });
  const head = ["work", "ours", "against", "theirs", "ours / theirs", "goal", "met"];
  return [head, head.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

function figure(value: number, unit: Row["unit"]): string {
  return `${value.toPrecision(3)} ${unit}`.trimEnd();
}
