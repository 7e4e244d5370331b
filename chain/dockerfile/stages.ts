import { UserError } from "../errors.ts";
import type { Instruction, InstructionOf } from "./instructions.ts";
import { MOST_ENVIRONMENT } from "./limits.ts";
import { parseMounts } from "./mounts.ts";
import type { Dockerfile } from "./parse.ts";
import { formatPlatform, type Platform, parsePlatform, platformArgs } from "./platforms.ts";
import { isSymbolic, readable, symbol } from "./symbols.ts";
import { expandWord, noVariables, type Variables } from "./words.ts";

/** What a build is given besides the files. */
export interface BuildOptions {
  /** The stage to build; undefined is the last one. */
  readonly target?: string;
  /** Values of --build-arg. */
  readonly args: ReadonlyMap<string, string>;
  /** Names of build args whose values must not reach the key. */
  readonly hints: ReadonlySet<string>;
  /** What the image is for, and what builds it. */
  readonly platform: Platform;
}

/** One stage, its base resolved to another stage or the name of an image. */
export interface Stage {
  /** Position in the file, from 0. */
  readonly index: number;
  /** Name, or "stage-N". */
  readonly label: string;
  readonly from: InstructionOf<"FROM">;
  readonly base: Stage | string;
  readonly platform: Platform;
  /** Global args that its FROM line uses. */
  readonly usedGlobals: ReadonlySet<string>;
  readonly instructions: readonly Instruction[];
}

/** A Dockerfile's stages and what its global scope gives them. */
export interface Stages {
  readonly dockerfile: Dockerfile;
  readonly all: readonly Stage[];
  readonly target: Stage;
  /** Global and predefined args by name. */
  readonly globals: ReadonlyMap<string, string>;
  /** The stage that a name or, for COPY, an index means; undefined where it is no stage. */
  find(name: string): Stage | undefined;
}

/**
 * Splits a Dockerfile into stages and resolves what each is FROM.
 * @throws UserError where a name cannot be resolved before the build, or the target does not exist
 */
export function resolveStages(dockerfile: Dockerfile, options: BuildOptions): Stages {
  const { global, groups } = splitStages(dockerfile);
  const globals = globalArgs(dockerfile, global, groups, options);
  const declared = new Set(global.flatMap(({ args }) => args.map(({ name }) => name)));
  const byName = new Map<string, Stage>();
  const all: Stage[] = [];
  for (const { from, instructions } of groups) {
    const usedGlobals = new Set<string>();
    const expand = (word: string) => {
      const get = (name: string) => {
        if (declared.has(name)) usedGlobals.add(name);
        return globals.get(name);
      };
      return expandGlobal(word, get, dockerfile, from.source.line);
    };
    const image = expand(from.image);
    if (image === "") {
      throw new UserError({
        problem: "the image of FROM is empty",
        value: from.image,
        fix: "give the ARG in it a default before the first FROM",
        at: { file: dockerfile.file, line: from.source.line },
      });
    }
    if (isSymbolic(image)) {
      throw new UserError({
        problem: "the image of FROM depends on a hint, and hints never enter the key",
        value: readable(image),
        fix: "take the build arg out of the hints of image.yaml",
        at: { file: dockerfile.file, line: from.source.line },
      });
    }
    const stage: Stage = {
      index: all.length,
      label: from.name ?? `stage-${all.length}`,
      from,
      base: byName.get(image) ?? image,
      platform: stagePlatform(from, expand, options, dockerfile),
      usedGlobals,
      instructions,
    };
    all.push(stage);
    if (from.name !== undefined) byName.set(from.name, stage);
  }
  const find = (name: string) => byName.get(name.toLowerCase());
  return { dockerfile, all, target: findTarget(all, find, options, dockerfile), globals, find };
}

interface StageGroup {
  readonly from: InstructionOf<"FROM">;
  readonly instructions: Instruction[];
}

function splitStages(dockerfile: Dockerfile): { global: InstructionOf<"ARG">[]; groups: StageGroup[] } {
  const global: InstructionOf<"ARG">[] = [];
  const groups: StageGroup[] = [];
  for (const instruction of dockerfile.instructions) {
    const current = groups.at(-1);
    if (instruction.kind === "FROM") groups.push({ from: instruction, instructions: [] });
    else if (current) current.instructions.push(instruction);
    else if (instruction.kind === "ARG") global.push(instruction);
    else {
      throw new UserError({
        problem: `${instruction.kind} stands before the first FROM, where only ARG may stand`,
        value: instruction.source.text,
        at: { file: dockerfile.file, line: instruction.source.line },
      });
    }
  }
  if (groups.length === 0) {
    throw new UserError({ problem: "the Dockerfile has no FROM", at: { file: dockerfile.file, line: 1 } });
  }
  return { global, groups };
}

function globalArgs(
  dockerfile: Dockerfile,
  declared: readonly InstructionOf<"ARG">[],
  groups: readonly StageGroup[],
  options: BuildOptions,
): ReadonlyMap<string, string> {
  const stageName = options.target ?? groups.at(-1)?.from.name ?? "default";
  const values = new Map(platformArgs(options.platform, options.platform, stageName));
  for (const name of values.keys()) {
    const given = options.args.get(name);
    if (given !== undefined) values.set(name, given);
  }
  let characters = 0;
  for (const { args, source } of declared) {
    for (const { name, value } of args) {
      const expand = (word: string) => expandGlobal(word, (one) => values.get(one), dockerfile, source.line);
      const given = options.hints.has(name) ? symbol(`hint ${name}`) : options.args.get(name);
      const set = given ?? (value && expand(value));
      if (set === undefined) continue;
      characters += set.length;
      if (characters > MOST_ENVIRONMENT) throw tooLong(dockerfile, source.line);
      values.set(name, set);
    }
  }
  return values;
}

function tooLong({ file }: Dockerfile, line: number): UserError {
  return new UserError({
    problem: `the values of the ARGs before the first FROM have more than ${MOST_ENVIRONMENT} characters together`,
    fix: "shorten them",
    at: { file, line },
  });
}

function expandGlobal(word: string, get: Variables["get"], dockerfile: Dockerfile, line: number): string {
  try {
    return expandWord(word, { get, open: false }, { escape: dockerfile.escape });
  } catch (error) {
    throw new UserError({ problem: (error as Error).message, value: word, at: { file: dockerfile.file, line } });
  }
}

function stagePlatform(
  from: InstructionOf<"FROM">,
  expand: (word: string) => string,
  options: BuildOptions,
  dockerfile: Dockerfile,
): Platform {
  if (from.platform === "") return options.platform;
  const text = expand(from.platform);
  const platform = parsePlatform(text);
  if (platform) return platform;
  throw new UserError({
    problem: "FROM --platform names no platform",
    value: text === from.platform ? text : `${from.platform}, which is "${readable(text)}"`,
    allowed: `os/architecture, such as ${formatPlatform(options.platform)}`,
    at: { file: dockerfile.file, line: from.source.line },
  });
}

function findTarget(all: readonly Stage[], find: Stages["find"], options: BuildOptions, dockerfile: Dockerfile): Stage {
  const target = options.target === undefined ? all.at(-1) : find(options.target);
  if (target) return target;
  const names = all.flatMap(({ from }) => from.name ?? []);
  throw new UserError({
    problem: "the Dockerfile has no such stage",
    value: options.target ?? "",
    allowed: names.length === 0 ? "no stage of this file has a name" : names.join(", "),
    fix: "name an existing stage, or add FROM … AS with that name",
    at: { file: dockerfile.file },
  });
}

/** What an instruction takes files from besides the context: a stage of the file, or the name of an image. */
export type Supplier = Stage | string;

/**
 * What COPY --from names, undefined for the context.
 * @throws UserError where the name depends on variables, or the stage comes later
 */
export function copySupplier(copy: InstructionOf<"COPY">, stages: Stages, current: Stage): Supplier | undefined {
  if (copy.from === "") return undefined;
  const at = { file: stages.dockerfile.file, line: copy.source.line };
  let plain: string | undefined;
  try {
    plain = expandWord(copy.from, noVariables, { escape: stages.dockerfile.escape });
  } catch {
    plain = undefined;
  }
  if (plain !== copy.from || isSymbolic(copy.from)) {
    throw new UserError({
      problem: "COPY --from takes no variables",
      value: copy.from,
      fix: "define a stage, FROM $IMAGE AS name with a global ARG IMAGE, then COPY --from=name",
      at,
    });
  }
  if (!/^[+-]?\d+$/.test(copy.from)) return earlier(stages.find(copy.from), stages, current, at) ?? copy.from;
  const stage = stages.all[Number(copy.from)];
  if (!stage) {
    throw new UserError({
      problem: "there is no stage with this number",
      value: copy.from,
      allowed: `0 to ${stages.all.length - 1}`,
      at,
    });
  }
  return earlier(stage, stages, current, at);
}

/** What each RUN --mount takes files from, in the order of the mounts; undefined for the context or nothing. */
export function mountSuppliers(
  run: InstructionOf<"RUN">,
  stages: Stages,
  current: Stage,
): readonly (Supplier | undefined)[] {
  const at = { file: stages.dockerfile.file, line: run.source.line };
  return parseMounts(run.mounts, undefined, at).map(({ from }) =>
    from === "" ? undefined : (earlier(stages.find(from), stages, current, at) ?? from),
  );
}

function earlier(
  stage: Stage | undefined,
  stages: Stages,
  current: Stage,
  at: { readonly file: string; readonly line: number },
): Stage | undefined {
  if (!stage || stage.index < current.index) return stage;
  throw new UserError({
    problem: `the stage ${current.label} takes files from ${stage === current ? "itself" : `${stage.label}, which comes later`}`,
    fix: `move ${stage.label} above ${current.label}, or take the files from another stage`,
    allowed:
      stages.all
        .slice(0, current.index)
        .map(({ label }) => label)
        .join(", ") || "no stage comes before it",
    at,
  });
}
