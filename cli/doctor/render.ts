import type { Style } from "../render/style.ts";
import type { Result } from "./examine.ts";
import type { State } from "./finding.ts";

const LABELS: Readonly<Record<State, string>> = { good: "good", wrong: "WRONG", note: "note", unknown: "?" };

const COLOURS = { good: "green", wrong: "red", note: "yellow", unknown: "yellow" } as const;

/** A line for each subject, with the fix below what is wrong, and what it comes to. */
export function renderResults(results: readonly Result[], style: Style): string {
  const width = Math.max(...results.map(({ subject }) => subject.length));
  const lines = results.flatMap(({ subject, state, says, fix }) => [
    `${style(COLOURS[state], LABELS[state].padEnd(5))}  ${subject.padEnd(width)}  ${says}`,
    ...(fix === undefined ? [] : [`${" ".repeat(width + 9)}fix: ${fix}`]),
  ]);
  const count = (state: State) => results.filter((one) => one.state === state).length;
  const wrong = count("wrong");
  const unknown = count("unknown") === 0 ? "" : `, ${count("unknown")} could not be asked`;
  return `${lines.join("\n")}\n\n${wrong === 0 ? "nothing is wrong" : `${wrong} wrong`}${unknown}\n`;
}
