import { type FoundPulumi, findPulumi } from "../local/gcpStandIn/pulumiCommand.ts";
import type { ToolEvent, ToolListener } from "../toolbox/cache.ts";
import type { ToolName } from "../toolbox/recipes.ts";
import { type Tool, tool } from "../toolbox/tool.ts";
import type { Narrator } from "./narrator.ts";

/** Pulumi's command, got ready where it is not there yet; silent where it is. */
export function readyPulumi(narrator: Narrator): Promise<FoundPulumi> {
  return settled(narrator, findPulumi(shownBy(narrator)));
}

/** Gets a tool ready; silent where it is there already. */
export function readyTool(narrator: Narrator, name: ToolName): Promise<Tool> {
  return settled(narrator, tool(name, shownBy(narrator)));
}

/** Shows what is being made, for how long already and about how long it takes. */
export function shownBy(narrator: Narrator): ToolListener {
  return (event: ToolEvent) => {
    const what = `${event.name} ${event.version}`;
    if (event.kind === "making") narrator.wait(`getting ${what}, once on this machine`, event.about);
    if (event.kind === "waiting") narrator.wait(`another process is getting ${what}; waiting for it`);
    if (event.kind === "made") {
      narrator.settle();
      narrator.say(`${what} is ready, after ${event.seconds} s`);
    }
  };
}

async function settled<T>(narrator: Narrator, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } finally {
    narrator.settle();
  }
}
