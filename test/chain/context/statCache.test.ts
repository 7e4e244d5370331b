import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { linkSync, readdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import fc from "fast-check";
import { STAT_FIELDS, StatCache, statCacheFolder, statKey } from "../../../chain/context/statCache.ts";
import { workTree } from "../../../chain/context/workTree.ts";
import { fill, folderWith, removeFolders } from "./folder.ts";

const mockRead: string[] = [];
jest.mock("../../../chain/context/hashPool.ts", () => {
  const real = jest.requireActual<typeof import("../../../chain/context/hashPool.ts")>(
    "../../../chain/context/hashPool.ts",
  );
  return {
    hashFiles: (folder: string, paths: readonly string[], sizes: readonly number[]) => {
      mockRead.push(...paths);
      return real.hashFiles(folder, paths, sizes);
    },
  };
});

afterAll(removeFolders);
afterEach(() => jest.restoreAllMocks());

/** The tree is read as if so many seconds had passed, so that no test has to wait for a file to be old enough. */
function later(seconds: number): void {
  const now = Date.now();
  jest.spyOn(Date, "now").mockReturnValue(now + 1000 * seconds);
}

/** Digests by path from a fresh tree, and which files were read for them. */
async function digests(folder: string, statCache: string, paths: readonly string[]) {
  mockRead.length = 0;
  const found = await workTree(folder, { statCache }).digests(paths);
  return { digests: Object.fromEntries(paths.map((path, i) => [path, found[i]])), read: [...mockRead] };
}

const sha256 = (content: string) => createHash("sha256").update(content).digest("hex");

/** A folder with files a, b and d/c that a stat cache knows, and the path of the cache's file. */
async function recorded() {
  const folder = folderWith({ a: "1", b: "2", "d/c": "3" });
  const cache = folderWith();
  later(10);
  await digests(folder, cache, ["a", "b", "d/c"]);
  const [name = ""] = readdirSync(cache);
  return { folder, cache, file: join(cache, name) };
}

const ALL = { a: sha256("1"), b: sha256("2"), "d/c": sha256("3") };
const PATHS = Object.keys(ALL);

test("files that have not changed are not read again", async () => {
  const { folder, cache } = await recorded();
  expect(await digests(folder, cache, PATHS)).toEqual({ digests: ALL, read: [] });
  expect(await digests(folder, cache, ["d/c"])).toEqual({ digests: { "d/c": ALL["d/c"] }, read: [] });
});

test("a file changed shortly before the tree was read is not trusted the next time", async () => {
  const folder = folderWith({ young: "1", old: "1" });
  const cache = folderWith();
  later(1.9);
  await digests(folder, cache, ["young"]);
  expect((await digests(folder, cache, ["young"])).read).toEqual(["young"]);
  later(3);
  await digests(folder, cache, ["young"]);
  expect((await digests(folder, cache, ["young"])).read).toEqual([]);
});

test("a file whose times lie in the future is not trusted the next time", async () => {
  const folder = folderWith({ file: "1" });
  const cache = folderWith();
  utimesSync(join(folder, "file"), 4e9, 4e9);
  later(10);
  await digests(folder, cache, ["file"]);
  expect((await digests(folder, cache, ["file"])).read).toEqual(["file"]);
});

test("a change of the same size within the clock's tick is seen, with and without the mtime put back", async () => {
  const folder = folderWith({ file: "0000" });
  const cache = folderWith();
  const file = join(folder, "file");
  for (let i = 1; i < 300; i++) {
    await digests(folder, cache, ["file"]);
    const { atime, mtime } = statSync(file);
    const content = String(i).padStart(4, "0");
    writeFileSync(file, content);
    if (i % 2) utimesSync(file, atime, mtime);
    expect((await digests(folder, cache, ["file"])).digests).toEqual({ file: sha256(content) });
  }
});

test("a change of the same size with the mtime put back is seen in a file that was recorded", async () => {
  const { folder, cache } = await recorded();
  const { atimeMs, mtimeMs } = statSync(join(folder, "a"));
  utimesSync(join(folder, "a"), atimeMs / 1000, mtimeMs / 1000);
  await digests(folder, cache, ["a"]);
  const before = statSync(join(folder, "a"));
  expect((await digests(folder, cache, ["a"])).read).toEqual([]);
  writeFileSync(join(folder, "a"), "x");
  utimesSync(join(folder, "a"), atimeMs / 1000, mtimeMs / 1000);
  expect(statSync(join(folder, "a"))).toMatchObject({ mtimeMs: before.mtimeMs, size: 1, ino: before.ino });
  expect(await digests(folder, cache, ["a"])).toEqual({ digests: { a: sha256("x") }, read: ["a"] });
});

test("a file replaced by renaming another of the same size and times over it is read again", async () => {
  const { folder, cache } = await recorded();
  fill(folder, { other: "x" });
  const { atime, mtime } = statSync(join(folder, "a"));
  utimesSync(join(folder, "other"), atime, mtime);
  renameSync(join(folder, "other"), join(folder, "a"));
  expect(await digests(folder, cache, ["a"])).toEqual({ digests: { a: sha256("x") }, read: ["a"] });
});

test("two files that swap names swap digests", async () => {
  const { folder, cache } = await recorded();
  renameSync(join(folder, "a"), join(folder, "x"));
  renameSync(join(folder, "b"), join(folder, "a"));
  renameSync(join(folder, "x"), join(folder, "b"));
  expect((await digests(folder, cache, ["a", "b"])).digests).toEqual({ a: ALL.b, b: ALL.a });
});

test("names of one file are recorded each for itself", async () => {
  const folder = folderWith({ one: "x" });
  linkSync(join(folder, "one"), join(folder, "two"));
  const cache = folderWith();
  later(10);
  await digests(folder, cache, ["one", "two"]);
  expect(await digests(folder, cache, ["one", "two"])).toEqual({
    digests: { one: sha256("x"), two: sha256("x") },
    read: [],
  });
});

test("a cache file with any byte damaged, or cut short anywhere, is ignored and written anew", async () => {
  const { folder, cache, file } = await recorded();
  const whole = readFileSync(file);
  const damaged: Buffer[] = [Buffer.concat([whole, Buffer.from([0])]), Buffer.from("not a cache"), Buffer.alloc(0)];
  for (let at = 0; at < whole.length; at += 5) {
    const flipped = Buffer.from(whole);
    flipped[at] = (whole[at] ?? 0) ^ (1 << (at % 8));
    damaged.push(flipped, whole.subarray(0, at));
  }
  for (const bytes of damaged) {
    writeFileSync(file, bytes);
    expect(await digests(folder, cache, PATHS)).toEqual({ digests: ALL, read: PATHS });
    expect(await digests(folder, cache, PATHS)).toEqual({ digests: ALL, read: [] });
  }
});

test("the cache of another folder is ignored, even under this folder's name", () => {
  const cacheFolder = folderWith();
  const stats = Float64Array.of(10, 1000.5, 2000.25, 42, 7, 0o100644);
  const cacheOf = (folder: string) => new StatCache(cacheFolder, folder);
  for (const folder of ["/one", "/two"]) {
    const cache = cacheOf(folder);
    cache.record(5, stats, 0, sha256(folder), 1e9);
    cache.save();
  }
  const [one = "", two = ""] = readdirSync(cacheFolder).map((name) => join(cacheFolder, name));
  expect(cacheOf("/one").find(5, stats, 0)).toBe(sha256("/one"));
  const before = readFileSync(one);
  writeFileSync(one, readFileSync(two));
  writeFileSync(two, before);
  expect(cacheOf("/one").find(5, stats, 0)).toBeUndefined();
  expect(cacheOf("/two").find(5, stats, 0)).toBeUndefined();
});

test("a cache that cannot be kept is no error, and leaves nothing behind", async () => {
  const folder = folderWith({ a: "1", "file/in/the/way": "x" });
  later(10);
  const cache = join(folder, "a");
  expect(await digests(folder, cache, ["a"])).toEqual({ digests: { a: sha256("1") }, read: ["a"] });
  expect(readdirSync(folder)).toEqual(["a", "file"]);
});

test("writing a part of a tree keeps what is known of the rest, unless it was of no use for a month", async () => {
  const { folder, cache } = await recorded();
  fill(folder, { new: "4" });
  later(10);
  await digests(folder, cache, ["new"]);
  expect((await digests(folder, cache, [...PATHS, "new"])).read).toEqual([]);
  later(40 * 86_400);
  fill(folder, { newer: "5" });
  await digests(folder, cache, ["newer", "a"]);
  expect((await digests(folder, cache, [...PATHS, "new", "newer"])).read).toEqual(["b", "d/c", "new"]);
});

test("nothing is written without a cache folder", async () => {
  const folder = folderWith({ a: "1" });
  const before = readdirSync(folder);
  expect(await workTree(folder).digests(["a"])).toEqual([sha256("1")]);
  expect(readdirSync(folder)).toEqual(before);
});

test("processes that write at once leave a whole file and nothing else", async () => {
  const names = Array.from({ length: 400 }, (_, i) => `f${i}`);
  const folder = folderWith(Object.fromEntries(names.map((name) => [name, name])));
  const cache = folderWith();
  const module = pathToFileURL(join(__dirname, "../../../chain/context/workTree.ts")).href;
  const script = `
    import { workTree } from ${JSON.stringify(module)};
    const [folder, statCache, first] = process.argv.slice(1);
    const later = Date.now() + 10_000;
    Date.now = () => later;
    for (let i = 0; i < 60; i++) {
      const path = "f" + (Number(first) + i);
      await workTree(folder, { statCache }).digests([path]);
    }`;
  const write = (first: number) =>
    promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, folder, cache, String(first)]);
  await Promise.all([write(0), write(100), write(200), write(300)]);
  expect(readdirSync(cache)).toHaveLength(1);
  later(10);
  const { digests: found, read } = await digests(folder, cache, names);
  expect(found).toEqual(Object.fromEntries(names.map((name) => [name, sha256(name)])));
  expect(read.length).toBeLessThan(names.length);
});

test("it finds exactly what was recorded last for a key, for any sequence of records, also after saving", () => {
  const keys = [1, 2, 3, statKey(1, "a"), statKey(2, "a"), 0x1_0000_0001, 2 ** 52].concat(
    Array.from({ length: 300 }, (_, i) => statKey(7, String(i))),
  );
  const step = fc.record({ key: fc.constantFrom(...keys), size: fc.nat(3), digest: fc.nat(255) });
  const folder = folderWith();
  let cacheFolders = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const cacheFolder = join(folder, String(cacheFolders++));
      const stats = (size: number) => Float64Array.of(99, size, 1.25, 2.5, 2 ** 52, 4, 0o100644);
      const cache = new StatCache(cacheFolder, "/folder");
      const model = new Map<number, { size: number; digest: string }>();
      for (const { key, size, digest } of steps) {
        const hex = digest.toString(16).padStart(64, "0");
        cache.record(key, stats(size), 1, hex, 1e9);
        model.set(key, { size, digest: hex });
      }
      cache.save();
      for (const read of [cache, new StatCache(cacheFolder, "/folder")]) {
        for (const key of keys) {
          for (const size of [0, 1, 2, 3]) {
            const known = model.get(key);
            const expected = known?.size === size ? known.digest : undefined;
            if (read.find(key, stats(size), 1) !== expected) throw new Error(`key ${key}, size ${size}`);
          }
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("a row holds only while each of the six facts is the same", () => {
  const cache = new StatCache(folderWith(), "/folder");
  const stats = Float64Array.of(10, 1000.5, 2000.25, 42, 7, 0o100644);
  cache.record(5, stats, 0, "ab".repeat(32), 1e9);
  expect(cache.find(5, stats, 0)).toBe("ab".repeat(32));
  for (let field = 0; field < STAT_FIELDS; field++) {
    expect(cache.find(5, stats.with(field, (stats[field] ?? 0) + 0.25), 0)).toBeUndefined();
  }
});

test("a file whose inode a double cannot hold is not recorded: another file's could look the same", () => {
  const cache = new StatCache(folderWith(), "/folder");
  const stats = (inode: number) => Float64Array.of(10, 1000.5, 2000.25, inode, 7, 0o100644);
  cache.record(5, stats(2 ** 53), 0, "ab".repeat(32), 1e9);
  expect(cache.find(5, stats(2 ** 53), 0)).toBeUndefined();
  cache.record(5, stats(2 ** 53 - 1), 0, "ab".repeat(32), 1e9);
  expect(cache.find(5, stats(2 ** 53 - 1), 0)).toBe("ab".repeat(32));
});

test("keys of ten thousand paths are whole numbers below 2^53 and all different", () => {
  const keys = new Set<number>();
  for (let folder = 0; folder < 100; folder++) {
    const parent = statKey(statKey(0, "src"), `module${folder}`);
    for (let file = 0; file < 100; file++) keys.add(statKey(parent, `file${file}.py`));
  }
  expect(keys.size).toBe(10_000);
  for (const key of keys) if (!Number.isSafeInteger(key) || key < 0) throw new Error(`${key} is no key`);
});

test("caches are kept where XDG says, by default under the home folder", () => {
  expect(statCacheFolder({ XDG_CACHE_HOME: "/c" })).toBe("/c/strata/statcache");
  for (const environment of [{}, { XDG_CACHE_HOME: "" }]) {
    expect(statCacheFolder(environment)).toBe(join(homedir(), ".cache/strata/statcache"));
  }
});
