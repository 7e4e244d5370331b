import { readCatalogue } from "../../chain/catalogue.ts";
import { collectChain } from "../../chain/collect.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { type Graph, resolveGraph } from "../../chain/graph.ts";
import { EditedTree } from "./editedTree.ts";

/** The catalogue with its open pins closed, so that every image has a key. */
function resolved(edits: ReadonlyMap<string, (text: string) => string> = new Map()): FileTree {
  const digest = `sha256:${"0".repeat(64)}`;
  return new EditedTree(
    workTree("dockerfiles"),
    new Map([
      ["bases.lock.yaml", (text: string) => text.replaceAll("digest: unresolved", `digest: ${digest}`)],
      ["vision-trt/tensorrt-libs.sha256", (text: string) => text.replace(/^unresolved$/m, "0".repeat(64))],
      ["pointcept-conda/conda-linux-64.lock", (text: string) => text.replace(/^unresolved$/m, "@EXPLICIT")],
      ...edits,
    ]),
  );
}

async function keysOf(tree: FileTree): Promise<{ graph: Graph; keys: ReadonlyMap<string, string> }> {
  const catalogue = readCatalogue(tree);
  const graph = resolveGraph(catalogue);
  const { targets, refused } = await collectChain(catalogue, graph);
  expect([...refused.values()].map(({ error }) => error.message)).toEqual([]);
  return { graph, keys: new Map([...targets].map(([name, { inputs }]) => [name, inputs.key])) };
}

/** Images that have another key than before, by name. */
async function changedBy(path: string, edit: (text: string) => string): Promise<readonly string[]> {
  const before = await original;
  const { keys } = await keysOf(resolved(new Map([[path, edit]])));
  const changed = [...keys].filter(([target, key]) => before.keys.get(target) !== key);
  return [...new Set(changed.map(([target]) => imageOf(target)))].sort();
}

/** An image and all that are built on it. */
function withDescendants(images: readonly string[], graph: Graph): readonly string[] {
  const all = new Set(images);
  for (const { name, parents } of graph.values())
    if (parents.some((parent) => all.has(imageOf(parent)))) all.add(imageOf(name));
  return [...all].sort();
}

function imageOf(target: string): string {
  return target.split(":")[0] ?? "";
}

function filesBelow(tree: FileTree, folder: string): readonly string[] {
  return tree.children(folder).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return tree.entry(path)?.kind === "directory" ? filesBelow(tree, path) : [path];
  });
}

/** The paths that a Dockerfile's text names as sources, found without the engine: words that exist in the catalogue. */
function namedSources(image: string, tree: FileTree): readonly string[] {
  const read = (file: string) => tree.read(`${image}/${file}`).toString();
  const text = read("Dockerfile")
    .replace(/^\s*#.*$/gm, "")
    .replace(/\\\n/g, " ");
  // From the folder that holds the catalogue, its files have the catalogue's name before them.
  const catalogue = /^context: \.\.$/m.test(read("image.yaml")) ? /^dockerfiles\// : /^/;
  const words = text.split(/[\s,=]+/).filter((word) => catalogue.test(word));
  const paths = words.map((word) => word.replace(catalogue, "").replace(/\/+$/, ""));
  return [...new Set(paths)].filter((path) => path.includes("/") && tree.entry(path) !== undefined);
}

/** Named by a stage that solves the lock and is part of no target: the lock it makes is what counts. */
const onlyForTheLock = new Set(["pointcept-conda/environment.yml"]);

const tree = resolved();
const original = keysOf(tree);
const images = tree.children("").filter((name) => tree.entry(`${name}/image.yaml`));
const sources = new Map(images.map((image) => [image, namedSources(image, tree)]));
const files = filesBelow(tree, "").filter(
  (path) => !/(^|\/)(Dockerfile|image\.yaml|bases\.lock\.yaml)$|\.dockerignore$/.test(path),
);

test.each(files)("a line added to %s changes exactly the images that name it, and their descendants", async (path) => {
  const { graph } = await original;
  const readers = images.filter(
    (image) =>
      !onlyForTheLock.has(path) && sources.get(image)?.some((one) => path === one || path.startsWith(`${one}/`)),
  );
  expect(await changedBy(path, (text) => `${text}\n# one more line\n`)).toEqual(withDescendants(readers, graph));
});

test.each(images)("an instruction added to the Dockerfile of %s changes it and its descendants", async (image) => {
  const { graph } = await original;
  const added = await changedBy(`${image}/Dockerfile`, (text) => `${text}\nLABEL added=yes\n`);
  expect(added).toEqual(withDescendants([image], graph));
});

test.each(images)(
  "a comment in the Dockerfile, the ignore file and image.yaml of %s changes nothing",
  async (image) => {
    for (const file of ["Dockerfile", "Dockerfile.dockerignore", "image.yaml"]) {
      expect(await changedBy(`${image}/${file}`, (text) => `${text}\n# a comment\n`)).toEqual([]);
    }
  },
);

test.each(images)("raising the epoch of %s changes it and its descendants", async (image) => {
  const { graph } = await original;
  const raised = await changedBy(`${image}/image.yaml`, (text) => text.replace(/^epoch: .*$/m, "epoch: 99"));
  expect(raised).toEqual(withDescendants([image], graph));
});
