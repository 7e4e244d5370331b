import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { compareBytes, sortByBytes } from "../../../chain/context/byteOrder.ts";
import { workTree } from "../../../chain/context/workTree.ts";
import { UserError } from "../../../chain/errors.ts";
import { folderWith, removeFolders } from "./folder.ts";

afterAll(removeFolders);

const sha256 = (content: string | Uint8Array) => createHash("sha256").update(content).digest("hex");

test("an entry is a file with its size and owner's executable bit, a directory, a symlink with its target, or special", () => {
  const folder = folderWith({
    "a/plain": "12345",
    "a/run.sh": { executable: "x" },
    link: { link: "a/plain" },
    dangling: { link: "no/where" },
    empty: { directory: true },
  });
  execFileSync("mkfifo", [join(folder, "pipe")]);
  const tree = workTree(folder);
  expect(tree.entry("")).toEqual({ kind: "directory" });
  expect(tree.entry("a")).toEqual({ kind: "directory" });
  expect(tree.entry("empty")).toEqual({ kind: "directory" });
  expect(tree.entry("a/plain")).toEqual({ kind: "file", executable: false, size: 5 });
  expect(tree.entry("a/run.sh")).toEqual({ kind: "file", executable: true, size: 1 });
  expect(tree.entry("link")).toEqual({ kind: "symlink", target: "a/plain" });
  expect(tree.entry("dangling")).toEqual({ kind: "symlink", target: "no/where" });
  expect(tree.entry("pipe")).toEqual({ kind: "special" });
});

test.each([
  [0o644, false],
  [0o600, false],
  [0o664, false],
  [0o655, false],
  [0o744, true],
  [0o700, true],
  [0o777, true],
])("mode %o counts as executable: %s, as Git decides it", (mode, executable) => {
  const folder = folderWith({ file: "x" });
  chmodSync(join(folder, "file"), mode);
  expect(workTree(folder).entry("file")).toEqual({ kind: "file", executable, size: 1 });
});

test("nothing is where nothing is: missing names, below files and symlinks, odd spellings, outside", () => {
  const folder = folderWith({ "d/file": "x", link: { link: "d" } });
  const tree = workTree(folder);
  for (const path of ["no", "d/no", "d/file/x", "link/file", "./d", "d/", "d//file", "..", "d/..", "../x", "/d", "/"]) {
    expect(tree.entry(path)).toBeUndefined();
    expect(tree.children(path)).toEqual([]);
  }
  expect(tree.children("d/file")).toEqual([]);
  expect(tree.children("link")).toEqual([]);
});

test("names are sorted by their UTF-8 bytes, also beyond U+FFFF", () => {
  const names = ["b", "a", "Z", "é", "\uffee", "\u{1f40d}", "a.b", "a+b", "aa"];
  const folder = folderWith(Object.fromEntries(names.map((name) => [name, name])));
  const tree = workTree(folder);
  const expected = [...names].sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)));
  expect(tree.children("")).toEqual(expected);
  for (const name of names.reverse()) expect(tree.entry(name)).toMatchObject({ kind: "file" });
});

test("the order of any strings is that of their UTF-8 bytes", () => {
  const text = fc.string({ unit: "binary" });
  fc.assert(
    fc.property(fc.array(text), (strings) => {
      const byBytes = [...strings].sort((one, two) => Buffer.compare(Buffer.from(one), Buffer.from(two)));
      expect(sortByBytes([...strings])).toEqual(byBytes);
      expect([...strings].sort(compareBytes)).toEqual(byBytes);
    }),
  );
});

test("every name of a directory is found, in whatever order names are asked for", () => {
  const names = Array.from({ length: 100 }, (_, i) => `file${i}`);
  const folder = folderWith(Object.fromEntries(names.map((name) => [`d/${name}`, name])));
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...names, "file", "file999", "zzz", "")), (asked) => {
      const tree = workTree(folder);
      for (const name of asked) {
        const expected = names.includes(name) ? { kind: "file", executable: false, size: name.length } : undefined;
        expect(tree.entry(`d/${name}`)).toEqual(expected);
      }
    }),
  );
});

test("digests are the sha256 of contents in the order asked for, for empty, small, and large files", async () => {
  const large = Buffer.alloc(5_000_001, "strata");
  const exact = Buffer.alloc(1 << 20, 7);
  const folder = folderWith({ empty: "", "d/small": "small", large, exact });
  const paths = ["large", "d/small", "exact", "empty", "large"];
  const expected = [sha256(large), sha256("small"), sha256(exact), sha256(""), sha256(large)];
  const tree = workTree(folder);
  expect(await tree.digests(paths)).toEqual(expected);
  expect(await tree.digests(paths)).toEqual(expected);
  expect(await tree.digests([])).toEqual([]);
});

test("a file's bytes are read as they are; what is no file is an error that names it", async () => {
  const bytes = Uint8Array.from([0, 255, 254, 10]);
  const tree = workTree(folderWith({ "d/bytes": bytes, link: { link: "d/bytes" } }));
  expect([...tree.read("d/bytes")]).toEqual([...bytes]);
  for (const path of ["d", "link", "no", ""]) {
    expect(() => tree.read(path)).toThrow(UserError);
    await expect(tree.digests([path])).rejects.toThrow(UserError);
  }
});

test("a file that changed after it was looked at is an error, not a digest of something else", async () => {
  const folder = folderWith({ grows: "1", becomesLink: "1", goes: "1" });
  const tree = workTree(folder);
  for (const name of tree.children("")) tree.entry(name);
  writeFileSync(join(folder, "grows"), "12");
  renameSync(join(folder, "goes"), join(folder, "gone"));
  renameSync(join(folder, "becomesLink"), join(folder, "target"));
  symlinkSync("target", join(folder, "becomesLink"));
  await expect(tree.digests(["grows"])).rejects.toThrow(/grows: the file changed while/);
  await expect(tree.digests(["goes"])).rejects.toThrow(/goes: the file cannot be read/);
  await expect(tree.digests(["becomesLink"])).rejects.toThrow(/becomesLink: the file cannot be read/);
});

test("a name that is not UTF-8 is refused by name, and only where its directory is asked for", () => {
  const folder = folderWith({ "fine/\ufffd": "the replacement character itself is a fine name" });
  const bad = Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from("/caf\xe9.txt", "latin1")]);
  execFileSync("mkdir", [join(folder, "bad")]);
  writeFileSync(bad, "x");
  const tree = workTree(folder);
  expect(tree.children("fine")).toEqual(["\ufffd"]);
  expect(tree.entry("bad")).toEqual({ kind: "directory" });
  expect(() => tree.children("bad")).toThrow(/bad: a file's name is not valid UTF-8\n {2}received: caf\\xe9\.txt/);
});

test("the tree's folder may be reached through a symlink, and has to be a folder", () => {
  const folder = folderWith({ "real/file": "x", link: { link: "real" } });
  expect(workTree(join(folder, "link")).children("")).toEqual(["file"]);
  expect(() => workTree(join(folder, "no"))).toThrow(UserError);
  expect(() => workTree(join(folder, "real/file"))).toThrow(/real\/file: is not a folder/);
});
