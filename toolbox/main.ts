/**
 * Gets the named tools and prints one line of JSON: `{"tools": {name: {path, version}}}`, or `{"reason": "..."}` and
 * status 1. Run as `node toolbox/main.ts buildkitd buildctl runc`.
 */
import { UserError } from "../chain/errors.ts";
import { recipes, type ToolName } from "./recipes.ts";
import { type Tool, tool } from "./tool.ts";

try {
  const tools: Record<string, Tool> = {};
  for (const name of process.argv.slice(2)) tools[name] = await tool(known(name));
  process.stdout.write(`${JSON.stringify({ tools })}\n`);
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(`${JSON.stringify({ reason: error.message })}\n`);
  process.exitCode = 1;
}

function known(name: string): ToolName {
  const names = Object.keys(recipes) as ToolName[];
  const found = names.find((one) => one === name);
  if (found === undefined)
    throw new UserError({ problem: "there is no such tool", value: name, allowed: names.join(", ") });
  return found;
}
