import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, CommanderError } from "commander";
import { UserError } from "../../chain/errors.ts";
import { programWith, runCli } from "../../cli/run.ts";
import type { Terminal } from "../../cli/terminal.ts";
import { configurationOf } from "../../local/gcpStandIn/configuration.ts";
import { parseSettings } from "../../settings.ts";
import type { Call } from "./dryRun.ts";

/** What of this machine the check asks. */
export interface Checked {
  /** The repository's folder. */
  readonly root: string;
  /** Pulumi's command. */
  readonly pulumi: string;
}

/** What is wrong with a command that is not run; nothing where all that can be known without running it is right. */
export async function problemsOf({ program, words }: Call, checked: Checked): Promise<readonly string[]> {
  const check = CHECKS[program];
  if (!check) return [`nothing is known about ${program}`];
  return [...(await check(words, checked)), ...missingFiles(words, checked.root)];
}

type Check = (words: readonly string[], checked: Checked) => readonly string[] | Promise<readonly string[]>;

const CHECKS: Readonly<Record<string, Check>> = {
  strata: checkStrata,
  npx: ([name = "", ...words], checked) => (name === "strata" ? checkStrata(words) : checkPackage(name, checked)),
  npm: checkNpm,
  pulumi: checkPulumi,
  gcloud: checkGcloud,
  docker: checkDocker,
  git: checkGit,
  jq: () => [],
};

/** By the table that the command line is made of: an unknown command, option or choice, a word too few or too many. */
async function checkStrata(words: readonly string[]): Promise<readonly string[]> {
  const [name = ""] = words;
  let said = "";
  const silent = { write: (text: string) => (said += text) };
  const program = await programWith([name], { stdout: silent, stderr: silent, env: {} }, () => {});
  if (program.commands.length === 0) return [`strata has no command ${name}`];
  onlyParse(program);
  try {
    await program.parseAsync([...words], { from: "user" });
    return [];
  } catch (error) {
    if (error instanceof CommanderError || error instanceof UserError) return [said || error.message];
    throw error;
  }
}

function onlyParse(command: Command): void {
  if (command.commands.length === 0) command.action(() => {});
  for (const one of command.commands) onlyParse(one);
}

function checkPackage(name: string, { root }: Checked): readonly string[] {
  return existsSync(join(root, "node_modules/.bin", name)) ? [] : [`no package has the program ${name}`];
}

/** npm's own commands that are no scripts. */
const NPM = ["ci", "install"];

function checkNpm([command = "", ...words]: readonly string[], { root }: Checked): ReturnType<Check> {
  if (NPM.includes(command)) return [];
  const script = command === "run" ? (words.find((word) => !word.startsWith("-")) ?? "") : command;
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (!Object.hasOwn(scripts, script)) return [`package.json has no script ${script}`];
  const behind = words.includes("--") ? words.slice(words.indexOf("--") + 1) : [];
  if (script === "strata") return checkStrata(behind);
  const [, stack] = script === "pulumi" ? behind : [];
  return stack === undefined || existsSync(join(root, `Pulumi.${stack}.yaml`))
    ? []
    : [`there is no Pulumi.${stack}.yaml`];
}

/** By Pulumi's own help; by the settings of the stack; by the stack's program, whose outputs it names. */
function checkPulumi(words: readonly string[], { root, pulumi }: Checked): readonly string[] {
  const command = words.slice(0, ["stack", "config"].includes(words[0] ?? "") ? 2 : 1);
  const { given, options } = parted(words.slice(command.length), ["--path", "--json", "--diff"]);
  const help = helpOf(pulumi, command);
  // Of a command that it does not know, Pulumi shows the help of the one above it.
  const usage = / {2}pulumi (\w+(?: \w+)*)/.exec(help)?.[1]?.split(" ") ?? [];
  const isKnown = usage.length === command.length && new RegExp(`\\b${command.at(-1)}\\b`).test(help);
  if (!isKnown) return [`pulumi has no command ${command.join(" ")}`];
  const unknown = [...options.keys()].filter((name) => !help.includes(`${name} `));
  const problems = unknown.map((name) => `pulumi ${command.join(" ")} has no option ${name}`);
  const stack = options.get("--stack") ?? (command[1] === "init" ? given[0] : undefined) ?? "dev";
  if (!existsSync(join(root, `Pulumi.${stack}.yaml`))) problems.push(`there is no Pulumi.${stack}.yaml`);
  else if (command.join(" ") === "config set") problems.push(...checkSetting(root, stack, given));
  const [output] = command.join(" ") === "stack output" ? given : [];
  if (output !== undefined && !outputs(root).has(output)) problems.push(`the stack has no output ${output}`);
  return problems;
}

const helps = new Map<string, string>();

function helpOf(pulumi: string, command: readonly string[]): string {
  const name = command.join(" ");
  const help = helps.get(name) ?? execFileSync(pulumi, [...command, "--help"], { encoding: "utf8" });
  helps.set(name, help);
  return help;
}

/** Whether an environment would still be right with one setting changed. */
function checkSetting(root: string, stack: string, [name = "", value]: readonly string[]): readonly string[] {
  if (value === undefined) return [`${name} is set to nothing`];
  const configuration: Record<string, unknown> = { ...configurationOf(root, stack) };
  const [top = "", ...below] = name.split(".");
  let holder = configuration;
  for (const part of [top, ...below].slice(0, -1)) {
    const inner = { ...(holder[part] as object | undefined) };
    holder[part] = inner;
    holder = inner;
  }
  holder[below.at(-1) ?? top] = value;
  const text = (one: unknown) => (typeof one === "string" ? one : JSON.stringify(one));
  const values = Object.fromEntries(Object.entries(configuration).map(([key, one]) => [key, text(one)]));
  try {
    parseSettings({ stack, project: values["gcp:project"], region: values["gcp:region"], values });
    return [];
  } catch (error) {
    if (error instanceof UserError) return [error.message];
    throw error;
  }
}

/** Names in what the stack's program returns. */
function outputs(root: string): ReadonlySet<string> {
  const returned = readFileSync(join(root, "index.ts"), "utf8").matchAll(/return \{ ([^}]*) \}/g);
  return new Set([...returned].flatMap(([, inner = ""]) => inner.split(", ").map((one) => one.split(":")[0] ?? "")));
}

/** How many words a command of gcloud takes, and its options; from Google's reference. */
const GCLOUD: Readonly<Record<string, readonly [words: number | "any", ...options: readonly string[]]>> = {
  "artifacts docker tags add": [2],
  "auth application-default login": [0, "--impersonate-service-account"],
  "auth configure-docker": [1],
  "auth login": [0],
  "billing projects link": [1, "--billing-account"],
  "builds submit": [0, "--config", "--gcs-source-staging-dir", "--region", "--substitutions"],
  "config set": [2],
  "projects add-iam-policy-binding": [1, "--member", "--role"],
  "projects create": [1],
  "projects describe": [1],
  "secrets add-iam-policy-binding": [1, "--member", "--role"],
  "secrets create": [1, "--data-file"],
  "secrets versions add": [1, "--data-file"],
  "secrets versions disable": [1, "--secret"],
  "services enable": ["any"],
  "storage buckets create": [1, "--location", "--public-access-prevention", "--uniform-bucket-level-access"],
  "storage buckets update": [1, "--versioning"],
};

const GCLOUD_EVERYWHERE = ["--project", "--format", "--quiet"];

/** Options of gcloud that take no word. */
const GCLOUD_FLAGS = ["--public-access-prevention", "--quiet", "--uniform-bucket-level-access", "--versioning"];

function checkGcloud(words: readonly string[]): readonly string[] {
  const command = Object.keys(GCLOUD).find((one) => `${words.join(" ")} `.startsWith(`${one} `));
  const [count, ...known] = (command && GCLOUD[command]) || [];
  if (command === undefined || count === undefined) return [`gcloud ${words.join(" ")} is no command that is known`];
  const { given, options } = parted(words.slice(command.split(" ").length), GCLOUD_FLAGS);
  const unknown = [...options.keys()].filter((name) => ![...known, ...GCLOUD_EVERYWHERE].includes(name));
  return [
    ...unknown.map((name) => `gcloud ${command} has no option ${name}`),
    ...(count === "any" || given.length === count
      ? []
      : [`gcloud ${command} takes ${count} words, not ${given.join(" ")}`]),
  ];
}

/** The targets of `buildx bake` are those of the file that `strata bake` writes. */
async function checkDocker([command = "", ...words]: readonly string[]): Promise<readonly string[]> {
  if (command === "run" || command === "push") return [];
  if (command !== "buildx" || words[0] !== "bake") return [`docker ${command} is no command that is known`];
  const { given } = parted(words.slice(1), ["--load"]);
  let written = "";
  const terminal: Terminal = { stdout: { write: (text) => (written += text) }, stderr: process.stderr, env: {} };
  if ((await runCli(["bake"], terminal)) !== 0) return ["strata bake does not write a file"];
  const { target } = JSON.parse(written);
  return given.filter((one) => !Object.hasOwn(target, one)).map((one) => `strata bake has no target ${one}`);
}

function checkGit([command = ""]: readonly string[]): readonly string[] {
  const { stdout } = spawnSync("git", ["--list-cmds=main"], { encoding: "utf8" });
  return stdout.split("\n").includes(command) ? [] : [`git has no command ${command}`];
}

/** Words that name something in a folder of the repository, where nothing is. */
function missingFiles(words: readonly string[], root: string): readonly string[] {
  const folders = readdirSync(root, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []));
  return words
    .filter((word) => /^[\w.*/-]+$/.test(word) && word.includes("/") && folders.includes(word.split("/")[0] ?? ""))
    .filter((word) => globSync(word, { cwd: root }).length === 0)
    .map((word) => `there is no ${word}`);
}

/** Words and options; an option takes the word behind it unless it is one of the `flags`. */
function parted(words: readonly string[], flags: readonly string[]) {
  const given: string[] = [];
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    const [, name, value] = /^(--?[a-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) given.push(word);
    else if (value !== undefined || flags.includes(name)) options.set(name, value ?? "");
    else options.set(name, words[++at] ?? "");
  }
  return { given, options };
}
