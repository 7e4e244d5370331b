import { type ImageConfig, scratchConfig } from "./image.ts";
import type { Instruction, InstructionOf } from "./instructions.ts";
import { Allowance } from "./limits.ts";
import { evaluateMetadata } from "./metadata.ts";
import { parseInstruction } from "./parse.ts";
import { cleanPath, pathFrom } from "./paths.ts";
import { formatPlatform, type Platform } from "./platforms.ts";
import { evaluateRun } from "./run.ts";
import { type BuildOptions, copySupplier, mountSuppliers, type Stage, type Stages, type Supplier } from "./stages.ts";
import { type DeclaredArg, StageState } from "./state.ts";
import type { FileSystem, ImageReference, Step } from "./steps.ts";
import { parseTrigger } from "./syntax.ts";
import { evaluateTransfer } from "./transfer.ts";

/** What an image from outside the Dockerfile brings with it, as far as it is known before the build. */
export type ImageLookup = (image: ImageReference, line: number) => ImageConfig;

/** An instruction of a used stage. */
export interface UsedInstruction {
  readonly stage: string;
  readonly instruction: Instruction;
  /** The step it makes; undefined for FROM and metadata. */
  readonly step?: Step;
}

/** What a target consists of before any file is read. */
export interface Evaluation {
  /** The Dockerfile's path, for messages. */
  readonly file: string;
  /** The target's file system: the last of its chain of steps. */
  readonly fileSystem: FileSystem;
  readonly config: ImageConfig;
  /** The time that the image says it was made, "" for the time of the build. */
  readonly time: string;
  readonly platform: Platform;
  /** Used instructions, stage by stage in the order of the file. */
  readonly instructions: readonly UsedInstruction[];
  /** Values of the build args that used stages declare or are FROM. */
  readonly args: ReadonlyMap<string, string>;
}

/**
 * Walks the stages that the target reaches as BuildKit does, and says what each instruction does: which steps there
 * are, on what they depend, what they read, and what the image's configuration becomes.
 * @param lookUp the configuration of an image from outside; called once for each image that is used
 * @throws UserError with file and line for whatever cannot be decided before the build
 */
export function evaluateTarget(stages: Stages, options: BuildOptions, lookUp: ImageLookup): Evaluation {
  return new Evaluator(stages, options, lookUp).run();
}

/** A stage that has been walked. */
interface Walked {
  readonly fileSystem: FileSystem;
  readonly config: ImageConfig;
  readonly env: ReadonlyMap<string, string>;
  readonly args: readonly DeclaredArg[];
  readonly platform: Platform;
}

class Evaluator {
  private readonly stages: Stages;
  private readonly options: BuildOptions;
  private readonly lookUp: ImageLookup;
  private readonly walked = new Map<Stage, Walked>();
  private readonly used = new Map<Stage, UsedInstruction[]>();
  private readonly images = new Map<string, Walked>();
  private readonly allowance = new Allowance();
  private readonly args = new Map<string, string>();
  /** SOURCE_DATE_EPOCH as BuildKit takes it: the time of folders that WORKDIR makes, and of the image. */
  private readonly time: string;

  constructor(stages: Stages, options: BuildOptions, lookUp: ImageLookup) {
    this.stages = stages;
    this.options = options;
    this.lookUp = lookUp;
    this.time = options.args.get("SOURCE_DATE_EPOCH") ?? stages.globals.get("SOURCE_DATE_EPOCH") ?? "";
  }

  run(): Evaluation {
    const { fileSystem, config, platform } = this.walk(this.stages.target);
    const instructions = this.stages.all.flatMap((stage) => this.used.get(stage) ?? []);
    const { file } = this.stages.dockerfile;
    return { file, fileSystem, config, time: this.time, platform, instructions, args: this.args };
  }

  /** Walks a stage, those that it needs first. Not by recursion: there may be more stages than a stack has room for. */
  private walk(last: Stage): Walked {
    const open = [last];
    for (let stage = open.at(-1); stage !== undefined; stage = open.at(-1)) {
      const needed = this.walked.has(stage) ? [] : this.neededBy(stage).filter((one) => !this.walked.has(one));
      for (const one of needed.reverse()) open.push(one);
      if (needed.length > 0) continue;
      if (!this.walked.has(stage)) this.walked.set(stage, this.walkAlone(stage));
      open.pop();
    }
    return this.walked.get(last) as Walked;
  }

  /** The stages that have to be walked before a stage; which triggers its base has, is known once that is walked. */
  private neededBy(stage: Stage): readonly Stage[] {
    const { base } = stage;
    if (typeof base !== "string" && !this.walked.has(base)) return [base];
    const suppliers = this.instructionsOf(stage).flatMap((instruction) => {
      if (instruction.kind === "RUN") return mountSuppliers(instruction, this.stages, stage);
      return instruction.kind === "COPY" ? [copySupplier(instruction, this.stages, stage)] : [];
    });
    return suppliers.filter((supplier) => typeof supplier === "object");
  }

  private baseOf(stage: Stage): Walked {
    const { base, platform, from } = stage;
    return typeof base === "string" ? this.image(base, platform, from) : this.walk(base);
  }

  /** A stage's own instructions, behind the triggers of its base. */
  private instructionsOf(stage: Stage): readonly Instruction[] {
    const triggers = this.triggers(this.baseOf(stage).config.onbuild, stage);
    return triggers.length === 0 ? stage.instructions : [...triggers, ...stage.instructions];
  }

  private walkAlone(stage: Stage): Walked {
    const { file, escape } = this.stages.dockerfile;
    const base = this.baseOf(stage);
    const { line } = stage.from.source;
    const state = new StageState({ stage: stage.label, file, escape, line }, base, this.allowance);
    const used: UsedInstruction[] = [{ stage: stage.label, instruction: stage.from }];
    for (const instruction of this.instructionsOf(stage)) {
      state.line = instruction.source.line;
      const step = this.apply(instruction, state, stage, base.platform);
      used.push({ stage: stage.label, instruction, ...(step && { step }) });
      this.noteArgs(instruction, state);
    }
    for (const name of stage.usedGlobals) this.args.set(name, this.stages.globals.get(name) ?? "");
    const { fileSystem, config, env, args } = state;
    this.used.set(stage, used);
    return { fileSystem, config, env, args, platform: base.platform };
  }

  private image(name: string, platform: Platform, source: InstructionOf<"FROM"> | Instruction): Walked {
    // An empty image is for the platform of the build, whatever FROM says.
    if (name === "scratch") {
      const { platform: target } = this.options;
      return { fileSystem: { kind: "scratch" }, config: scratchConfig, env: new Map(), args: [], platform: target };
    }
    const image = { name, platform: formatPlatform(platform) };
    const key = `${image.platform} ${name}`;
    const known = this.images.get(key);
    if (known) return known;
    const config = this.lookUp(image, source.source.line);
    const found: Walked = { fileSystem: { kind: "image", image }, config, env: new Map(), args: [], platform };
    this.images.set(key, found);
    return found;
  }

  private supply(supplier: Supplier | undefined, instruction: Instruction): FileSystem | undefined {
    if (supplier === undefined) return undefined;
    if (typeof supplier !== "string") return this.walk(supplier).fileSystem;
    return this.image(supplier, this.options.platform, instruction).fileSystem;
  }

  /** The triggers that a base has for its children, as instructions of the child. */
  private triggers(expressions: readonly string[], stage: Stage): readonly Instruction[] {
    const { file } = this.stages.dockerfile;
    const { line } = stage.from.source;
    return expressions.map((expression) => parseInstruction(parseTrigger(expression, file, line), file, "\\"));
  }

  private apply(instruction: Instruction, state: StageState, stage: Stage, platform: Platform): Step | undefined {
    switch (instruction.kind) {
      case "RUN": {
        const suppliers = mountSuppliers(instruction, this.stages, stage).map((one) => this.supply(one, instruction));
        const cacheNamespace = this.options.args.get("BUILDKIT_CACHE_MOUNT_NS") ?? "";
        const hostname = this.options.args.get("BUILDKIT_SANDBOX_HOSTNAME") ?? "";
        return evaluateRun(instruction, state, suppliers, { platform, cacheNamespace, hostname });
      }
      case "COPY": {
        const supplier = copySupplier(instruction, this.stages, stage);
        return evaluateTransfer(instruction, state, this.supply(supplier, instruction));
      }
      case "ADD":
        return evaluateTransfer(instruction, state, undefined);
      case "WORKDIR": {
        const folder = this.workdir(state, state.expand(instruction.value));
        state.config.workdir = folder;
        state.remember(`WORKDIR ${folder}`);
        if (folder === "/") return undefined;
        const { time } = this;
        const operation = { time, folder: cleanPath(folder), owner: state.config.user };
        return state.append(instruction, { operation, inputs: [state.fileSystem], reads: [] });
      }
      default: {
        const { args: given, hints } = this.options;
        evaluateMetadata(instruction, state, { given, globals: this.stages.globals, hints });
        return undefined;
      }
    }
  }

  /** A relative folder is joined to the one before; an absolute one stays as it is written. */
  private workdir(state: StageState, path: string): string {
    if (path === "") return state.config.workdir || "/";
    return path.startsWith("/") ? path : pathFrom(state.config.workdir || "/", path);
  }

  private noteArgs(instruction: Instruction, state: StageState): void {
    if (instruction.kind !== "ARG") return;
    for (const { name } of instruction.args) {
      const value = state.env.get(name);
      if (value !== undefined && !this.options.hints.has(name)) this.args.set(name, value);
    }
  }
}
