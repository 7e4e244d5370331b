import { foldersWithoutSettings, LEAST_SETTINGS, pathIn } from "../chain/catalogue.ts";
import { type Chain, readChain, readChainIn } from "../chain/chain.ts";
import { withParents } from "../chain/collect.ts";
import { gitTree } from "../chain/context/gitTree.ts";
import { UserError } from "../chain/errors.ts";
import { findParent } from "../chain/graph.ts";
import { nearest } from "../chain/nearest.ts";
import { formatTarget } from "../chain/target.ts";
import type { Terminal } from "./terminal.ts";

/** Reads the catalogue in a folder as it is now. */
export function openChain(folder: string, terminal: Terminal): Promise<Chain> {
  return readChainIn(folder, { ...terminal.env });
}

/** Reads the same catalogue as a Git revision has it, without touching the work tree. */
export async function openChainAt(folder: string, revision: string): Promise<Chain> {
  return readChain(gitTree(folder, revision));
}

/** The target that a person names: "image:stage", or "image" for its default target. */
export function targetNamed(name: string, { catalogue, graph }: Pick<Chain, "catalogue" | "graph">): string {
  const found = findParent(name, catalogue);
  const target = found && formatTarget({ image: found.image.name, stage: found.stage });
  if (target !== undefined && graph.has(target)) return target;
  const folder = foldersWithoutSettings(catalogue).find((one) => one === name.split(":")[0]);
  if (folder !== undefined) {
    throw new UserError({
      problem: `${folder} has no image.yaml, so it is no image of the catalogue`,
      value: pathIn(catalogue.tree, folder),
      allowed: LEAST_SETTINGS,
      fix: `write ${pathIn(catalogue.tree, folder)}/image.yaml`,
    });
  }
  const similar = nearest(name, [...graph.keys(), ...catalogue.images.keys()]);
  throw new UserError({
    problem: `the catalogue has no target ${name}`,
    value: name,
    allowed: [...graph.keys()].join(", "),
    fix: similar === undefined ? "name one of the targets" : `is ${similar} meant?`,
  });
}

/** The part of a chain that some targets and what they are built on are; no names stand for all of it. */
export function partNamed(names: readonly string[], open: Chain): Pick<Chain, "graph" | "chain"> {
  if (names.length === 0) return open;
  const kept = withParents(new Set(names.map((name) => targetNamed(name, open))), open.graph);
  const among = <T>(all: ReadonlyMap<string, T>) => new Map([...all].filter(([name]) => kept.has(name)));
  const { targets, refused } = open.chain;
  return { graph: among(open.graph), chain: { targets: among(targets), refused: among(refused) } };
}

/** The option that every command about the catalogue has. */
export const CATALOGUE_OPTION = ["--catalogue <folder>", "the folder of images", "dockerfiles"] as const;
