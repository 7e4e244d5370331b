import { neededPaths, selectForCopy, selectForMounts } from "../../../chain/context/select.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { folder, link, memoryTree } from "./memoryTree.ts";

/** Each entry as "name=path", a link with its target. */
function names(
  tree: FileTree,
  sources: string | string[],
  flags: { exclude?: string[]; parents?: boolean } = {},
): string[][] {
  const copy = { sources: [sources].flat(), exclude: flags.exclude ?? [], parents: flags.parents ?? false };
  return selectForCopy(tree, copy).readings.map(({ entries }) => entries.map(shown));
}

function shown({
  name,
  path,
  entry,
}: {
  name: string;
  path: string;
  entry: { kind: string; target?: string };
}): string {
  return entry.kind === "symlink" ? `${name}->${entry.target}` : `${name}=${path}`;
}

const tree = memoryTree({
  "src/a.txt": "a",
  "src/b.log": "b",
  "src/deep/c.txt": "c",
  "src/empty": folder,
  "src/inner": link("a.txt"),
  file: link("src/a.txt"),
  folder: link("/src/deep"),
  dangling: link("nowhere"),
  circle: link("circle"),
  chain: link("file"),
  above: link("../../src/a.txt"),
});

test("a source that is a link is followed, over chains, absolute targets and a .. at the root", () => {
  expect(names(tree, "chain")).toEqual([["=src/a.txt"]]);
  expect(names(tree, "folder")).toEqual([["c.txt=src/deep/c.txt"]]);
  expect(names(tree, "folder/c.txt")).toEqual([["=src/deep/c.txt"]]);
  expect(names(tree, "above")).toEqual([["=src/a.txt"]]);
});

test("in a folder a link counts as a link, and an empty folder counts", () => {
  expect(names(tree, "src")).toEqual([
    ["a.txt=src/a.txt", "b.log=src/b.log", "deep/c.txt=src/deep/c.txt", "empty=src/empty", "inner->a.txt"],
  ]);
});

test("a wildcard gives names below its folder and follows what it matches", () => {
  expect(names(tree, "src/*.txt")).toEqual([["a.txt=src/a.txt"]]);
  expect(names(tree, "f*")).toEqual([["file=src/a.txt", "folder//c.txt=src/deep/c.txt"]]);
  expect(names(tree, "*/a.txt")).toEqual([["=src/a.txt"]]);
});

test("a wildcard may match nothing, another source may not", () => {
  expect(names(tree, "*.none")).toEqual([[]]);
  expect(() => names(tree, "none")).toThrow(/no such file or folder/);
  expect(() => names(tree, "none/*.txt")).toThrow(/no such file or folder/);
});

test("a link that leads nowhere or in a circle is refused where it would be followed", () => {
  expect(() => names(tree, "dangling")).toThrow(/symlink dangling leads to/);
  expect(() => names(tree, "dang*")).toThrow(/symlink dangling leads to/);
  expect(() => names(tree, "circle")).toThrow(/in a circle/);
  expect(names(tree, ".")[0]).toContain("dangling->nowhere");
});

test("--exclude leaves out what it matches below the source", () => {
  expect(names(tree, "src", { exclude: ["*.txt", "inner"] })).toEqual([
    ["b.log=src/b.log", "deep/c.txt=src/deep/c.txt", "empty=src/empty"],
  ]);
  expect(names(tree, "src", { exclude: ["**", "!deep"] })).toEqual([["deep/c.txt=src/deep/c.txt"]]);
});

test("--parents gives paths below the pivot, links as links, and must find a plain path", () => {
  expect(names(tree, "src/inner", { parents: true })).toEqual([["src/inner->a.txt"]]);
  expect(names(tree, "src/./deep/c.txt", { parents: true })).toEqual([["deep/c.txt=src/deep/c.txt"]]);
  expect(names(tree, "src/./**/*.txt", { parents: true })).toEqual([["a.txt=src/a.txt", "deep/c.txt=src/deep/c.txt"]]);
  expect(() => names(tree, "src/none", { parents: true })).toThrow(/no such file or folder/);
});

test("--parents of a whole folder is refused, because BuildKit finds nothing for it", () => {
  expect(() => names(tree, ".", { parents: true })).toThrow(/--parents of a whole folder/);
  expect(() => names(tree, "src/./", { parents: true })).toThrow(/--parents of a whole folder/);
});

test("a source outside the context is looked up inside of it", () => {
  expect(names(tree, "../../src/a.txt")).toEqual([["=src/a.txt"]]);
});

test("a plain source below another one does not count on its own, and its files are needed all the same", () => {
  const selection = selectForCopy(tree, { sources: ["src/inner", "src"], exclude: [], parents: false });
  expect(selection.readings.map(({ source }) => source)).toEqual(["src"]);
  expect(neededPaths([selection])).toContain("src/inner");
});

test("a mount's source is followed, and links below it count as links", () => {
  const entries = (path: string) => selectForMounts(tree, [path]).readings.flatMap((one) => one.entries.map(shown));
  expect(entries("folder")).toEqual(["c.txt=src/deep/c.txt"]);
  expect(entries("src")).toContain("inner->a.txt");
  expect(entries("")).toContain("file->src/a.txt");
});

test("needed are the entries, the links on the way and the folders above", () => {
  const selection = selectForCopy(tree, { sources: ["chain", "src/deep"], exclude: [], parents: false });
  expect([...neededPaths([selection])].sort()).toEqual([
    "chain",
    "file",
    "src",
    "src/a.txt",
    "src/deep",
    "src/deep/c.txt",
  ]);
});

test("a socket, pipe or device is refused, with the instruction's place", () => {
  const odd = memoryTree({ "x/socket": { kind: "special" }, y: "" });
  const at = { file: "Dockerfile", line: 3 };
  expect(() => selectForCopy(odd, { sources: ["."], exclude: [], parents: false, at })).toThrow(
    /^Dockerfile:3: x\/socket is/,
  );
});

test("copying 100,000 files takes one walk", () => {
  const files = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`d${i % 300}/f${i}`, ""]));
  const big = memoryTree(files);
  let asked = 0;
  const watched: FileTree = {
    ...big,
    entry(path) {
      asked++;
      return big.entry(path);
    },
  };
  expect(selectForCopy(watched, { sources: ["."], exclude: [], parents: false }).readings[0]?.entries).toHaveLength(
    100_000,
  );
  expect(asked).toBeLessThan(100_310);
});
