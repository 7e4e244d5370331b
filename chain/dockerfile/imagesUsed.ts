import { copySupplier, mountSuppliers, type Stage, type Stages, type Supplier } from "./stages.ts";

/** A place where a Dockerfile names an image from outside. */
export interface ImageUse {
  /** As written, after expansion. */
  readonly name: string;
  /** 1-based line. */
  readonly line: number;
}

/** The images from outside that a target's used stages name, in the order in which they are met; each once. */
export function imagesUsed(stages: Stages): readonly ImageUse[] {
  const uses = new Map<string, ImageUse>();
  const seen = new Set<Stage>();
  const follow = (supplier: Supplier | undefined, line: number) => {
    if (supplier === undefined || supplier === "scratch") return;
    if (typeof supplier !== "string") visit(supplier);
    else if (!uses.has(supplier)) uses.set(supplier, { name: supplier, line });
  };
  const visit = (stage: Stage) => {
    if (seen.has(stage)) return;
    seen.add(stage);
    follow(stage.base, stage.from.source.line);
    for (const instruction of stage.instructions) {
      const { line } = instruction.source;
      if (instruction.kind === "COPY") follow(copySupplier(instruction, stages, stage), line);
      if (instruction.kind === "RUN") for (const one of mountSuppliers(instruction, stages, stage)) follow(one, line);
    }
  };
  visit(stages.target);
  return [...uses.values()];
}
