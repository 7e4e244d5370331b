import { type Catalogue, foldersWithoutSettings, LEAST_SETTINGS, pathIn } from "./catalogue.ts";
import type { CollectedChain } from "./collect.ts";
import type { Instruction } from "./dockerfile/instructions.ts";
import { isSymbolic, readable } from "./dockerfile/symbols.ts";
import type { Finding } from "./finding.ts";
import type { Graph, GraphTarget } from "./graph.ts";
import { lintShell, type ShellText } from "./lintShell.ts";
import { UnresolvedPin } from "./unresolved.ts";
import { wrongPairs } from "./versions.ts";

/** How a finding is excused: a comment in the line above, with the reason. */
const EXCUSE = /#\s*strata lint: allow ([a-z-]+): \S/;

/** Names of build args and variables whose values are secrets. */
const SECRET_NAME = /(^|_)(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|API_?KEY|ACCESS_KEY|PRIVATE_KEY|CREDENTIALS?)$/i;

/** Values that are secrets by their form: keys of cloud and model services, and private keys. */
const SECRET_VALUE =
  /(AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|hf_[A-Za-z0-9]{30,}|AIza[0-9A-Za-z_-]{35}|-----BEGIN [A-Z ]*PRIVATE KEY)/;

/** Every finding of a catalogue, in the order of files and lines; those excused in place are left out. */
export function lintCatalogue(catalogue: Catalogue, graph: Graph, chain: CollectedChain): readonly Finding[] {
  const findings = [
    ...foldersWithoutSettings(catalogue).map((folder) => lintFolder(folder, catalogue)),
    ...[...graph.values()].flatMap((target) => lintTarget(target, chain)),
  ];
  const unique = new Map(findings.map((one) => [`${one.file}:${one.line}:${one.rule}:${one.problem}`, one]));
  const lines = new Map<string, readonly string[]>();
  const excused = ({ file, line, rule }: Finding) => {
    const text = lines.get(file) ?? linesOf(file, catalogue);
    lines.set(file, text);
    return EXCUSE.exec(text[line - 2] ?? "")?.[1] === rule;
  };
  return [...unique.values()]
    .filter((one) => !excused(one))
    .sort((one, other) => (one.file === other.file ? one.line - other.line : one.file < other.file ? -1 : 1));
}

function lintFolder(folder: string, { tree }: Catalogue): Finding {
  const problem = "the folder has no image.yaml, so it is no image of the catalogue";
  const at = { file: pathIn(tree, `${folder}/Dockerfile`), line: 1 };
  return { severity: "error", rule: "no-settings", ...at, problem, fix: `write ${LEAST_SETTINGS}` };
}

/** The lines of a file that a finding names; none where it is not in the catalogue or a build context. */
function linesOf(file: string, { tree, images }: Catalogue): readonly string[] {
  for (const each of [tree, ...[...images.values()].map(({ context }) => context)]) {
    const path = file.slice(pathIn(each, "").length);
    if (file === pathIn(each, path) && each.entry(path)?.kind === "file") {
      return each.read(path).toString("utf8").split("\n");
    }
  }
  return [];
}

function lintTarget(target: GraphTarget, chain: CollectedChain): Finding[] {
  const { dockerfile, settings } = target.image;
  const { file } = dockerfile;
  const collected = chain.targets.get(target.name);
  const args = { ...collected?.inputs.args, ...settings.args };
  const findings: Finding[] = [];
  const add = (rule: string, line: number, problem: string, fix: string) =>
    findings.push({ severity: "error", rule, file, line, problem, fix });

  const refused = chain.refused.get(target.name);
  if (refused && refused.because === undefined) {
    const { problem, fix = "", at } = refused.error.detail;
    // A pin that is marked as unresolved is known to be open; the plan refuses its images until it is resolved.
    const open = refused.error instanceof UnresolvedPin;
    const [severity, rule] = open ? (["warning", "unresolved"] as const) : (["error", "unkeyable"] as const);
    findings.push({ severity, rule, file: at?.file ?? file, line: at?.line ?? 1, problem, fix });
  }
  for (const { arg, problem, allowed } of wrongPairs(args)) {
    add("version-pair", lineOfArg(dockerfile.instructions, arg), problem, `set ${arg} to ${allowed}`);
  }
  for (const base of target.bases) {
    if (/(^|\/)[^/:@]+(:latest)?$/.test(base)) {
      add("latest", lineNaming(dockerfile.instructions, base), `${base} is whatever is newest`, "name a version");
    }
  }
  for (const instruction of dockerfile.instructions) {
    for (const { name, value } of namedValues(instruction)) {
      const secret = (SECRET_NAME.test(name) && value !== "") || SECRET_VALUE.test(value);
      if (!secret) continue;
      const keyword = instruction.kind;
      const fix = "pass it with RUN --mount=type=secret, which leaves no trace in the image";
      add("secret", instruction.source.line, `${keyword} ${name} would keep a secret in the image's history`, fix);
    }
    for (const text of shellTexts(instruction, file)) findings.push(...lintShell(text, args));
  }
  for (const [name, value] of collected?.config.env ?? []) {
    if (!isSymbolic(value) || !settings.hints.some((hint) => value.includes(`hint ${hint}`))) continue;
    const problem = `ENV ${name} takes the hint ${readable(value)} into the image, but hints are not part of the key`;
    add("hint-leak", lineOfEnv(dockerfile.instructions, name), problem, "use the hint in RUN only");
  }
  for (const { path } of collected?.inputs.files ?? []) {
    if (!path.endsWith(".sh")) continue;
    const { context } = target.image;
    const script = { file: pathIn(context, path), line: 1, text: context.read(path).toString("utf8") };
    findings.push(...lintShell(script, args));
  }
  return findings;
}

function namedValues(instruction: Instruction): readonly { readonly name: string; readonly value: string }[] {
  if (instruction.kind === "ENV") return instruction.pairs;
  // An ARG without a default takes its value from the build's arguments, which are in the history all the same.
  if (instruction.kind === "ARG") return instruction.args.map(({ name, value }) => ({ name, value: value ?? "$" }));
  return [];
}

function shellTexts(instruction: Instruction, file: string): readonly ShellText[] {
  if (instruction.kind !== "RUN") return [];
  const { source, command } = instruction;
  const heredocs = source.heredocs.map(({ content }) => content).join("\n");
  return [{ file, line: source.line, text: `${command.arguments.join(" ")}\n${heredocs}`, oneLine: true }];
}

function lineOfArg(instructions: readonly Instruction[], arg: string): number {
  const found = instructions.find((one) => one.kind === "ARG" && one.args.some(({ name }) => name === arg));
  return found?.source.line ?? 1;
}

function lineOfEnv(instructions: readonly Instruction[], variable: string): number {
  const found = instructions.findLast((one) => one.kind === "ENV" && one.pairs.some(({ name }) => name === variable));
  return found?.source.line ?? 1;
}

function lineNaming(instructions: readonly Instruction[], word: string): number {
  return instructions.find(({ source }) => source.text.includes(word))?.source.line ?? 1;
}
