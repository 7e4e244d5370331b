import { Command, CommanderError } from "commander";
import { UserError } from "../chain/errors.ts";
import { inputsCommand } from "./commands/inputs.ts";
import type { Terminal } from "./terminal.ts";

/** The exit codes of every command. */
export const EXIT = { done: 0, problem: 1, usage: 2, wouldBuild: 3 } as const;

/**
 * Runs one command line.
 * @param words the arguments behind the program's name
 * @param terminal where output goes
 * @returns the exit code
 */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command("strata")
    .description("Keeps a chain of container images up to date: rebuilds what changed and says why.")
    .showHelpAfterError("(strata --help lists commands and options)")
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
    })
    .exitOverride();
  const finish = (result: number) => {
    code = result;
  };
  inputsCommand(program, terminal, finish);
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (!(error instanceof UserError)) throw error;
    terminal.stderr.write(`strata: ${error.message}\n`);
    return EXIT.problem;
  }
}
