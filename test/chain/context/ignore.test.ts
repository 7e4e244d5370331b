import { parseIgnoreFile, readIgnoreRules, withoutIgnored } from "../../../chain/context/ignore.ts";
import { UserError } from "../../../chain/errors.ts";
import { allPaths, folder, memoryTree } from "./memoryTree.ts";

/** What is left of a tree by these lines. */
function received(paths: Parameters<typeof memoryTree>[0], ...lines: string[]): string[] {
  return allPaths(withoutIgnored(memoryTree(paths), parseIgnoreFile(lines.join("\n"), ".dockerignore")));
}

function refusal(text: string): UserError {
  try {
    parseIgnoreFile(text, "here/.dockerignore");
  } catch (error) {
    if (error instanceof UserError) return error;
  }
  throw new Error(`${text} was not refused`);
}

test("a # begins a comment in the first column only, also after a byte order mark", () => {
  expect(received({ "#a": "", "#b": "", c: "" }, "\ufeff#a", " #b")).toEqual(["#a", "c"]);
});

test("a leading slash, blanks around a pattern and what cleaning takes away mean nothing", () => {
  expect(received({ a: "", b: "", c: "", d: "" }, "/a", " \tb\u00a0", "x/../c/", "./d\r")).toEqual([]);
});

test("a + in a file name is a plus", () => {
  const wheel = "dist/torch-2.6.0+cu124-cp312.whl";
  expect(received({ [wheel]: "", "dist/torch-2.6.00cu124-cp312.whl": "" }, "dist/torch-2.6.0+cu*.whl")).toEqual([
    "dist",
    "dist/torch-2.6.00cu124-cp312.whl",
  ]);
});

test("* stays within a folder and ** does not", () => {
  const tree = { "a.log": "", "x/b.log": "", "x/y/c.log": "" };
  expect(received(tree, "*.log")).toEqual(["x", "x/b.log", "x/y", "x/y/c.log"]);
  expect(received(tree, "**/*.log")).toEqual(["x", "x/y"]);
});

test("a folder that is empty only because all in it is ignored is still received", () => {
  expect(received({ "a/b": "", "c/d": "" }, "a/*", "c")).toEqual(["a"]);
});

test("a folder that is ignored comes back with what an exception takes back in", () => {
  expect(received({ "keep/x/y": "", "keep/z": "", other: "" }, "*", "!keep/x")).toEqual(["keep", "keep/x", "keep/x/y"]);
});

test("an exception for a folder does not take back what an earlier pattern named below it", () => {
  expect(received({ "a/b": "", "a/c": "" }, "a/b", "!a")).toEqual(["a", "a/c"]);
});

test("a file that BuildKit would list and send without its content is refused", () => {
  const rules = parseIgnoreFile("docs\n!docs/README.md\ndocs", ".dockerignore");
  const tree = withoutIgnored(memoryTree({ "docs/README.md": "text" }), rules);
  expect(tree.children("docs")).toEqual(["README.md"]);
  expect(() => tree.entry("docs/README.md")).toThrow(/without its content/);
});

test("what is ignored can be neither seen nor read nor hashed", async () => {
  const tree = withoutIgnored(memoryTree({ "a/secret": "x", b: "y" }), parseIgnoreFile("a", ".dockerignore"));
  expect([tree.entry("a"), tree.entry("a/secret")]).toEqual([undefined, undefined]);
  expect(tree.children("a")).toEqual([]);
  expect(() => tree.read("a/secret")).toThrow(UserError);
  await expect(tree.digests(["b", "a/secret"])).rejects.toThrow(UserError);
});

test("a folder that cannot hold an exception is never looked into", () => {
  const tree = memoryTree({ ".git/objects/x": "", "keep/a": "" });
  const looked: string[] = [];
  const watched = {
    ...tree,
    children(path: string) {
      looked.push(path);
      return tree.children(path);
    },
  };
  allPaths(withoutIgnored(watched, parseIgnoreFile(".git\n!keep/**", ".dockerignore")));
  expect(looked).not.toContain(".git");
});

test.each([
  "[",
  "[^",
  "[]a]",
  "[a-]",
  "[-x]",
  "[x-]",
  "[a-b-d]",
  "[a-b-",
  "[a",
  "a[",
  "a\\",
  "[\\",
  "[z-a]",
  "!",
  "! /",
  "\\c",
])("the malformed pattern %s is refused with its file and line", (pattern) => {
  expect(refusal(`fine\n\n# fine\n${pattern}`).detail).toMatchObject({ at: { file: "here/.dockerignore", line: 4 } });
});

test("no pattern takes long, however many stars it has", () => {
  const started = performance.now();
  const rules = parseIgnoreFile(`${"*a".repeat(30)}b\n${"**/*a".repeat(30)}b`, ".dockerignore");
  expect(rules.patterns.matchesAlone("a".repeat(200))).toBe(false);
  expect(performance.now() - started).toBeLessThan(1000);
});

test("the file beside the Dockerfile comes before the context's, also when it is empty", () => {
  const context = memoryTree({ ".dockerignore": "a", "Dockerfile.dockerignore": "", Dockerfile: "" });
  const here = { tree: context, path: "Dockerfile" };
  expect(readIgnoreRules(here, context)).toMatchObject({
    file: "memory/Dockerfile.dockerignore",
    patterns: { patterns: [] },
  });
  expect(readIgnoreRules({ tree: context, path: "other/Dockerfile" }, context).file).toBe("memory/.dockerignore");
  const outside = { tree: memoryTree({ "d/X.dockerignore": "b" }), path: "d/X" };
  expect(readIgnoreRules(outside, context).file).toBe("memory/d/X.dockerignore");
  expect(readIgnoreRules(here, memoryTree({ e: folder }))).toMatchObject({ file: "memory/Dockerfile.dockerignore" });
});
