import { UserError } from "../errors.ts";
import { DEFAULT_PATH, type ImageConfig } from "./image.ts";
import type { Instruction } from "./instructions.ts";
import { type Allowance, MOST_ENVIRONMENT, MOST_TEXT } from "./limits.ts";
import { pathFrom } from "./paths.ts";
import type { FileSystem, Step } from "./steps.ts";
import { expandWord, type Variables, type WordOptions } from "./words.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The configuration while a stage is read. */
export type OpenConfig = Omit<Mutable<ImageConfig>, "env" | "labels" | "ports" | "volumes" | "history" | "onbuild"> & {
  readonly env: Map<string, string>;
  readonly labels: Map<string, string>;
  readonly ports: Set<string>;
  readonly volumes: Set<string>;
  readonly history: string[];
  readonly onbuild: string[];
};

/** A declared build arg as the history of a RUN shows it. */
export interface DeclaredArg {
  readonly name: string;
  readonly value: string;
}

/**
 * What BuildKit carries from instruction to instruction of a stage. The environment of steps is kept apart from the
 * image's: ARG values are in the first and not in the second.
 */
export class StageState {
  readonly stage: string;
  readonly file: string;
  readonly escape: string;
  fileSystem: FileSystem;
  readonly config: OpenConfig;
  /** In the order of their last setting, as RUN gets them. */
  readonly env: Map<string, string>;
  readonly args: DeclaredArg[];
  /** Whether this stage has set CMD: ENTRYPOINT then leaves it alone. */
  hasCmd = false;
  /** The instruction being read. */
  line = 0;
  private readonly allowance: Allowance;
  private environment = 0;

  /**
   * @param place where the stage is: its FROM line at first
   * @param from the base: its file system and configuration; env and args only where it is a stage of the same file
   * @param allowance what the target's instructions may still grow to
   */
  constructor(
    place: { readonly stage: string; readonly file: string; readonly escape: string; readonly line: number },
    from: {
      readonly fileSystem: FileSystem;
      readonly config: ImageConfig;
      readonly env: ReadonlyMap<string, string>;
      readonly args: readonly DeclaredArg[];
    },
    allowance: Allowance,
  ) {
    this.stage = place.stage;
    this.file = place.file;
    this.escape = place.escape;
    this.line = place.line;
    this.allowance = allowance;
    this.fileSystem = from.fileSystem;
    const { config } = from;
    this.spend(config.history.length + config.env.size + config.labels.size + config.ports.size + config.volumes.size);
    this.config = {
      ...config,
      env: new Map(config.env),
      labels: new Map(config.labels),
      ports: new Set(config.ports),
      volumes: new Set(config.volumes),
      history: [...config.history],
      onbuild: [],
    };
    if (config.complete && !config.env.has("PATH")) this.config.env.set("PATH", DEFAULT_PATH);
    this.env = new Map(from.env);
    for (const [name, value] of this.env) this.environment += name.length + value.length;
    this.args = [...from.args];
    for (const [name, value] of this.config.env) this.setEnv(name, value);
  }

  /** Sets a variable of the steps to come. */
  setEnv(name: string, value: string): void {
    const before = this.env.get(name);
    if (before !== undefined) this.environment -= name.length + before.length;
    this.environment += name.length + value.length;
    this.env.delete(name);
    this.env.set(name, value);
    if (this.environment > MOST_ENVIRONMENT) {
      throw this.error(`the variables of the stage have more than ${MOST_ENVIRONMENT} characters together`, undefined, {
        fix: "hand large texts over in files",
      });
    }
  }

  /** "name=value" of each variable, as a step gets them. */
  environmentOfStep(): readonly string[] {
    this.spend(this.environment);
    return [...this.env].map(([name, value]) => `${name}=${value}`);
  }

  /** Takes something of what the target's instructions may grow to. Throws a UserError where nothing is left. */
  spend(characters: number): void {
    if (this.allowance.spend(characters)) return;
    throw this.error(
      `the instructions of the target have more than ${MOST_TEXT} characters, variables replaced`,
      undefined,
      {
        fix: "split the Dockerfile, or hand large texts over in files",
      },
    );
  }

  /** The variables that words are expanded with. */
  get variables(): Variables {
    return { get: (name) => this.env.get(name), open: !this.config.complete };
  }

  /** Expands a word of the current instruction. Throws a UserError that names its line. */
  expand(word: string, options: Partial<WordOptions> = {}): string {
    const text = this.reading(word, () => expandWord(word, this.variables, { escape: this.escape, ...options }));
    this.spend(text.length);
    return text;
  }

  /** Runs a reader of words and gives its errors the instruction's place. */
  reading<T>(word: string, read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw this.error((error as Error).message, word);
    }
  }

  /** A problem with the current instruction. */
  error(problem: string, value?: string, more: { readonly allowed?: string; readonly fix?: string } = {}): UserError {
    const { file, line } = this;
    return new UserError({ problem, ...(value !== undefined && { value }), ...more, at: { file, line } });
  }

  /** A path as the steps see it: relative ones start at the working directory; a trailing "/" or "/." stays. */
  absolute(path: string): string {
    const clean = pathFrom(this.config.workdir, path);
    if (path.endsWith("/") || path === "." || path === "") return clean.endsWith("/") ? clean : `${clean}/`;
    return path.endsWith("/.") ? `${clean === "/" ? "" : clean}/.` : clean;
  }

  /** Appends a line to the image's history. */
  remember(line: string): void {
    this.spend(line.length);
    this.config.history.push(line);
  }

  /** Makes the result of a step the stage's file system. */
  append(instruction: Instruction, step: Pick<Step, "operation" | "inputs" | "reads">): Step {
    const { stage, line } = this;
    const text = instruction.source.text.trim();
    const result = { stage, keyword: instruction.kind, line, text, ...step };
    this.fileSystem = { kind: "step", step: result };
    return result;
  }
}
