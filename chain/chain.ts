import { existsSync } from "node:fs";
import { type Catalogue, readCatalogue } from "./catalogue.ts";
import { type CollectedChain, collectChain } from "./collect.ts";
import { statCacheFolder } from "./context/statCache.ts";
import type { FileTree } from "./context/tree.ts";
import { workTree } from "./context/workTree.ts";
import { UserError } from "./errors.ts";
import { type Graph, resolveGraph } from "./graph.ts";

/** A catalogue, its graph, and the inputs and keys of its targets. */
export interface Chain {
  readonly catalogue: Catalogue;
  readonly graph: Graph;
  readonly chain: CollectedChain;
}

/** Reads the catalogue in a tree of files. */
export async function readChain(tree: FileTree): Promise<Chain> {
  const catalogue = readCatalogue(tree);
  const graph = resolveGraph(catalogue);
  return { catalogue, graph, chain: await collectChain(catalogue, graph) };
}

/**
 * Reads the catalogue in a folder of this machine as it is now.
 * @param environment says where digests of files that have not changed are kept
 * @throws UserError where the folder is not there
 */
export async function readChainIn(folder: string, environment: NodeJS.ProcessEnv): Promise<Chain> {
  if (existsSync(folder)) return readChain(workTree(folder, { statCache: statCacheFolder(environment) }));
  throw new UserError({
    problem: "there is no catalogue here",
    value: folder,
    allowed: "a folder with one folder for each image",
    fix: "go to the repository's root, or name the folder: --catalogue path/to/dockerfiles, or strata:catalogue",
  });
}
