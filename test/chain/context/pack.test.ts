import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import fc from "fast-check";
import { gitTree } from "../../../chain/context/gitTree.ts";
import { packContext } from "../../../chain/context/pack.ts";
import { header } from "../../../chain/context/tar.ts";
import type { FileTree } from "../../../chain/context/tree.ts";
import { workTree } from "../../../chain/context/workTree.ts";
import { type Content, commitAll, fill, folderWith, removeFolders } from "./folder.ts";

afterAll(removeFolders);

/** Everything in a tree, directories too. */
function everything(tree: FileTree, folder = ""): string[] {
  return tree.children(folder).flatMap((name) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    return name === ".git" ? [] : [path, ...everything(tree, path)];
  });
}

/** Packs paths of a tree into memory. */
async function packed(tree: FileTree, paths = everything(tree)) {
  const pieces: Buffer[] = [];
  const out = new Writable({
    write(piece: Buffer, _, done) {
      pieces.push(piece);
      setImmediate(done);
    },
  });
  const result = await packContext(tree, paths, out);
  return { ...result, archive: Buffer.concat(pieces) };
}

/** Extracts an archive with the tar program of this machine. */
function extract(archive: Buffer): string {
  const folder = folderWith();
  execFileSync("tar", ["-xpf", "-", "-C", folder], { input: archive, stdio: ["pipe", "pipe", "inherit"] });
  return folder;
}

/** What a tree holds, contents too. */
function contents(tree: FileTree): Record<string, unknown> {
  return Object.fromEntries(
    everything(tree).map((path) => {
      const entry = tree.entry(path);
      return [path, entry?.kind === "file" ? { ...entry, content: tree.read(path).toString("hex") } : entry];
    }),
  );
}

const LONG = Array.from({ length: 6 }, (_, i) => `${i}`.repeat(50)).join("/");
const ODD: Record<string, Content> = {
  Dockerfile: "FROM scratch\n",
  "run.sh": { executable: "#!/bin/sh\n" },
  empty: "",
  "empty folder": { directory: true },
  [`deep/${LONG}/file`]: "long",
  [`name of 255 bytes/${"n".repeat(255)}`]: "long",
  [`exact/${"x".repeat(94)}`]: "100 bytes",
  [`exactly one more/${"x".repeat(84)}`]: "101 bytes",
  [`folder/${"y".repeat(93)}/z`]: "the folder's name is 100 bytes, and 101 with its slash",
  "wheels/torch-2.6.0+cu124-cp312.whl": "x",
  "names/with space": "x",
  "names/ü \u{1f40d}": "x",
  "names/line\nfeed": "x",
  "names/-leading": "x",
  "names/back\\slash": "x",
  "a.b": "x",
  "a/b": "x",
  "block/511": Buffer.alloc(511, 1),
  "block/512": Buffer.alloc(512, 2),
  "block/513": Buffer.alloc(513, 3),
  large: Buffer.alloc(3_000_001, "strata"),
  "links/plain": { link: "../Dockerfile" },
  "links/dangling": { link: "no where/ü" },
  "links/long": { link: LONG },
};

test("what tar extracts is what was packed: odd and long names, empty folders, symlinks, executables", async () => {
  const tree = workTree(folderWith(ODD));
  const { archive, digest, bytes, files } = await packed(tree);
  expect(digest).toBe(createHash("sha256").update(archive).digest("hex"));
  expect(bytes).toBe(archive.length);
  expect(files).toBe(21 - 1);
  const extracted = extract(archive);
  expect(contents(workTree(extracted))).toEqual(contents(tree));
  for (const path of everything(tree)) {
    const { mode, mtimeMs, uid } = lstatSync(join(extracted, path));
    const kind = tree.entry(path);
    const plain = kind?.kind === "file" && !kind.executable;
    if (kind?.kind !== "symlink") expect((mode & 0o7777).toString(8)).toBe(plain ? "644" : "755");
    if (kind?.kind === "file") expect(new Date(mtimeMs).toISOString()).toBe("1980-01-02T00:00:00.000Z");
    expect(uid).toBe(process.getuid?.());
  }
});

test("tar's own listing shows owner 0, no owner's name, sorted paths, and no complaint", async () => {
  const { archive } = await packed(workTree(folderWith({ "b/x": "1", "a.b": "2", "a/run": { executable: "3" } })));
  const listing = execFileSync("tar", ["--utc", "--full-time", "-tvf", "-"], { input: archive }).toString();
  expect(listing.replace(/ +/g, " ")).toBe(
    [
      "drwxr-xr-x 0/0 0 1980-01-02 00:00:00 a/",
      "-rw-r--r-- 0/0 1 1980-01-02 00:00:00 a.b",
      "-rwxr-xr-x 0/0 1 1980-01-02 00:00:00 a/run",
      "drwxr-xr-x 0/0 0 1980-01-02 00:00:00 b/",
      "-rw-r--r-- 0/0 1 1980-01-02 00:00:00 b/x",
      "",
    ].join("\n"),
  );
});

test("another checkout with other modes, times, owners and order of creation packs to the same bytes", async () => {
  const one = folderWith(ODD);
  const before = process.umask(0o077);
  let two: string;
  try {
    two = folderWith(Object.fromEntries(Object.entries(ODD).reverse()));
  } finally {
    process.umask(before);
  }
  for (const path of everything(workTree(two))) {
    lutimesSync(join(two, path), 1e9, 1e9);
    if (process.getuid?.() === 0) lchownSync(join(two, path), 1234, 1234);
  }
  chmodSync(join(two, "run.sh"), 0o700);
  chmodSync(join(two, "Dockerfile"), 0o666);
  const first = await packed(workTree(one));
  const second = await packed(workTree(two));
  expect(second.digest).toBe(first.digest);
  expect(second.archive.equals(first.archive)).toBe(true);
});

test("a revision packs to the same bytes as its checkout", async () => {
  const folder = folderWith({ "a/run.sh": { executable: "x" }, "b/ü": "y", link: { link: "b" } });
  commitAll(folder);
  expect((await packed(gitTree(folder, "HEAD"))).digest).toBe((await packed(workTree(folder))).digest);
});

test("the bytes of a known context never change: its digest names objects that are in buckets", async () => {
  const tree = workTree(
    folderWith({ "d/run.sh": { executable: "#!/bin/sh\n" }, "d/ü": "x", link: { link: "d" }, e: { directory: true } }),
  );
  const { digest, bytes } = await packed(tree);
  expect({ digest, bytes }).toEqual({
    digest: "f40eae691b8c4d5b4d437e757cc247430b73d2e3e568719b70fb9652f9a9004c",
    bytes: 5632,
  });
});

test("the order of the paths and their repetition do not matter; folders above them come along, once", async () => {
  const tree = workTree(folderWith({ "a/b/c": "1", "a/b/d": "2", "a/e": "3", f: "4" }));
  const { digest, files, archive } = await packed(tree, ["a/b/c", "a/b/d", "f"]);
  expect(files).toBe(3);
  expect(await packed(tree, ["f", "a/b/d", "a", "a/b/c", "f"])).toMatchObject({ digest });
  expect(everything(workTree(extract(archive)))).toEqual(["a", "a/b", "a/b/c", "a/b/d", "f"]);
  expect(everything(workTree(extract((await packed(tree, [])).archive)))).toEqual([]);
});

test.each(["no", "a/no", "a/../f", "../x", "/f", "a/", "a//b", "f/x", "pipe"])("%j cannot be packed", async (path) => {
  const folder = folderWith({ "a/b": "1", f: "4" });
  execFileSync("mkfifo", [join(folder, "pipe")]);
  await expect(packed(workTree(folder), ["f", path])).rejects.toThrow(/context\n {2}received: /);
});

test("a name that leads out of the archive is refused, whatever the tree says of it", async () => {
  const hostile: FileTree = {
    ...workTree(folderWith()),
    label: "hostile",
    entry: () => ({ kind: "symlink", target: "x" }),
  };
  for (const path of ["..", "../x", "a/../x", "./x", "."]) {
    await expect(packed(hostile, [path])).rejects.toThrow(/there is no such file in the context/);
  }
});

test.each<[string, (path: string) => void]>([
  ["grew", (path) => appendFileSync(path, "more")],
  ["shrank", (path) => writeFileSync(path, "")],
  ["has another content of the same size", (path) => writeFileSync(path, "y".repeat(2_000_000))],
])("a file that %s after it was hashed stops the packing, and no archive is left", async (_, change) => {
  const folder = folderWith({ before: "1", file: "x".repeat(2_000_000), last: "2" });
  const out = folderWith();
  const tree = workTree(folder);
  await tree.digests(["file"]);
  change(join(folder, "file"));
  await expect(packContext(tree, tree.children(""), join(out, "context.tar"))).rejects.toThrow(
    /file: the file changed/,
  );
  await expect(packed(tree)).rejects.toThrow(/file: the file changed/);
  expect(readdirSync(out)).toEqual([]);
});

test("an archive written to a file is the same as one written to a stream", async () => {
  const tree = workTree(folderWith(ODD));
  const path = join(folderWith(), "context.tar");
  const toFile = await packContext(tree, everything(tree), path);
  const { archive, ...toStream } = await packed(tree);
  expect(toFile).toEqual(toStream);
  expect(readFileSync(path).equals(archive)).toBe(true);
});

test("a stream that fails is an error of the packing", async () => {
  const out = new Writable({ write: (_, __, done) => done(new Error("disk full")) });
  await expect(packContext(workTree(folderWith(ODD)), ["large"], out)).rejects.toThrow("disk full");
});

test("a large file is never whole in memory", async () => {
  const folder = folderWith({ large: Buffer.alloc(64_000_000) });
  let largest = 0;
  const out = new Writable({
    write(piece: Buffer, _, done) {
      largest = Math.max(largest, piece.length);
      done();
    },
  });
  await packContext(workTree(folder), ["large"], out);
  expect(largest).toBeLessThan(2_000_000);
});

test("a size beyond what octal digits can hold is in a pax record", () => {
  const size = 9 * 2 ** 30;
  const blocks = header({ kind: "file", path: "large", executable: false, size }).toString("latin1");
  expect(blocks).toContain("19 size=9663676416\n");
  expect(header({ kind: "file", path: "s", executable: false, size: 2 ** 33 - 1 })).toHaveLength(512);
});

test("any tree comes out of tar as it went in, and packs to the same bytes again", async () => {
  const name = fc
    .string({
      unit: fc.constantFrom("a", "b", "é", "\u{1f40d}", " ", "+", "-", "\n", "=", "\\"),
      minLength: 1,
      maxLength: 60,
    })
    .map((text) => text.repeat(1 + (text.length % 3)).slice(0, 60))
    .filter((text) => !/[\ud800-\udbff]$/.test(text));
  const content: fc.Arbitrary<Content> = fc.oneof(
    fc.uint8Array({ maxLength: 1100 }),
    fc.string({ maxLength: 20 }).map((executable) => ({ executable })),
    name.map((link) => ({ link })),
    fc.constant({ directory: true as const }),
  );
  const folders = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/"));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(folders, content), { maxLength: 12 }), async (pairs) => {
      const folder = folderWith();
      for (const [path, what] of pairs) {
        const tree = workTree(folder);
        const taken = path.split("/").some((_, i, names) => {
          const above = tree.entry(names.slice(0, i + 1).join("/"));
          return above !== undefined && (above.kind !== "directory" || i === names.length - 1);
        });
        if (!taken) fill(folder, { [path]: what });
      }
      const tree = workTree(folder);
      const { archive, digest } = await packed(tree);
      const extracted = workTree(extract(archive));
      expect(contents(extracted)).toEqual(contents(tree));
      expect((await packed(extracted)).digest).toBe(digest);
    }),
    { numRuns: 60 },
  );
});

test("a link that is turned after it was hashed is packed as it was hashed", async () => {
  const folder = folderWith({ current: { link: "v1" } });
  const tree = workTree(folder);
  expect(tree.entry("current")).toEqual({ kind: "symlink", target: "v1" });
  rmSync(join(folder, "current"));
  symlinkSync("v2", join(folder, "current"));
  const { archive } = await packed(tree, ["current"]);
  expect(workTree(extract(archive)).entry("current")).toEqual({ kind: "symlink", target: "v1" });
});

test("a pax record's length counts its own digits, at every length", () => {
  for (let length = 1; length < 1100; length++) {
    const target = "é".repeat(length);
    const blocks = header({ kind: "symlink", path: "link", target });
    const size = Number.parseInt(blocks.toString("latin1", 124, 135), 8);
    const record = blocks.toString("utf8", 512, 512 + size);
    expect(record).toBe(`${size} linkpath=${target}\n`);
  }
});
