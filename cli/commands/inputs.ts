import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { parseBaseLock } from "../../chain/bases.ts";
import { statCacheFolder } from "../../chain/context/statCache.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { UserError } from "../../chain/errors.ts";
import { buildOptions, collectTarget, readDockerfile, type TargetInputs } from "../../chain/inputs.ts";
import { errorCode, errorMessage } from "../../cloud/systemError.ts";
import { CATALOGUE_OPTION, openChain, targetNamed } from "../openChain.ts";
import { renderInputs } from "../render/inputs.ts";
import { styleFor } from "../render/style.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly dockerfile?: string;
  readonly context?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly platform?: string;
  readonly lock?: string;
  readonly json?: boolean;
}

/** `strata inputs`: everything that goes into a target, and its key. */
export function inputsCommand(program: Command, terminal: Terminal): void {
  program
    .command("inputs")
    .description("show everything that goes into a target, and its key")
    .argument("[target]", "image:stage or image of the catalogue")
    .option(...CATALOGUE_OPTION)
    .option("--dockerfile <file>", "instead of a target: any Dockerfile")
    .option("--context <folder>", "its build context; by default the Dockerfile's folder")
    .option("--target <stage>", "its stage; by default the last one")
    .option("--build-arg <name=value>", "a build arg, any number of times", collect, [])
    .option("--platform <os/architecture>", "what the image is for; by default linux/amd64")
    .option("--lock <file>", "digests of base images, in the form of bases.lock.yaml")
    .option("--json", "print JSON: { algorithm, key, instructions, args, files, parents, bases }")
    .addHelpText(
      "after",
      "\nExamples:\n  strata inputs arr-trainer:runtime\n  strata inputs --dockerfile app/Dockerfile --context app --build-arg V=2 --json",
    )
    .action(async (target: string | undefined, options: Options) => {
      const inputs = await inputsOf(target, options, terminal);
      const text = options.json ? `${JSON.stringify(inputs, null, 2)}\n` : renderInputs(inputs, styleFor(terminal));
      terminal.stdout.write(text);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function inputsOf(target: string | undefined, options: Options, terminal: Terminal): Promise<TargetInputs> {
  if (options.dockerfile !== undefined) return inputsOfDockerfile(options.dockerfile, options, terminal);
  if (target === undefined) {
    throw new UserError({
      problem: "nothing says whose inputs to show",
      allowed: "a target of the catalogue, or --dockerfile FILE",
      fix: "strata inputs arr-trainer:runtime",
    });
  }
  const open = await openChain(options.catalogue, terminal);
  const name = targetNamed(target, open);
  const collected = open.chain.targets.get(name);
  if (!collected) throw open.chain.refused.get(name)?.error ?? new Error(`${name} was not collected`);
  return collected.inputs;
}

async function inputsOfDockerfile(file: string, options: Options, terminal: Terminal): Promise<TargetInputs> {
  const folder = dirname(file);
  if (!existsSync(file)) {
    throw new UserError({
      problem: "there is no such Dockerfile",
      value: file,
      allowed: "a Dockerfile of any name",
      fix: "correct --dockerfile",
    });
  }
  if (options.context !== undefined) requireFolder(options.context);
  const dockerfile = { tree: workTree(folder), path: basename(file) };
  const context = workTree(options.context ?? folder, { statCache: statCacheFolder({ ...terminal.env }) });
  const lock = options.lock === undefined ? undefined : parseBaseLock(readText(options.lock), options.lock);
  const { inputs } = await collectTarget(
    readDockerfile(dockerfile, file),
    { dockerfile, context, ...(lock && { lock }) },
    buildOptions({
      args: buildArgs(options.buildArg),
      ...(options.target !== undefined && { target: options.target }),
      ...(options.platform !== undefined && { platform: options.platform }),
    }),
  );
  return inputs;
}

function requireFolder(context: string): void {
  if (statSync(context, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new UserError({
    problem: "the build context is no folder",
    value: context,
    allowed: "a folder, which the Dockerfile's sources are in",
    fix: "correct --context, or leave it out: the Dockerfile's folder is taken then",
  });
}

/** Reads "NAME=VALUE" words. */
function buildArgs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf("=");
      if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
      throw new UserError({
        problem: "the build arg has no value",
        value: word,
        allowed: "--build-arg NAME=VALUE",
        fix: `give it one: --build-arg ${word}=VALUE`,
      });
    }),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(
      {
        problem: `the file cannot be read: ${errorCode(error) ?? errorMessage(error)}`,
        value: file,
        allowed: "a lock in the form of bases.lock.yaml",
        fix: "correct --lock",
      },
      { cause: error },
    );
  }
}
