import type { Heredoc, SourceInstruction } from "./syntax.ts";

/** A command of RUN, CMD or ENTRYPOINT: JSON arguments as they are, or one text for the shell. */
export interface CommandLine {
  readonly arguments: readonly string[];
  /** Shell form: the stage's SHELL goes in front. */
  readonly shell: boolean;
}

/** name=value of ENV and LABEL, not expanded yet. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** What COPY and ADD have in common, not expanded yet. */
export interface Transfer {
  /** Paths, patterns or URLs. */
  readonly sources: readonly string[];
  /** Files written in the Dockerfile itself. */
  readonly heredocs: readonly Heredoc[];
  readonly destination: string;
  readonly chown: string;
  readonly chmod: string;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

/** HEALTHCHECK's values; durations in nanoseconds, 0 where not given. */
export interface Health {
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

interface From {
  readonly kind: "FROM";
  readonly image: string;
  /** The stage's name in lower case. */
  readonly name?: string;
  readonly platform: string;
}

/** An instruction with its arguments read but not expanded. */
export type Instruction = { readonly source: SourceInstruction } & (
  | From
  | { readonly kind: "ARG"; readonly args: readonly { readonly name: string; readonly value?: string }[] }
  | { readonly kind: "ENV" | "LABEL"; readonly pairs: readonly Pair[] }
  | {
      readonly kind: "RUN";
      readonly command: CommandLine;
      readonly mounts: readonly string[];
      readonly network: string;
      readonly security: string;
      readonly devices: readonly string[];
    }
  | ({ readonly kind: "COPY"; readonly from: string; readonly parents: boolean } & Transfer)
  | ({
      readonly kind: "ADD";
      readonly checksum: string;
      readonly keepGitDir?: boolean;
      readonly unpack?: boolean;
    } & Transfer)
  | { readonly kind: "CMD" | "ENTRYPOINT"; readonly command: CommandLine }
  | { readonly kind: "WORKDIR" | "USER" | "STOPSIGNAL" | "MAINTAINER"; readonly value: string }
  | { readonly kind: "EXPOSE" | "VOLUME"; readonly values: readonly string[] }
  | { readonly kind: "SHELL"; readonly shell: readonly string[] }
  | { readonly kind: "HEALTHCHECK"; readonly health: Health }
  | { readonly kind: "ONBUILD"; readonly trigger: string }
);

/** One kind of instruction. */
export type InstructionOf<K extends Instruction["kind"]> = Extract<Instruction, { readonly kind: K }>;
