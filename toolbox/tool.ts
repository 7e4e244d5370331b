import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { cachedFolder, type ToolEvent, type ToolListener } from "./cache.ts";
import { versionFile } from "./debian.ts";
import { type Recipe, recipes, type ToolName } from "./recipes.ts";

/** A program that is ready to be run on this machine. */
export interface Tool {
  /** Absolute path of the program. */
  readonly path: string;
  readonly version: string;
}

/**
 * One of the programs of others that strata runs, fetched or built once per machine. Throws a UserError where it cannot
 * be had here (no Go, a registry that cannot be reached...): its text is what a skipped test gives as the reason.
 */
export async function tool(name: ToolName, tell: ToolListener = onStandardError): Promise<Tool> {
  const { source, program }: Recipe = recipes[name];
  const folder = await cachedFolder(source, tell);
  const recorded = join(folder, versionFile);
  return {
    path: realpathSync(join(folder, program)),
    version: existsSync(recorded) ? readFileSync(recorded, "utf8").trim() : source.version,
  };
}

/** Tells a person on standard error what is being made, about how long it takes and how long it took. */
export function onStandardError(event: ToolEvent): void {
  process.stderr.write(`strata: ${sentence(event)}\n`);
}

function sentence(event: ToolEvent): string {
  const what = `${event.name} ${event.version}`;
  if (event.kind === "making") return `getting ${what}, once on this machine (about ${event.about})`;
  if (event.kind === "waiting") return `waiting for another process that is getting ${what}`;
  return `${what} is ready, after ${event.seconds} s`;
}
