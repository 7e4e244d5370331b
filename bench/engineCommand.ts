/**
 * One Pulumi command as a process: `node engineCommand.ts FOLDER COMMAND dev`, or `… COMMAND bare COUNT` for a program of
 * so many plain resources; opened as `npm run pulumi` opens a stack. The variables say which cloud. The last line of its
 * output is how many resources the stack then has.
 */
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { configurationOf } from "../local/gcpStandIn/configuration.ts";
import { openStack } from "../local/gcpStandIn/engine.ts";

const [folder = "", command = "", environment = "", count = "0", pulumi = ""] = process.argv.slice(2);
const root = join(import.meta.dirname, "..");

/** What a person writes who wants as many topics: nothing but the resources. */
async function plainResources(): Promise<PulumiFn> {
  const { pubsub } = await import("@pulumi/gcp");
  return async () => {
    for (let index = 0; index < Number(count); index++) {
      new pubsub.Topic(`topic-${index}`, { project: "acme-images-dev", name: `topic-${index}` });
    }
  };
}

const bare = environment === "bare";
const stack = await openStack({
  folder,
  root,
  environment,
  configuration: bare ? {} : configurationOf(root, environment),
  program: bare ? await plainResources() : (await import("../index.ts")).default,
  command: pulumi,
});
if (command === "up") await stack.up();
else await stack.preview();
const { deployment } = await stack.exportStack();
process.stdout.write(`${deployment.resources.length}\n`);
process.exit(0);
