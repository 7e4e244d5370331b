import type { BuildEvent } from "../../builder/events.ts";
import { shortKey, showDollars, showMinutes, showSeconds } from "../../chain/amounts.ts";

/**
 * Tells a run in lines, for a log: one for each thing that happens, none for a marker that was told already.
 * @param print takes a line without its end
 */
export function linesOf(print: (line: string) => void): (event: BuildEvent) => void {
  const told = new Map<string, string>();
  return (event) => {
    const line = lineOf(event);
    if (line === undefined || told.get(event.target) === line) return;
    told.set(event.target, line);
    print(`${event.target}: ${line}`);
  };
}

function lineOf(event: BuildEvent): string | undefined {
  const log = "logUrl" in event && event.logUrl !== undefined ? `, log: ${event.logUrl}` : "";
  if (event.kind === "PLANNED") {
    return `to be built under the key ${shortKey(event.key)}, about ${showMinutes(event.minutes)} and ${showDollars(event.dollars)}`;
  }
  if (event.kind === "FOUND") return `published already, ${event.digest}`;
  if (event.kind === "ATTACHED") return `the build ${event.build} of the same key runs already and is followed${log}`;
  if (event.kind === "QUEUED") return `build ${event.build} is submitted${log}`;
  if (event.kind === "BUILDING") {
    const { progress } = event;
    if (progress === undefined) return "building";
    return `${progress.percent} % ${progress.what}${progress.gem === undefined ? "" : ` (${progress.gem})`}`;
  }
  if (event.kind === "VERIFIED") return "its checks have passed";
  if (event.kind === "PUBLISHED") {
    return `published after ${showSeconds(event.seconds)} for ${showDollars(event.dollars)}, ${event.digest}`;
  }
  if (event.kind === "SKIPPED") return `not built, because ${event.because} failed`;
  return `FAILED: ${event.error.message}`;
}
