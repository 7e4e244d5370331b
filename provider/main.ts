/** The plugin `strata`: prints the port that it serves on, as Pulumi expects of a plugin. */
import { flushCompileCache } from "node:module";
import { join } from "node:path";
import strata from "../package.json" with { type: "json" };
import { imageProvider } from "./imageProvider.ts";
import { whenAsked } from "./imagePublisher.ts";
import { serve } from "./server.ts";

// Pulumi shows what a plugin writes on standard error among the messages of the command.
const tell = (sentence: string) => process.stderr.write(`${sentence}\n`);
const publisher = whenAsked(async () => {
  const { cloudPublisher } = await import("./cloudPublisher.ts");
  return cloudPublisher(join(import.meta.dirname, ".."), tell);
});

process.stdout.write(`${await serve(imageProvider(strata.version, publisher, tell))}\n`);
// Pulumi ends a plugin without notice, and what was compiled would be lost.
flushCompileCache();
