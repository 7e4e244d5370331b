import { createHash } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { hashFiles } from "../../../chain/context/hashPool.ts";
import { UserError } from "../../../chain/errors.ts";
import { folderWith, removeFolders } from "./folder.ts";

const mockStarted: string[] = [];
jest.mock("node:worker_threads", () => {
  const real = jest.requireActual<typeof import("node:worker_threads")>("node:worker_threads");
  class CountedWorker extends real.Worker {
    constructor(...args: ConstructorParameters<typeof real.Worker>) {
      super(...args);
      mockStarted.push(String(args[0]));
    }
  }
  return { ...real, Worker: CountedWorker };
});

const COUNT = 6000;
const names = Array.from({ length: COUNT }, (_, i) => `d${i % 10}/é${i}`);
const contents = names.map((name) => name.repeat(20));
const sizes = contents.map((content) => Buffer.byteLength(content));
let folder: string;

beforeAll(() => {
  folder = folderWith();
  for (let i = 0; i < 10; i++) mkdirSync(join(folder, `d${i}`));
  names.forEach((name, i) => {
    writeFileSync(join(folder, name), contents[i] ?? "");
  });
});
beforeEach(() => {
  mockStarted.length = 0;
});
afterAll(removeFolders);

test("many files are hashed by several threads, each digest in its place", async () => {
  const expected = contents.map((content) => createHash("sha256").update(content).digest("hex"));
  expect(await hashFiles(folder, names, sizes)).toEqual(expected);
  expect(mockStarted.length > 0).toBe(availableParallelism() > 1);
});

test("few files never start a thread", async () => {
  await hashFiles(folder, names.slice(0, 500), sizes.slice(0, 500));
  expect(mockStarted).toEqual([]);
});

test("a file that cannot be hashed is an error that names it, whichever thread meets it", async () => {
  for (const index of [0, COUNT / 2, COUNT - 1]) {
    const wrong = sizes.with(index, 1);
    await expect(hashFiles(folder, names, wrong)).rejects.toThrow(new RegExp(`${names[index]}: the file changed`));
  }
  rmSync(join(folder, names[7] ?? ""));
  await expect(hashFiles(folder, names, sizes)).rejects.toThrow(UserError);
});
