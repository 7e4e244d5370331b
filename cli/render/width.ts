import { stripVTControlCharacters } from "node:util";
import type { Terminal } from "../terminal.ts";

/** What a terminal has that does not say how wide it is. */
const USUAL_COLUMNS = 80;

/** How many columns a line may have: those of a terminal; in a pipe or a file nothing is cut. */
export function columnsOf({ stdout }: Terminal): number {
  return stdout.isTTY === true ? (stdout.columns ?? USUAL_COLUMNS) : Number.POSITIVE_INFINITY;
}

/** Shortens a line to what fits, without its colours where it has to. */
export function cut(line: string, columns: number): string {
  const plain = stripVTControlCharacters(line);
  return plain.length <= columns ? line : `${plain.slice(0, Math.max(0, columns - 1))}…`;
}

/** Breaks a line between its words so that each part fits, all under its own indent; a longer word stays whole. */
export function wrap(line: string, columns: number): readonly string[] {
  if (line.length <= columns) return [line];
  const indent = /^ */.exec(line)?.[0] ?? "";
  const parts: string[] = [];
  let part = "";
  for (const word of line.slice(indent.length).split(" ")) {
    const longer = part === "" ? `${indent}${word}` : `${part} ${word}`;
    if (part === "" || longer.length <= columns) part = longer;
    else {
      parts.push(part);
      part = `${indent}${word}`;
    }
  }
  return [...parts, part];
}
