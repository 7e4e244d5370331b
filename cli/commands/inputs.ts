import { readFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import type { Command } from "commander";
import { parseBaseLock } from "../../chain/bases.ts";
import { statCacheFolder } from "../../chain/context/statCache.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { UserError } from "../../chain/errors.ts";
import { buildOptions, collectTarget, readDockerfile, type TargetInputs } from "../../chain/inputs.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly dockerfile?: string;
  readonly context?: string;
  readonly target?: string;
  readonly buildArg: readonly string[];
  readonly lock?: string;
  readonly json?: boolean;
}

/** `strata inputs`: everything that goes into a target, and its key. */
export function inputsCommand(program: Command, terminal: Terminal, _finish: (code: number) => void): void {
  program
    .command("inputs")
    .description("show everything that goes into a target, and its key")
    .option("--dockerfile <file>", "a Dockerfile outside the catalogue")
    .option("--context <folder>", "its build context; by default the Dockerfile's folder")
    .option("--target <stage>", "the stage; by default the last one")
    .option("--build-arg <name=value>", "a build arg, any number of times", collect, [])
    .option("--lock <file>", "digests of base images (bases.lock.yaml)")
    .option("--json", "print JSON")
    .action(async (options: Options) => {
      const inputs = await inputsOfDockerfile(options, terminal);
      terminal.stdout.write(`${JSON.stringify(inputs, null, 2)}\n`);
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function inputsOfDockerfile(options: Options, terminal: Terminal): Promise<TargetInputs> {
  const file = options.dockerfile ?? "Dockerfile";
  const folder = dirname(file);
  const dockerfile = { tree: workTree(folder), path: basename(file) };
  const context = workTree(options.context ?? folder, { statCache: statCacheFolder({ ...terminal.env }) });
  const lock = options.lock === undefined ? undefined : parseBaseLock(readText(options.lock), options.lock);
  const { inputs } = await collectTarget(
    readDockerfile(dockerfile, file),
    { dockerfile, context, ...(lock && { lock }) },
    buildOptions({
      args: buildArgs(options.buildArg),
      ...(options.target !== undefined && { target: options.target }),
    }),
  );
  return inputs;
}

function buildArgs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const equals = word.indexOf("=");
      if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
      throw new UserError({ problem: "the build arg has no value", value: word, allowed: "--build-arg NAME=VALUE" });
    }),
  );
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(
      { problem: `the file cannot be read: ${(error as Error).message}`, at: { file } },
      { cause: error },
    );
  }
}
