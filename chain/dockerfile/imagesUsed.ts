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
  // What is still to be followed, the next one last. Not by recursion: there may be more stages than a stack has room for.
  const open: Supplies[] = [{ supplier: stages.target, line: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { supplier, line } = next;
    if (supplier === undefined || supplier === "scratch") continue;
    if (typeof supplier === "string") {
      if (!uses.has(supplier)) uses.set(supplier, { name: supplier, line });
    } else if (seen.size !== seen.add(supplier).size) open.push(...suppliesOf(supplier, stages).reverse());
  }
  return [...uses.values()];
}

/** What an instruction of a stage takes from, and the instruction's line. */
interface Supplies {
  readonly supplier: Supplier | undefined;
  readonly line: number;
}

/** All that a stage takes from, in the order of its lines. */
function suppliesOf(stage: Stage, stages: Stages): Supplies[] {
  const from: Supplies = { supplier: stage.base, line: stage.from.source.line };
  const others = stage.instructions.flatMap((instruction): Supplies[] => {
    const { line } = instruction.source;
    if (instruction.kind === "COPY") return [{ supplier: copySupplier(instruction, stages, stage), line }];
    if (instruction.kind !== "RUN") return [];
    return mountSuppliers(instruction, stages, stage).map((supplier) => ({ supplier, line }));
  });
  return [from, ...others];
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
