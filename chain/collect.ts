import { type Catalogue, pathIn } from "./catalogue.ts";
import { requireNamesApart } from "./dockerfile/imagesUsed.ts";
import { resolveStages } from "./dockerfile/stages.ts";
import { UserError } from "./errors.ts";
import { findParent, type Graph, optionsFor } from "./graph.ts";
import { type CollectedTarget, collectTarget, type Parent } from "./inputs.ts";
import { formatTarget } from "./target.ts";
import { refuseUnresolved } from "./unresolved.ts";

/** A target that cannot be keyed, and why. */
export interface RefusedTarget {
  readonly error: UserError;
  /** The parent that cannot be keyed, where the reason is not the target's own. */
  readonly because?: string;
}

/** The targets of a catalogue with their inputs, parents before their children. */
export interface CollectedChain {
  readonly targets: ReadonlyMap<string, CollectedTarget>;
  /** Targets that cannot be keyed; what does not need them is planned all the same. */
  readonly refused: ReadonlyMap<string, RefusedTarget>;
}

/** Collects the inputs of all targets, so that every key of the chain is known before anything is built. */
export async function collectChain(catalogue: Catalogue, graph: Graph): Promise<CollectedChain> {
  const collected = new Map<string, CollectedTarget>();
  const refused = new Map<string, RefusedTarget>();
  const parent = (name: string): Parent | undefined => {
    const found = findParent(name, catalogue);
    if (!found) return undefined;
    const target = formatTarget({ image: found.image.name, stage: found.stage });
    const one = collected.get(target);
    return one && { target, key: one.inputs.key, config: one.config };
  };
  for (const { name, image, stage, parents } of graph.values()) {
    const because = parents.find((one) => refused.has(one));
    const inherited = because === undefined ? undefined : refused.get(because);
    if (because !== undefined && inherited) {
      refused.set(name, { error: inherited.error, because });
      continue;
    }
    const source = {
      dockerfile: { tree: catalogue.tree, path: image.dockerfilePath },
      context: image.context,
      lock: catalogue.lock,
      parent,
      epoch: image.settings.epoch,
    };
    try {
      const options = optionsFor(image, stage);
      requireNamesApart(resolveStages(image.dockerfile, options));
      const one = await collectTarget(image.dockerfile, source, options);
      refuseUnresolved(image.context, one.inputs.files, (path) => pathIn(image.context, path));
      collected.set(name, one);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused.set(name, { error });
    }
  }
  return { targets: collected, refused };
}

/** The targets and everything above them. */
export function withParents(targets: ReadonlySet<string>, graph: Graph): ReadonlySet<string> {
  const all = new Set<string>();
  const add = (name: string) => {
    if (all.has(name)) return;
    all.add(name);
    for (const parent of graph.get(name)?.parents ?? []) add(parent);
  };
  for (const target of targets) add(target);
  return all;
}
