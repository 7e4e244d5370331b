import type { Chain } from "../builder/targetToPublish.ts";
import { readCatalogue } from "../chain/catalogue.ts";
import { collectChain } from "../chain/collect.ts";
import { statCacheFolder } from "../chain/context/statCache.ts";
import { workTree } from "../chain/context/workTree.ts";
import { resolveGraph } from "../chain/graph.ts";

/** Reads the catalogue in a folder of this machine as it is now, with the inputs and keys of all its targets. */
export async function readChain(folder: string): Promise<Chain> {
  const catalogue = readCatalogue(workTree(folder, { statCache: statCacheFolder() }));
  const graph = resolveGraph(catalogue);
  return { catalogue, graph, chain: await collectChain(catalogue, graph) };
}
