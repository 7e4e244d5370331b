import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { readCatalogue } from "../../chain/catalogue.ts";
import { collectChain } from "../../chain/collect.ts";
import { gitTree } from "../../chain/context/gitTree.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { resolveGraph } from "../../chain/graph.ts";

const FOLDER = "dockerfiles/strata";

/** The programs that the image starts. */
const PROGRAMS = ["builder/inBuild/main.ts", "builder/inBuild/credentialHelper.ts"];

async function tool(tree: FileTree = workTree("dockerfiles")) {
  const catalogue = readCatalogue(tree);
  const { targets } = await collectChain(catalogue, resolveGraph(catalogue));
  const inputs = targets.get("strata:tool")?.inputs;
  if (!inputs) throw new Error("strata:tool has no key");
  return { key: inputs.key, files: inputs.files.map(({ path }) => path) };
}

/** Everything that modules import when they run, from the text of their imports: files and packages. */
function importsOf(entries: readonly string[]): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string) => {
    if (files.size === files.add(file).size) return;
    const text = readFileSync(file, "utf8");
    for (const [, named] of text.matchAll(/^(?:import|export) (?!type\b)(?:[^"';]*? from )?"([^"]+)"/gm)) {
      if (named?.startsWith(".")) visit(join(dirname(file), named));
      else if (named && !named.startsWith("node:")) packages.add(named);
    }
    for (const [, named = ""] of text.matchAll(/\bimport\("([^"]+)"\)/g)) packages.add(named);
  };
  for (const entry of entries) visit(entry);
  return { files, packages };
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly integrity?: string }>>;
}
const lockAt = (path: string): Lock => JSON.parse(readFileSync(path, "utf8"));

test("what is in its key is what its programs import, what it installs and what checks it: nothing less, nothing more", async () => {
  const own = ["package-lock.json", "package.json", "verify/tool_self_test.mjs"].map((file) => `${FOLDER}/${file}`);
  expect((await tool()).files).toEqual([...importsOf(PROGRAMS).files, ...own].sort());
});

test("it installs the packages that its programs import, each in the very version that the rest of strata has", () => {
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}/package.json`, "utf8"));
  expect(Object.keys(dependencies).sort()).toEqual([...importsOf(PROGRAMS).packages].sort());
  const whole = new Set(Object.values(lockAt("package-lock.json").packages).map(({ integrity }) => integrity));
  for (const [path, { integrity }] of Object.entries(lockAt(`${FOLDER}/package-lock.json`).packages)) {
    if (path !== "") expect([path, whole.has(integrity)]).toEqual([path, true]);
  }
});

test("its lock names no address to fetch from", () => {
  expect(readFileSync(`${FOLDER}/package-lock.json`, "utf8")).not.toContain('"resolved"');
});

test("a revision in Git has the same files, read from beside the catalogue", async () => {
  const { files } = await tool(gitTree("dockerfiles", "HEAD"));
  expect(files).toContain("builder/inBuild/main.ts");
  expect(files).toContain(`${FOLDER}/package.json`);
});

test("the first image of an environment is made on the bases that the lock pins when it is made", () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-first-"));
  try {
    const docker = `#!/bin/sh\nline=$(printf "[%s]" "$@"); echo "$line" >>"${folder}/calls"\n`;
    writeFileSync(join(folder, "docker"), docker, { mode: 0o755 });
    mkdirSync(join(folder, "dockerfiles"));
    const moved = readFileSync("dockerfiles/bases.lock.yaml", "utf8")
      .replace(/(node:24-bookworm-slim:\s+digest: ).*/, "$1sha256:moved-node")
      .replace(/(docker:28-cli:\s+digest: ).*/, "$1sha256:moved-docker");
    writeFileSync(join(folder, "dockerfiles/bases.lock.yaml"), moved);
    const { steps } = parse(readFileSync(`${FOLDER}/first.yaml`, "utf8"));
    const args = steps[0].args.map((word: string) => word.replaceAll("$$", "$"));
    const env = { PATH: `${folder}:${process.env.PATH}`, TAG: "host/strata/tool:k1" };
    expect(spawnSync("sh", args, { cwd: folder, env, encoding: "utf8" })).toMatchObject({ status: 0, stderr: "" });
    const calls = readFileSync(join(folder, "calls"), "utf8");
    expect(calls).toContain("[node:24-bookworm-slim=docker-image://docker.io/library/node@sha256:moved-node]");
    expect(calls).toContain("[docker:28-cli=docker-image://docker.io/library/docker@sha256:moved-docker][.]");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
