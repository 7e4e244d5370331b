import type { Catalogue, CatalogueImage } from "./catalogue.ts";
import { imagesUsed } from "./dockerfile/imagesUsed.ts";
import { resolveStages } from "./dockerfile/stages.ts";
import { UserError } from "./errors.ts";
import { buildOptions } from "./inputs.ts";
import { nearest } from "./nearest.ts";
import { formatTarget, parseTarget } from "./target.ts";

/** One target and where it stands in the chain. */
export interface GraphTarget {
  /** "image:stage". */
  readonly name: string;
  readonly image: CatalogueImage;
  readonly stage: string;
  /** Targets of the catalogue that its used instructions name, in the order of the Dockerfile. */
  readonly parents: readonly string[];
  /** Base images from outside, as named. */
  readonly bases: readonly string[];
  /** Depth: 0 without parents. */
  readonly tier: number;
}

/** The targets by name, parents before their children. */
export type Graph = ReadonlyMap<string, GraphTarget>;

/** The build options of a target: args of image.yaml, hints, platform. */
export function optionsFor({ settings: { args, hints } }: CatalogueImage, stage: string) {
  return buildOptions({ target: stage, args, hints });
}

/**
 * Derives the chain from the Dockerfiles alone.
 * @throws UserError for a cycle, with its path, and for a parent's stage that is no target
 */
export function resolveGraph(catalogue: Catalogue): Graph {
  const graph = new Map<string, GraphTarget>();
  const path: string[] = [];

  function visit(image: CatalogueImage, stage: string): GraphTarget {
    const name = formatTarget({ image: image.name, stage });
    const known = graph.get(name);
    if (known) return known;
    if (path.includes(name)) throw cycle([...path.slice(path.indexOf(name)), name], catalogue);
    path.push(name);
    const parents: GraphTarget[] = [];
    const bases: string[] = [];
    for (const use of imagesUsed(resolveStages(image.dockerfile, optionsFor(image, stage)))) {
      const parent = parentOf(use.name, catalogue, { file: image.dockerfile.file, line: use.line }, path);
      if (parent) parents.push(visit(parent.image, parent.stage));
      else bases.push(use.name);
    }
    path.pop();
    const tier = Math.max(-1, ...parents.map((one) => one.tier)) + 1;
    const names = [...new Set(parents.map((one) => one.name))];
    const target = { name, image, stage, parents: names, bases, tier };
    graph.set(name, target);
    return target;
  }

  for (const image of catalogue.images.values()) for (const stage of image.targets) visit(image, stage);
  return graph;
}

/** The target that an image's name means: "image:stage", or "image" for its default target. */
export function findParent(name: string, catalogue: Catalogue): { image: CatalogueImage; stage: string } | undefined {
  const { image: imageName, stage } = parseTarget(name);
  const image = catalogue.images.get(imageName);
  const target = stage ?? image?.targets.at(-1);
  return image && target !== undefined ? { image, stage: target } : undefined;
}

function parentOf(
  name: string,
  catalogue: Catalogue,
  at: { readonly file: string; readonly line: number },
  path: readonly string[],
): { image: CatalogueImage; stage: string } | undefined {
  const parent = findParent(name, catalogue);
  const via = path.length > 1 ? ` (needed by ${path.join(" -> ")})` : "";
  if (parent && !parent.image.targets.includes(parent.stage)) {
    throw new UserError({
      problem: `the parent ${parent.image.name} has no target ${parent.stage}${via}`,
      value: name,
      allowed: parent.image.targets.map((stage) => formatTarget({ image: parent.image.name, stage })).join(", "),
      fix: `name one of its targets, or add ${parent.stage} to targets in ${parent.image.name}/image.yaml`,
      at,
    });
  }
  if (parent) return parent;
  const { image } = parseTarget(name);
  // A name without a registry or a folder that looks like one of the catalogue's is a slip rather than a base image.
  const similar = name.includes("/") ? undefined : nearest(image, [...catalogue.images.keys()]);
  if (similar === undefined) return undefined;
  throw new UserError({
    problem: `there is no image ${image} in the catalogue${via}; is ${similar} meant?`,
    value: name,
    allowed: [...catalogue.images.keys()].join(", "),
    fix: `write ${similar}, or docker.io/library/${name} if the image of that name at Docker Hub is meant`,
    at,
  });
}

function cycle(path: readonly string[], catalogue: Catalogue): UserError {
  const first = catalogue.images.get(parseTarget(path[0] ?? "").image);
  return new UserError({
    problem: "the images need each other in a circle",
    value: path.join(" -> "),
    allowed: "a chain in which no target needs itself",
    fix: "take one of these targets from another image, or move what both need into a third",
    at: { file: first?.dockerfile.file ?? "" },
  });
}
