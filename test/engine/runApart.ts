/**
 * Previews one stack of a test's engine or brings it up: `node runApart.ts FOLDER STACK preview|up`, with the engine's
 * variables. A program that throws, or whose update fails under it, is an unhandled rejection of its process, which
 * Pulumi reports and Jest would take for its own.
 */
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";

const [, , folder = "", stackName = "", command = ""] = process.argv;
const pulumiCommand = await PulumiCommand.get({ root: folder });
const stack = await LocalWorkspace.selectStack(
  { stackName, projectName: "strata", program },
  { pulumiCommand, workDir: folder },
);
const onOutput = (line: string) => process.stdout.write(line);
if (command === "up") await stack.up({ onOutput });
else await stack.preview({ onOutput });
