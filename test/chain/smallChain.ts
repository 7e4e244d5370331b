import { type Catalogue, readCatalogue } from "../../chain/catalogue.ts";
import { type CollectedChain, collectChain } from "../../chain/collect.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { UserError } from "../../chain/errors.ts";
import { type Graph, resolveGraph } from "../../chain/graph.ts";
import type { TargetInputs } from "../../chain/inputs.ts";
import { type MemoryNode, memoryTree } from "./context/memoryTree.ts";

export const DIGEST = `sha256:${"d1".repeat(32)}`;

/** image.yaml with what has to be there, and more lines. */
export function settings(more = "", machine = "c3-standard-8", minutes = 10): string {
  return `description: an image\nmachine: ${machine}\nexpectedMinutes: ${minutes}\n${more}`;
}

/** A chain of three images: base (devel, runtime) -> lib -> app, on debian:12. */
export const smallChain: Readonly<Record<string, string>> = {
  "bases.lock.yaml": `images:\n  debian:12:\n    digest: ${DIGEST}\n`,
  "base/image.yaml": settings("targets: [devel, runtime]\nargs: { TORCH_VERSION: 2.6.0 }\nhints: [MAX_JOBS]\n"),
  "base/Dockerfile": [
    "FROM debian:12 AS devel",
    "ARG TORCH_VERSION",
    "ARG MAX_JOBS",
    "RUN build $TORCH_VERSION",
    "COPY base/requirements.lock requirements.txt",
    "FROM debian:12 AS unused",
    "RUN never",
    "FROM devel AS runtime",
    "RUN strip",
    "",
  ].join("\n"),
  "base/requirements.lock": "torch==2.6.0\n",
  "lib/image.yaml": settings("", "e2-highcpu-32", 4),
  "lib/Dockerfile": "FROM base:runtime AS runtime\nCOPY lib/tool /usr/bin/\n",
  "lib/tool": "tool\n",
  "app/image.yaml": settings("", "e2-highcpu-32", 2),
  "app/Dockerfile":
    "FROM lib AS runtime\nCOPY --from=base:devel /x /x\nRUN --mount=type=bind,source=app,target=/a cp /a/* /\n",
  "app/main.py": "print()\n",
};

/** The small chain with files replaced; undefined takes a file away. */
export function changed(
  files: Readonly<Record<string, string | undefined>>,
  chain: Readonly<Record<string, string>> = smallChain,
): Record<string, string> {
  const entries = Object.entries({ ...chain, ...files });
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A tree under the name that messages show. */
export function treeOf(files: Readonly<Record<string, MemoryNode>>): FileTree {
  return { ...memoryTree(files), label: "dockerfiles" };
}

/** A catalogue read, resolved and collected. */
export async function chainOf(
  files: Readonly<Record<string, MemoryNode>>,
): Promise<{ catalogue: Catalogue; graph: Graph; chain: CollectedChain }> {
  const catalogue = readCatalogue(treeOf(files));
  const graph = resolveGraph(catalogue);
  return { catalogue, graph, chain: await collectChain(catalogue, graph) };
}

/** The inputs of every target by its name. */
export async function inputsOf(
  files: Readonly<Record<string, MemoryNode>>,
): Promise<Readonly<Record<string, TargetInputs>>> {
  const { chain } = await chainOf(files);
  return Object.fromEntries([...chain.targets].map(([name, { inputs }]) => [name, inputs]));
}

/** The keys of every target by its name. */
export async function keysOf(files: Readonly<Record<string, MemoryNode>>): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries(Object.entries(await inputsOf(files)).map(([name, { key }]) => [name, key]));
}

/** The message that a user sees. */
export function refusalOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}
