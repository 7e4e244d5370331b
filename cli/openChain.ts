import { existsSync } from "node:fs";
import { type Catalogue, readCatalogue } from "../chain/catalogue.ts";
import { type CollectedChain, collectChain, withParents } from "../chain/collect.ts";
import { gitTree } from "../chain/context/gitTree.ts";
import { statCacheFolder } from "../chain/context/statCache.ts";
import type { FileTree } from "../chain/context/tree.ts";
import { workTree } from "../chain/context/workTree.ts";
import { UserError } from "../chain/errors.ts";
import { findParent, type Graph, resolveGraph } from "../chain/graph.ts";
import { nearest } from "../chain/nearest.ts";
import { formatTarget } from "../chain/target.ts";
import type { Terminal } from "./terminal.ts";

/** A catalogue with its chain and the inputs of its targets. */
export interface OpenChain {
  readonly catalogue: Catalogue;
  readonly graph: Graph;
  readonly chain: CollectedChain;
}

/** Reads the catalogue in a folder as it is now. */
export async function openChain(folder: string, terminal: Terminal, only?: readonly string[]): Promise<OpenChain> {
  if (!existsSync(folder)) {
    throw new UserError({
      problem: "there is no catalogue here",
      value: folder,
      allowed: "a folder with one folder for each image",
      fix: "go to the repository's root, or name the folder: --catalogue path/to/dockerfiles",
    });
  }
  return open(workTree(folder, { statCache: statCacheFolder({ ...terminal.env }) }), only);
}

/** Reads the same catalogue as a Git revision has it, without touching the work tree. */
export async function openChainAt(folder: string, revision: string, only?: readonly string[]): Promise<OpenChain> {
  return open(gitTree(folder, revision), only);
}

async function open(tree: FileTree, only: readonly string[] | undefined): Promise<OpenChain> {
  const catalogue = readCatalogue(tree);
  const graph = resolveGraph(catalogue);
  const named = only === undefined || only.length === 0 ? undefined : new Set(only.filter((name) => graph.has(name)));
  const chain = await collectChain(catalogue, graph, named ? { only: withParents(named, graph) } : {});
  return { catalogue, graph, chain };
}

/** The target that a person names: "image:stage", or "image" for its default target. */
export function targetNamed(name: string, { catalogue, graph }: Pick<OpenChain, "catalogue" | "graph">): string {
  const found = findParent(name, catalogue);
  const target = found && formatTarget({ image: found.image.name, stage: found.stage });
  if (target !== undefined && graph.has(target)) return target;
  const similar = nearest(name, [...graph.keys(), ...catalogue.images.keys()]);
  throw new UserError({
    problem: `the catalogue has no target ${name}`,
    value: name,
    allowed: [...graph.keys()].join(", "),
    fix: similar === undefined ? "name one of the targets" : `is ${similar} meant?`,
  });
}

/** The option that every command about the catalogue has. */
export const CATALOGUE_OPTION = ["--catalogue <folder>", "the folder of images", "dockerfiles"] as const;
