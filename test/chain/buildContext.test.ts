import { rmSync } from "node:fs";
import { join } from "node:path";
import { bakeFile } from "../../chain/bake.ts";
import { readCatalogue } from "../../chain/catalogue.ts";
import { collectChain } from "../../chain/collect.ts";
import { gitTree } from "../../chain/context/gitTree.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { resolveGraph } from "../../chain/graph.ts";
import { lintCatalogue } from "../../chain/lint.ts";
import { fill, folderWith, git, removeFolders } from "./context/folder.ts";
import { refusalOf, settings, treeOf } from "./smallChain.ts";

afterEach(removeFolders);

/** A repository whose one image is made from sources beside the catalogue. */
const repository = {
  "images/tool/image.yaml": settings("context: ..\n"),
  "images/tool/Dockerfile": "FROM scratch AS tool\nCOPY src/ /src/\nCOPY images/tool/own /own\n",
  "images/tool/Dockerfile.dockerignore": "**\n!src\n!images/tool/own\nsrc/*.md\n",
  "images/tool/own": "own\n",
  "src/main.ts": "main\n",
  "src/start.sh": "#!/bin/bash\ngit clone https://example.com/x.git\n",
  "src/notes.md": "notes\n",
  "secrets/key": "secret\n",
};

async function chainAt(tree: FileTree) {
  const catalogue = readCatalogue(tree);
  const graph = resolveGraph(catalogue);
  const chain = await collectChain(catalogue, graph);
  const inputs = chain.targets.get("tool:tool")?.inputs;
  return { catalogue, graph, chain, key: inputs?.key, files: inputs?.files.map(({ path }) => path) };
}

test("an image can read what lies beside the catalogue, less what its ignore file takes out", async () => {
  const { files } = await chainAt(workTree(join(folderWith(repository), "images")));
  expect(files).toEqual(["images/tool/own", "src/main.ts", "src/start.sh"]);
});

test("a revision in Git and the work tree have the same key, wherever in its repository the catalogue lies", async () => {
  const folder = folderWith(
    Object.fromEntries(Object.entries(repository).map(([path, text]) => [`a/b/${path}`, text])),
  );
  git(folder, ["init", "-q"]);
  git(folder, ["add", "."]);
  git(folder, ["commit", "-qm", "one"]);
  const inTree = await chainAt(workTree(join(folder, "a/b/images")));
  fill(folder, { "a/b/src/main.ts": "edited\n" });
  const atRevision = await chainAt(gitTree(join(folder, "a/b/images"), "HEAD"));
  expect(atRevision.key).toBeDefined();
  expect([atRevision.key, atRevision.files]).toEqual([inTree.key, inTree.files]);
  expect((await chainAt(workTree(join(folder, "a/b/images")))).key).not.toBe(inTree.key);
});

test("the folder a catalogue is in is no part of a key: only what is read counts", async () => {
  const before = folderWith(repository);
  const key = (await chainAt(workTree(join(before, "images")))).key;
  rmSync(join(before, "secrets"), { recursive: true });
  fill(before, { "src/notes.md": "other notes\n" });
  expect((await chainAt(workTree(join(before, "images")))).key).toBe(key);
});

test.each(["../..", "/", "/etc", "../secrets", "images/..", "", "~", "C:\\\\", "..\\n"])(
  "the context %j is refused, with what is allowed",
  (context) => {
    const files = { "tool/image.yaml": settings(`context: "${context}"\n`), "tool/Dockerfile": "FROM scratch AS t\n" };
    const message = refusalOf(() => readCatalogue(treeOf(files)));
    expect(message).toContain("dockerfiles/tool/image.yaml:4: context is not usable");
    expect(message).toContain(". (the catalogue's folder) or .. (the folder that holds it)");
    expect(message).toContain("fix:");
  },
);

test("a symlink beside the catalogue leads nowhere out of it", async () => {
  const folder = folderWith({ ...repository, "src/main.ts": { link: "../../../etc/passwd" } });
  const { files, chain } = await chainAt(workTree(join(folder, "images")));
  expect(files).toContain("src/main.ts");
  expect(chain.targets.get("tool:tool")?.inputs.files).toContainEqual(
    expect.objectContaining({ path: "src/main.ts", link: "../../../etc/passwd" }),
  );
});

test("a catalogue that is the top of its repository has no folder that holds it", () => {
  const folder = folderWith(
    Object.fromEntries(Object.entries(repository).map(([path, text]) => [path.replace("images/", ""), text])),
  );
  git(folder, ["init", "-q"]);
  git(folder, ["add", "."]);
  git(folder, ["commit", "-qm", "one"]);
  const message = refusalOf(() => readCatalogue(gitTree(folder, "HEAD")));
  expect(message).toContain("tool/image.yaml:4: the folder that holds the catalogue is out of reach");
});

test("bake finds the context and the Dockerfile, and lint reads the scripts, where they are", async () => {
  const folder = join(folderWith(repository), "images");
  const { catalogue, graph, chain } = await chainAt(workTree(folder));
  const { context, dockerfile } = bakeFile(catalogue, graph, chain, folder).target.tool_tool ?? {};
  expect([context, dockerfile]).toEqual([join(folder, ".."), "images/tool/Dockerfile"]);
  const findings = lintCatalogue(catalogue, graph, chain);
  expect(findings.map(({ file, line }) => `${file}:${line}`)).toContain(`${join(folder, "..")}/src/start.sh:2`);
});
