import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { UserError } from "../../chain/errors.ts";

/** What `Pulumi.<environment>.yaml` configures, by key: `gcp:project`, `strata:images`. */
export type Configuration = Readonly<Record<string, unknown>>;

/**
 * The configuration of an environment.
 *
 * @param root the repository's folder.
 */
export function configurationOf(root: string, environment: string): Configuration {
  const file = join(root, `Pulumi.${environment}.yaml`);
  if (existsSync(file)) return parse(readFileSync(file, "utf8")).config ?? {};
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
