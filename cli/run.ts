import { Command, CommanderError } from "commander";
import { UserError } from "../chain/errors.ts";
import packageFile from "../package.json" with { type: "json" };
import { EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

type Register = (program: Command, terminal: Terminal, finish: (code: number) => void) => void;

/** The commands in the order of the help. Only the one that is called is loaded, which keeps the start short. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  plan: async () => (await import("./commands/plan.ts")).planCommand,
  report: async () => (await import("./commands/report.ts")).reportCommand,
  explain: async () => (await import("./commands/explain.ts")).explainCommand,
  inputs: async () => (await import("./commands/inputs.ts")).inputsCommand,
  lint: async () => (await import("./commands/lint.ts")).lintCommand,
  bake: async () => (await import("./commands/bake.ts")).bakeCommand,
  comment: async () => (await import("./commands/comment.ts")).commentCommand,
  lock: async () => (await import("./commands/lock.ts")).lockCommand,
  build: async () => (await import("./commands/build.ts")).buildCommand,
  watch: async () => (await import("./commands/watch.ts")).watchCommand,
  verify: async () => (await import("./commands/verify.ts")).verifyCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
  local: async () => (await import("./commands/local.ts")).localCommand,
};

/**
 * Runs one command line.
 * @param words the arguments behind the program's name
 * @param terminal where output goes
 * @returns the exit code
 */
export async function runCli(words: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = EXIT.done;
  const name = words.find((word) => !word.startsWith("-")) ?? "";
  const called = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  const program = await programWith(called, terminal, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const { message } = await mistakeIn(error);
    terminal.stderr.write(`strata: ${message}\n`);
    return EXIT.problem;
  }
}

/** What a person can mend; whatever else was thrown is a defect, and is thrown on. */
async function mistakeIn(error: unknown): Promise<UserError> {
  if (error instanceof UserError) return error;
  // Most commands call nobody at Google, so its client is loaded only here.
  const { GoogleError } = await import("../cloud/google/api.ts");
  if (!(error instanceof GoogleError)) throw error;
  return new UserError({
    problem: `Google Cloud answered ${error.status}`,
    value: error.message,
    fix: "`strata doctor` says what the environment lacks; `pulumi up` brings it up",
  });
}

/** The names of all commands, in the order of the help. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** The program with some of its commands: to run one, or to describe them. */
export async function programWith(
  names: readonly string[],
  terminal: Terminal,
  finish: (code: number) => void,
): Promise<Command> {
  const program = new Command("strata")
    .description("Keeps a chain of container images up to date: rebuilds what changed and says why.")
    .showHelpAfterError("(strata --help lists commands and options)")
    .addHelpText("after", HELP)
    .configureOutput({
      writeOut: (text) => terminal.stdout.write(text),
      writeErr: (text) => terminal.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "strata: ")),
    })
    .version(packageFile.version, "--version", "print strata's version")
    .exitOverride();
  for (const name of names) {
    const register = await COMMANDS[name]?.();
    register?.(program, terminal, finish);
  }
  return program;
}

const HELP = `
Examples:
  strata plan                                     what would be built, why, for how long, for how much
  strata plan --against main --exit-code          what this working tree would rebuild compared with main
  strata explain arr-trainer:runtime --against main
  strata bake | docker buildx bake -f - arr-ml-stack_runtime

Exit codes: 0 done, 1 a problem, 2 the command line cannot be read, 3 something would be built (plan --exit-code)
or has drifted (lock --check), 4 builds were left running (build, watch), 130 they were cancelled.`;
