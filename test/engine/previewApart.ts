/**
 * Previews one stack of a test's engine: `node previewApart.ts FOLDER STACK`, with the engine's variables. A program
 * that throws is an unhandled rejection of its process, which Pulumi reports and Jest would take for its own.
 */
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";

const [, , folder = "", stackName = ""] = process.argv;
const pulumiCommand = await PulumiCommand.get({ root: folder });
const stack = await LocalWorkspace.selectStack(
  { stackName, projectName: "strata", program },
  { pulumiCommand, workDir: folder },
);
await stack.preview({ onOutput: (line) => process.stdout.write(line) });
