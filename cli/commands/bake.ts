import type { Command } from "commander";
import { bakeFile } from "../../chain/bake.ts";
import { CATALOGUE_OPTION, openChain } from "../openChain.ts";
import type { Terminal } from "../terminal.ts";

/** `strata bake`: the chain for docker buildx bake. */
export function bakeCommand(program: Command, terminal: Terminal): void {
  program
    .command("bake")
    .description("print a docker-bake.json that builds the chain on a workstation")
    .option(...CATALOGUE_OPTION)
    .addHelpText(
      "after",
      "\nExamples:\n  strata bake | docker buildx bake -f - --print\n  strata bake | docker buildx bake -f - arr-trainer_runtime",
    )
    .action(async (options: { readonly catalogue: string }) => {
      const { catalogue, graph, chain } = await openChain(options.catalogue, terminal);
      terminal.stdout.write(`${JSON.stringify(bakeFile(catalogue, graph, chain, options.catalogue), null, 2)}\n`);
    });
}
