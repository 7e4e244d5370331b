import { join, relative } from "node:path";
import type { Catalogue } from "./catalogue.ts";
import type { CollectedChain } from "./collect.ts";
import { imagesUsed } from "./dockerfile/imagesUsed.ts";
import { resolveStages } from "./dockerfile/stages.ts";
import { findParent, type Graph, type GraphTarget, optionsFor } from "./graph.ts";
import { parseReference } from "./reference.ts";
import { formatTarget } from "./target.ts";

/** One target of docker-bake.json. */
export interface BakeTarget {
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string;
  readonly args: Readonly<Record<string, string>>;
  /** Parents as other targets, base images by digest. */
  readonly contexts: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
}

/** A docker-bake.json, as `docker buildx bake -f -` reads it. */
export interface BakeFile {
  readonly group: { readonly default: { readonly targets: readonly string[] } };
  readonly target: Readonly<Record<string, BakeTarget>>;
}

/**
 * The chain for `docker buildx bake`: the same parents and the same digests as the keys have. Targets that cannot be
 * keyed, and those that need them, are left out.
 * @param folder the catalogue's folder as bake is to find it
 */
export function bakeFile(catalogue: Catalogue, graph: Graph, chain: CollectedChain, folder: string): BakeFile {
  const targets = [...graph.values()].filter(({ name }) => chain.targets.has(name));
  return {
    group: { default: { targets: targets.map(({ name }) => bakeName(name)) } },
    target: Object.fromEntries(targets.map((one) => [bakeName(one.name), bakeTarget(one, catalogue, chain, folder)])),
  };
}

function bakeTarget(one: GraphTarget, catalogue: Catalogue, chain: CollectedChain, folder: string): BakeTarget {
  const { image, stage, name } = one;
  const inputs = chain.targets.get(name)?.inputs;
  const uses = imagesUsed(resolveStages(image.dockerfile, optionsFor(image, stage))).map(({ name: used }) => used);
  // Bases that no instruction names are pinned, too: the image that a `# syntax=` line names is one.
  const pinned = new Set([...uses, ...Object.keys(inputs?.bases ?? {})]);
  const contexts = [...pinned].map((used): [string, string] => {
    const parent = findParent(used, catalogue);
    if (parent) return [used, `target:${bakeName(formatTarget({ image: parent.image.name, stage: parent.stage }))}`];
    const { registry, repository } = parseReference(used);
    return [used, `docker-image://${registry}/${repository}@${inputs?.bases[used] ?? ""}`];
  });
  const context = join(folder, image.settings.context);
  return {
    context,
    // Bake looks for it from the context on.
    dockerfile: relative(context, join(folder, image.dockerfilePath)),
    target: stage,
    args: Object.fromEntries(Object.entries(image.settings.args).map(([name, value]) => [name, literal(value)])),
    contexts: Object.fromEntries(contexts),
    tags: [name],
    platforms: inputs ? [inputs.platform] : [],
  };
}

/** Bake reads "${...}" and "%{...}" in texts as expressions; doubled they stand for themselves. */
function literal(text: string): string {
  return text.replace(/[$%](?=\{)/g, "$&$&");
}

/** Bake allows letters, digits, "_" and "-" in a target's name. */
export function bakeName(target: string): string {
  return target.replace(/[^A-Za-z0-9_-]/g, "_");
}
