import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The parts of the style sheet, in their order. */
const PARTS = ["colours", "base", "summary", "graph", "targets", "adaptations"];

/** The style sheet of every page and report. */
export function readStyle(): string {
  return PARTS.map((part) => readFileSync(join(import.meta.dirname, `${part}.css`), "utf8")).join("\n");
}
