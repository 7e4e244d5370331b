/** The plugin `strata`: prints the port that it serves on, as Pulumi expects of a plugin. */
import { join } from "node:path";
import { cloudPublisher } from "./cloudPublisher.ts";
import { imageProvider } from "./imageProvider.ts";
import { serve } from "./server.ts";

// Pulumi shows what a plugin writes on standard error among the messages of the command.
const tell = (sentence: string) => process.stderr.write(`${sentence}\n`);
const publisher = cloudPublisher(join(import.meta.dirname, ".."), tell);

process.stdout.write(`${await serve(imageProvider("0.1.0", publisher, tell))}\n`);
