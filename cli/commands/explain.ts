import type { Command } from "commander";
import { shortKey } from "../../chain/amounts.ts";
import { explain } from "../../chain/explain.ts";
import { CATALOGUE_OPTION, openChain, openChainAt, targetNamed } from "../openChain.ts";
import { styleFor } from "../render/style.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly against: string;
  readonly json?: boolean;
}

/** `strata explain`: why a target's key differs from the one a revision has, input by input. */
export function explainCommand(program: Command, terminal: Terminal): void {
  program
    .command("explain")
    .description("say why a target would be rebuilt, input by input")
    .argument("<target>", "image:stage or image")
    .option(...CATALOGUE_OPTION)
    .option("--against <revision>", "the Git revision to compare with", "HEAD")
    .option("--json", "print JSON: { target, before, after, reasons: [{ kind, text }] }")
    .addHelpText(
      "after",
      "\nExamples:\n  strata explain arr-trainer:runtime --against main\n  strata explain arr-pytorch-base --json",
    )
    .action(async (name: string, options: Options) => {
      await runExplain(name, options, terminal);
    });
}

async function runExplain(name: string, options: Options, terminal: Terminal): Promise<void> {
  const now = await openChain(options.catalogue, terminal);
  const target = targetNamed(name, now);
  const refused = now.chain.refused.get(target);
  const after = now.chain.targets.get(target)?.inputs;
  if (!after) throw refused?.error ?? new Error(`${target} was not collected`);
  const before = (await openChainAt(options.catalogue, options.against)).chain.targets.get(target)?.inputs;
  const reasons = explain(before, after);
  if (options.json) {
    const report = { target, before: before?.key ?? null, after: after.key, reasons };
    terminal.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
    return;
  }
  const style = styleFor(terminal);
  const keys = `${before ? shortKey(before.key) : "no key"} -> ${shortKey(after.key)}`;
  if (reasons.length === 0) {
    terminal.stdout.write(
      `${style("bold", target)} is the same as in ${options.against} (key ${shortKey(after.key)})\n`,
    );
    return;
  }
  terminal.stdout.write(`${style("bold", target)} differs from ${options.against} (${keys}):\n`);
  for (const { kind, text } of reasons) terminal.stdout.write(`  ${style("dim", kind.padEnd(11))} ${text}\n`);
}
