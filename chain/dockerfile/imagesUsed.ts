import { UserError } from "../errors.ts";
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

/**
 * Refuses a stage with the name of an image that the target uses. A build pins images by giving their names another
 * meaning (`--build-context debian=…`), and BuildKit then takes a stage of that name for the image, too: it would not
 * run the stage's instructions.
 */
export function requireNamesApart(stages: Stages): void {
  const names = new Map(imagesUsed(stages).map(({ name, line }) => [familiarName(name), { name, line }]));
  for (const { from } of stages.all) {
    const used = from.name === undefined ? undefined : names.get(from.name);
    if (used === undefined) continue;
    throw new UserError({
      problem: `the stage ${from.name} has the name of the image ${used.name}, whose pin would replace the stage`,
      value: from.source.text.trim(),
      allowed: "a stage's name that is not an image's of the same Dockerfile",
      fix: `name the stage something else, such as ${from.name}-stage`,
      at: { file: stages.dockerfile.file, line: from.source.line },
    });
  }
}

/** An image's name as BuildKit compares it with a stage's: `docker.io/library/debian:latest` is debian. */
function familiarName(name: string): string {
  return name.replace(/^((index\.)?docker\.io\/)?(library\/)?/, "").replace(/:latest$/, "");
}
