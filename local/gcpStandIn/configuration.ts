import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type Configuration, parseConfiguration } from "../../chain/configuration.ts";
import { UserError } from "../../chain/errors.ts";

export type { Configuration } from "../../chain/configuration.ts";

/**
 * The configuration of an environment.
 *
 * @param root the repository's folder.
 * @throws UserError where there is none, or one that cannot be read.
 */
export function configurationOf(root: string, environment: string): Configuration {
  const name = `Pulumi.${environment}.yaml`;
  const file = join(root, name);
  if (existsSync(file)) return parseConfiguration(readFileSync(file, "utf8"), name);
  throw new UserError({
    problem: "there is no such environment",
    value: environment,
    allowed: "one with a file Pulumi.<environment>.yaml",
    fix: "name dev, staging, prod or workstation",
  });
}

/** Writes the settings of a stack that was opened in a folder; its next command reads them. */
export function configure(folder: string, environment: string, config: Configuration): void {
  const file = join(folder, `Pulumi.${environment}.yaml`);
  const { encryptionsalt } = existsSync(file) ? parse(readFileSync(file, "utf8")) : {};
  writeFileSync(file, stringify({ ...(encryptionsalt && { encryptionsalt }), config }));
}
