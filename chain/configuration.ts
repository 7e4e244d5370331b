import { z } from "zod";
import { parseYaml } from "./yaml.ts";

/** What is configured in `Pulumi.<environment>.yaml`, by key: `gcp:project`, `strata:images`. */
export type Configuration = Readonly<Record<string, unknown>>;

/** Pulumi keeps more in the file than the configuration: what its secrets are encrypted with, for example. */
const schema = z.looseObject({ config: z.record(z.string(), z.unknown()).nullish() });

/**
 * Reads the configuration of an environment; a file without one configures nothing.
 * @param file the path for messages
 * @throws UserError with file and line for what is no YAML, or no configuration
 */
export function parseConfiguration(text: string, file: string): Configuration {
  const help = () => ({ allowed: "config:, and indented below it gcp:project: acme-images-dev", fix: `edit ${file}` });
  return parseYaml(text, file, schema, help).config ?? {};
}
