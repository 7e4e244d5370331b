import type { Argument, Command, Option } from "commander";
import { EXIT } from "../../cli/exit.ts";
import { COMMAND_NAMES, programWith } from "../../cli/run.ts";
import { block, code, page, sentence, table } from "./markdown.ts";
import type { Source } from "./source.ts";

/** The reference of the commands, from the table that the command line itself is made of. */
export async function commandsPage(source: (file: string) => Source): Promise<string> {
  const silent = { write: () => true };
  const program = await programWith(COMMAND_NAMES, { stdout: silent, stderr: silent, env: {} }, () => {});
  const meanings = new Map(
    source("cli/exit.ts")
      .constant("EXIT")
      .map(({ name, doc }) => [name, doc]),
  );
  const exits = Object.entries(EXIT).map(([name, status]) => [String(status), meanings.get(name) ?? ""]);
  return page("Commands", "the table in cli/run.ts and the files in cli/commands/", [
    "`npx strata COMMAND` in a checkout. Words in `<>` are needed, those in `[]` are not.",
    table(
      ["command", "what it does"],
      program.commands.map((one) => [`[${one.name()}](#strata-${one.name()})`, one.description()]),
    ),
    "## Exit codes",
    table(["code", "meaning"], exits),
    ...program.commands.flatMap((one) => described(one, "strata", 2)),
  ]);
}

function described(command: Command, above: string, depth: number): readonly string[] {
  const name = `${above} ${command.name()}`;
  return [
    `${"#".repeat(depth)} ${name}`,
    sentence(command.description()),
    command.commands.length === 0 ? block("", `${name} ${command.usage()}`) : "",
    words(command.registeredArguments),
    options(command.options),
    epilogue(command),
    ...command.commands.flatMap((one) => described(one, name, depth + 1)),
  ];
}

function words(given: readonly Argument[]): string {
  const shown = (one: Argument) => `${one.name()}${one.variadic ? "…" : ""}`;
  const rows = given.map((one) => [code(shown(one)), one.description, one.required ? "" : standard(one.defaultValue)]);
  return rows.length === 0 ? "" : table(["word", "what it is", "default"], rows);
}

function options(given: readonly Option[]): string {
  const rows = given
    .filter(({ hidden }) => !hidden)
    .map((one) => [code(one.flags), explained(one), standard(one.defaultValue)]);
  return rows.length === 0 ? "" : table(["option", "what it does", "default"], rows);
}

function explained({ description, argChoices, mandatory }: Option): string {
  const choices = argChoices === undefined ? "" : ` (one of ${argChoices.map(code).join(", ")})`;
  return `${description}${choices}${mandatory ? " (needed)" : ""}`;
}

function standard(value: unknown): string {
  if (value === undefined || value === false) return "";
  return Array.isArray(value) && value.length === 0 ? "none" : code(String(value));
}

/** What a command's help says behind its options: examples, exit codes. */
function epilogue(command: Command): string {
  let help = "";
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
  });
  command.outputHelp();
  const after = help.slice(command.helpInformation().length).trim();
  return after === "" ? "" : block("", after);
}
