import type { Command } from "commander";
import { counted } from "../../chain/amounts.ts";
import { lintCatalogue } from "../../chain/lint.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION, openChain } from "../openChain.ts";
import { styleFor } from "../render/style.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly json?: boolean;
}

/** `strata lint`: what makes an image unkeyable, unrepeatable or unsafe. */
export function lintCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("lint")
    .description("find what makes an image unkeyable, unrepeatable or unsafe; exit 1 on an error")
    .option(...CATALOGUE_OPTION)
    .option("--json", "print JSON: [{ severity, rule, file, line, problem, fix }]")
    .addHelpText("after", EXCUSES)
    .action(async (options: Options) => {
      const { catalogue, graph, chain } = await openChain(options.catalogue, terminal);
      const findings = lintCatalogue(catalogue, graph, chain);
      const errors = findings.filter(({ severity }) => severity === "error").length;
      finish(errors > 0 ? EXIT.problem : EXIT.done);
      if (options.json) {
        terminal.stdout.write(`${JSON.stringify(findings, null, 2)}\n`);
        return;
      }
      const style = styleFor(terminal);
      for (const { severity, rule, file, line, problem, fix } of findings) {
        const label = style(severity === "error" ? "red" : "yellow", severity);
        terminal.stdout.write(`${file}:${line}: ${label}: ${problem} ${style("dim", `(${rule})`)}\n  fix: ${fix}\n`);
      }
      terminal.stdout.write(
        `${counted(errors, "error")}, ${counted(findings.length - errors, "warning")} in ${counted(catalogue.images.size, "image")}\n`,
      );
    });
}

const EXCUSES = `
A finding that is meant to be there is excused in the line above it, with the reason:
  # strata lint: allow apt-unpinned: this stage never reaches the image

Example:
  strata lint --json`;
