import { parseIgnoreFile, withoutIgnored } from "../../chain/context/ignore.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { UserError } from "../../chain/errors.ts";
import { buildOptions, collectTarget, readDockerfile } from "../../chain/inputs.ts";
import { type MemoryNode, memoryTree } from "../chain/context/memoryTree.ts";
import { generateCase } from "./generate.ts";
import { Random } from "./random.ts";
import { type Entry, file, type State } from "./state.ts";

const seed = Number(process.env.STRATA_GROUND_TRUTH_SEED ?? 20261122);
const dockerfiles = 15_000;
const ignoreFiles = 5_000;

/** No text may take longer than this, in milliseconds of this process's time. */
const limit = 100;

/** Pieces that begin something in a Dockerfile or a pattern, and that nothing may end. */
const pieces = [
  ..."\\`\"'$[]{}()<>#!*?=,:;|&-/. \t\r\n\0\uFEFF\u2028é日",
  "<<EOF",
  "<<-'x y'",
  "\\\n",
  "${",
  "${A:-${A}}",
  "${A/*/b}",
  "--mount=type=bind,",
  "--from=0",
  "ONBUILD ",
  "FROM scratch AS x\n",
  "ARG A=$A\n",
  "# escape=`\n",
  "# syntax=a/b\n",
  "**/",
  "../",
  "[a-",
  "!",
  "\uD800",
  "a".repeat(3000),
  "*".repeat(60),
  "**/".repeat(30),
  "\\".repeat(99),
];

/** The text with a few cuts, repeats, swaps and insertions. */
function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let changes = 1 + random.below(4); changes > 0; changes -= 1) {
    const at = random.below(mutated.length + 1);
    const to = Math.min(mutated.length, at + random.below(random.pick([2, 12, 80])));
    const cut = mutated.slice(at, to);
    const insert = random.pick([
      "",
      cut + cut,
      random.pick(pieces),
      random.pick(pieces),
      cut.toUpperCase(),
      cut.split("").reverse().join(""),
    ]);
    mutated = mutated.slice(0, at) + insert + mutated.slice(to);
  }
  return mutated;
}

/** Milliseconds that `work` takes: the least of three attempts where the first was slow, as a pause may be another's. */
async function duration(work: () => Promise<void>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && least > limit; attempt += 1) {
    const started = performance.now();
    await work();
    least = Math.min(least, performance.now() - started);
  }
  return least;
}

/** What came of one text: a result, or an error that says where; anything else is thrown. */
async function outcome(text: string, work: () => Promise<void> | void): Promise<"result" | "error"> {
  let came: "result" | "error" = "result";
  const took = await duration(async () => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof UserError)) throw new Error(`a crash on ${JSON.stringify(text)}`, { cause: error });
      if (!error.detail.at?.file || !error.detail.at.line)
        throw new Error(`an error without file and line on ${JSON.stringify(text)}: ${error.message}`);
      came = "error";
    }
  });
  if (took > limit) throw new Error(`${Math.round(took)} ms for ${JSON.stringify(text)}`);
  return came;
}

function treeOf(files: ReadonlyMap<string, Entry>): FileTree {
  const nodes = [...files].map(([path, entry]): [string, MemoryNode] => {
    if (entry.kind === "file") return [path, entry.content.toString()];
    return [path, entry.kind === "symlink" ? { kind: "symlink", target: entry.target } : { kind: "directory" }];
  });
  return memoryTree(Object.fromEntries(nodes));
}

test(`${dockerfiles} mutated Dockerfiles end in a key or in an error with file and line, each within ${limit} ms`, async () => {
  const came = { result: 0, error: 0 };
  for (let index = 0; index < dockerfiles; index += 1) {
    const random = new Random(seed + index);
    const { before }: { before: State } = generateCase(seed, index % 500);
    const text = mutate(dockerfileOf(before), random);
    const tree = treeOf(new Map([...before.files, [before.dockerfile, file(text)]]));
    came[
      await outcome(text, async () => {
        const dockerfile = { tree, path: before.dockerfile };
        const lock = {
          file: "bases.lock.yaml",
          digests: new Map(
            ["base:1", "base:2", "files:1"].map((name) => [`docker.io/library/${name}`, `sha256:${"0".repeat(64)}`]),
          ),
        };
        await collectTarget(
          readDockerfile(dockerfile),
          { dockerfile, context: tree, lock },
          buildOptions({ args: before.buildArgs }),
        );
      })
    ] += 1;
  }
  expect(came.result).toBeGreaterThan(dockerfiles / 10);
  expect(came.error).toBeGreaterThan(dockerfiles / 10);
}, 600_000);

test(`${ignoreFiles} mutated ignore files end in a tree or in an error with file and line, each within ${limit} ms`, async () => {
  const came = { result: 0, error: 0 };
  const base = "# rules\n*.log\n!keep.log\n**/tmp\ndir/[a-c]?/x\n\\#odd\n./a/../b/\n!dir/ab/**/deep\n";
  const tree = treeOf(
    new Map(
      ["a.log", "keep.log", "dir/ab/x", "dir/ab/y/deep", "tmp/t", "b/tmp/u", "#odd", "c/d/e/f/g/h.txt"].map((path) => [
        path,
        file(path),
      ]),
    ),
  );
  for (let index = 0; index < ignoreFiles; index += 1) {
    const text = mutate(base, new Random(seed + index));
    came[await outcome(text, () => visit(withoutIgnored(tree, parseIgnoreFile(text, ".dockerignore"))))] += 1;
  }
  expect(came.result).toBeGreaterThan(ignoreFiles / 10);
  expect(came.error).toBeGreaterThan(0);
}, 600_000);

function dockerfileOf({ files, dockerfile }: State): string {
  const entry = files.get(dockerfile);
  return entry?.kind === "file" ? entry.content.toString() : "";
}

function visit(tree: FileTree, below = ""): void {
  for (const name of tree.children(below)) {
    const path = below === "" ? name : `${below}/${name}`;
    if (tree.entry(path)?.kind === "directory") visit(tree, path);
  }
}
