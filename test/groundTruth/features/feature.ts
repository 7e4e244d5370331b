import type { Draft, DraftStage, Mutation } from "../draft.ts";
import type { Random } from "../random.ts";

/** A construct of Dockerfiles: it adds itself to a stage and says by which changes it can be put to the test. */
export interface Feature {
  readonly name: string;
  /** Whether it has RUN steps and so needs a stage with a shell. */
  readonly shell: boolean;
  /** Adds instructions and files that build, whatever else is in the draft. */
  add(random: Random, draft: Draft, stage: DraftStage): Mutation[];
}

export function feature(name: string, add: Feature["add"]): Feature {
  return { name, shell: false, add };
}

export function shellFeature(name: string, add: Feature["add"]): Feature {
  return { name, shell: true, add };
}

/**
 * Whether relative paths in the stage can be resolved before the build. A digest does not tell the folder that a base
 * image ends in, so strata takes "x" and "/x" for two places where BuildKit may find that they are one.
 */
export function folderKnown(stage: DraftStage): boolean {
  return stage.from === "scratch";
}
