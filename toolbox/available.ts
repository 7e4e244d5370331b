import { spawnSync } from "node:child_process";
import { join } from "node:path";
import type { ToolName } from "./recipes.ts";
import type { Tool } from "./tool.ts";

/** The tools that were asked for, or why this machine cannot have one of them. */
export type Availability<Name extends ToolName> =
  | { readonly tools: Readonly<Record<Name, Tool>>; readonly reason?: undefined }
  | { readonly tools?: undefined; readonly reason: string };

/**
 * Gets tools while the caller waits: for a test file, which must know while it is being read whether its tests run or
 * are skipped, and with which reason. Progress goes to standard error.
 *
 * @param root the repository's folder.
 */
export function available<Name extends ToolName>(names: readonly Name[], root = process.cwd()): Availability<Name> {
  const run = spawnSync(process.execPath, [join(root, "toolbox", "main.ts"), ...names], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  if (run.error) throw run.error;
  if (run.stdout === "") throw new Error(`toolbox/main.ts ended with status ${run.status} and no answer`);
  return JSON.parse(run.stdout) as Availability<Name>;
}
