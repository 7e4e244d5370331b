import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { gitTree } from "../../../chain/context/gitTree.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { workTree } from "../../../chain/context/workTree.ts";
import { UserError } from "../../../chain/errors.ts";
import { commitAll, fill, folderWith, git, removeFolders } from "./folder.ts";

afterAll(removeFolders);

/** All that a tree says, by path. */
async function facts(tree: FileTree): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const files: string[] = [];
  const visit = (path: string) => {
    const entry = tree.entry(path);
    found[path] = entry;
    if (entry?.kind === "file") files.push(path);
    const names = tree.children(path).filter((name) => name !== ".git");
    found[`names in ${path}`] = names;
    for (const name of names) visit(path === "" ? name : `${path}/${name}`);
  };
  visit("");
  const digests = await tree.digests(files);
  files.forEach((path, i) => {
    const content = tree.read(path);
    expect(createHash("sha256").update(content).digest("hex")).toBe(digests[i]);
    found[path] = { entry: found[path], digest: digests[i], bytes: content.length };
  });
  return found;
}

test("a revision and its checkout are the same tree", async () => {
  const folder = folderWith({
    "image/Dockerfile": "FROM scratch\n",
    "image/run.sh": { executable: "#!/bin/sh\n" },
    "image/empty": "",
    "image/same content": "FROM scratch\n",
    "other/Dockerfile": "FROM busybox\n",
    "a.b": "sorted before a/",
    "a/file": "and Git sorts them otherwise",
    "a+b": "x",
    link: { link: "image/run.sh" },
    "image/dangling": { link: "../no/where" },
    "image/to folder": { link: "../a" },
    "names/wheel-2.6.0+cu124.whl": "x",
    "names/\u00fc \u{1f40d}": "x",
    "names/\uffee": "x",
    "names/line\nfeed": "x",
    "names/tab\there": "x",
    "large.bin": Buffer.alloc(3_000_000, "no line feed in this one"),
    "lines.bin": Buffer.alloc(200_000, "\n"),
  });
  commitAll(folder);
  const expected = await facts(workTree(folder));
  expect(Object.keys(expected)).toHaveLength(46);
  expect(await facts(gitTree(folder, "HEAD"))).toEqual(expected);
  expect(await facts(gitTree(folder, "main"))).toEqual(expected);
  expect(await facts(gitTree(join(folder, "image"), "main"))).toEqual(await facts(workTree(join(folder, "image"))));
  expect(await facts(gitTree(folder, "main", "names"))).toEqual(await facts(workTree(join(folder, "names"))));
  expect(await facts(gitTree(join(folder, ".git"), "main"))).toEqual(expected);
});

test("the work tree and the index are neither read nor touched", async () => {
  const folder = folderWith({ "d/committed": "1", "d/deleted": "2" });
  commitAll(folder);
  fill(folder, { "d/committed": "changed", "d/staged": "3", "d/untracked": "4" });
  git(folder, ["add", "d/staged"]);
  rmSync(join(folder, "d/deleted"));
  const before = git(folder, ["status", "--porcelain"]);
  const tree = gitTree(folder, "HEAD");
  expect(tree.children("d")).toEqual(["committed", "deleted"]);
  expect(tree.read("d/committed").toString()).toBe("1");
  expect(git(folder, ["status", "--porcelain"])).toBe(before);
});

test("a submodule is an empty directory, as in a clone without submodules", async () => {
  const folder = folderWith({ file: "x" });
  commitAll(folder);
  const commit = git(folder, ["rev-parse", "HEAD"]).trim();
  git(folder, ["update-index", "--add", "--cacheinfo", `160000,${commit},vendor/module`]);
  git(folder, ["commit", "-q", "-m", "submodule"]);
  const tree = gitTree(folder, "HEAD");
  expect(tree.entry("vendor/module")).toEqual({ kind: "directory" });
  expect(tree.children("vendor/module")).toEqual([]);
  await expect(tree.digests(["vendor/module"])).rejects.toThrow(UserError);
});

test("a Git LFS file is the pointer that Git stores", () => {
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 5\n`;
  const folder = folderWith({ ".gitattributes": "*.bin -text\n", "weights.bin": pointer });
  commitAll(folder);
  expect(gitTree(folder, "HEAD").read("weights.bin").toString()).toBe(pointer);
});

test("any name of a revision is understood", () => {
  const folder = folderWith({ file: "1" });
  commitAll(folder);
  git(folder, ["tag", "-a", "v1", "-m", "first"]);
  const first = git(folder, ["rev-parse", "HEAD"]).trim();
  fill(folder, { file: "2" });
  git(folder, ["commit", "-q", "-a", "-m", "second one"]);
  for (const name of ["v1", first, first.slice(0, 10), "HEAD~1", "main^", "main~1^{tree}"]) {
    expect(gitTree(folder, name).read("file").toString()).toBe("1");
  }
  expect(gitTree(folder, "HEAD").read("file").toString()).toBe("2");
});

test.each([
  "nope",
  "-x",
  "--all",
  "--output=/tmp/x",
  "",
  "HEAD~5",
  "main..main",
  "main main",
  "^main",
  "file",
  "HEAD:file",
  "main\nmain",
])("%j is refused as a revision", (revision) => {
  const folder = folderWith({ file: "1" });
  commitAll(folder);
  expect(() => gitTree(folder, revision)).toThrow(/the repository has no such revision\n {2}received: /);
});

test("a folder that is no repository, one that is not there, and one that the revision lacks are told apart", () => {
  const folder = folderWith({ file: "1" });
  expect(() => gitTree(folder, "HEAD")).toThrow(
    /is not a folder of a Git repository\n {2}received: .*not a git repository/,
  );
  expect(() => gitTree(join(folder, "no"), "HEAD")).toThrow(/no: is not a folder of a Git repository/);
  commitAll(folder);
  expect(() => gitTree(folder, "HEAD", "no/such")).toThrow(/the folder no\/such is not in revision HEAD/);
  expect(() => gitTree(folder, "HEAD", "file")).toThrow(/the folder file is not in revision HEAD/);
});

test("an environment that points git at another repository does not count", () => {
  const folder = folderWith({ file: "1" });
  const other = folderWith({ other: "2" });
  commitAll(folder);
  commitAll(other);
  const before = process.env.GIT_DIR;
  process.env.GIT_DIR = join(other, ".git");
  try {
    expect(gitTree(folder, "HEAD").children("")).toEqual(["file"]);
  } finally {
    if (before === undefined) delete process.env.GIT_DIR;
    else process.env.GIT_DIR = before;
  }
});

test("where git is not installed, the error says so", () => {
  const before = process.env.PATH;
  process.env.PATH = "/nonexistent";
  try {
    expect(() => gitTree(folderWith(), "HEAD")).toThrow(/git cannot be run/);
  } finally {
    process.env.PATH = before;
  }
});

test("a name that is not UTF-8 is refused by name", () => {
  const folder = folderWith({ file: "1" });
  commitAll(folder);
  const blob = git(folder, ["hash-object", "-w", "--stdin"], "x").trim();
  const line = (name: string) => `100644 blob ${blob}\t${name}\0`;
  const listing = Buffer.from(line("before") + line("caf\xe9"), "latin1");
  const tree = git(folder, ["mktree", "-z"], listing).trim();
  expect(() => gitTree(folder, tree)).toThrow(/a file's name is not valid UTF-8\n {2}received: caf\\xe9/);
});

test("an object that is missing from the repository is an error, for reading as for digests", async () => {
  const folder = folderWith({ file: "1" });
  commitAll(folder);
  const tree = gitTree(folder, "HEAD");
  const blob = git(folder, ["rev-parse", "HEAD:file"]).trim();
  rmSync(join(folder, ".git/objects", blob.slice(0, 2), blob.slice(2)));
  expect(() => tree.read("file")).toThrow(/git cannot read an object/);
  await expect(tree.digests(["file"])).rejects.toThrow(/git cannot read an object/);
});

test("equal contents are digested once, in the order asked for, also in a thousand files", async () => {
  const names = Array.from({ length: 1000 }, (_, i) => `f${i}`);
  const content = (i: number) => "line\n".repeat((i % 300) * 7);
  const folder = folderWith(Object.fromEntries(names.map((name, i) => [name, content(i)])));
  commitAll(folder);
  const expected = names.map((_, i) => createHash("sha256").update(content(i)).digest("hex"));
  expect(await gitTree(folder, "HEAD").digests(names)).toEqual(expected);
});
