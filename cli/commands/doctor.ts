import { existsSync, readFileSync } from "node:fs";
import type { Command } from "commander";
import { machinesIn, readCatalogue } from "../../chain/catalogue.ts";
import { parseConfiguration } from "../../chain/configuration.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { UserError } from "../../chain/errors.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import { examine } from "../doctor/examine.ts";
import type { Patient } from "../doctor/finding.ts";
import { renderResults } from "../doctor/render.ts";
import { EXIT } from "../exit.ts";
import { styleFor } from "../render/style.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly json?: boolean;
}

/** `strata doctor`: what is wrong with this machine and an environment, and what mends it. Changes nothing. */
export function doctorCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("doctor")
    .description("find what is wrong with this machine and an environment, and say what mends it; changes nothing")
    .argument("[environment]", "a file Pulumi.ENVIRONMENT.yaml is its configuration", "dev")
    .option("--json", "print JSON: [{ subject, state: good | wrong | note | unknown, says, fix }]")
    .addHelpText(
      "after",
      '\nExamples:\n  strata doctor staging\n  eval "$(strata local env)" && strata doctor dev    the same against the local cloud\n\nExit codes: 0 nothing is wrong, 1 something is.',
    )
    .action(async (environment: string, options: Options) => {
      const results = await examine(await patientIn(environment, terminal));
      const text = options.json ? `${JSON.stringify(results, null, 2)}\n` : renderResults(results, styleFor(terminal));
      terminal.stdout.write(text);
      finish(results.some(({ state }) => state === "wrong") ? EXIT.problem : EXIT.done);
    });
}

/** What there is to examine of an environment that is configured in this folder. */
async function patientIn(environment: string, { env }: Terminal): Promise<Patient> {
  const file = `Pulumi.${environment}.yaml`;
  if (!existsSync(file)) {
    throw new UserError({
      problem: "there is no configuration of this environment here",
      value: environment,
      allowed: `a folder with ${file}`,
      fix: "go to the repository's root, or name another environment: strata doctor dev",
    });
  }
  const { settingsIn } = await import("../../settings.ts");
  const settings = settingsIn(environment, parseConfiguration(readFileSync(file, "utf8"), file));
  const api = new GoogleApi({ environment: { ...env } });
  const machines = machinesIn(readCatalogue(workTree(settings.catalogue)));
  return { env, settings, machines, api, now: Date.now };
}
