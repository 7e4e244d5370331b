import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Cached, cachedFolder, type ToolEvent } from "../../toolbox/cache.ts";

let tools: string;
beforeEach(() => {
  tools = mkdtempSync(join(tmpdir(), "strata-tools-"));
});
afterEach(() => rmSync(tools, { recursive: true, force: true }));

/** A tool that is made by writing one file, and a list of what was made. */
function writing(text: string): Cached & { readonly made: string[] } {
  const made: string[] = [];
  return {
    name: "written",
    version: "1",
    inputs: text,
    about: "1 s",
    made,
    async make(folder) {
      made.push(text);
      writeFileSync(join(folder, "file"), text);
    },
  };
}

const finished = () => readdirSync(tools).filter((name) => !name.startsWith("."));

test("a tool is made once and then found without a word", async () => {
  const tool = writing("a");
  const events: ToolEvent[] = [];
  const first = await cachedFolder(tool, (event) => events.push(event), tools);
  const told = events.map(({ kind }) => kind);
  const second = await cachedFolder(tool, (event) => events.push(event), tools);
  expect(second).toBe(first);
  expect(readFileSync(join(first, "file"), "utf8")).toBe("a");
  expect(tool.made).toEqual(["a"]);
  expect(told).toEqual(["making", "made"]);
  expect(events.length).toBe(2);
});

test("a changed recipe of the same version is made anew, beside the old one", async () => {
  const one = await cachedFolder(writing("a"), () => {}, tools);
  const other = await cachedFolder(writing("b"), () => {}, tools);
  expect(other).not.toBe(one);
  expect(finished().length).toBe(2);
});

test("callers at the same time make a tool once", async () => {
  const tool = writing("a");
  const folders = await Promise.all(Array.from({ length: 5 }, () => cachedFolder(tool, () => {}, tools)));
  expect(new Set(folders).size).toBe(1);
  expect(tool.made).toEqual(["a"]);
});

test("a failed attempt leaves nothing behind, and the next one succeeds", async () => {
  const failing: Cached = {
    ...writing("a"),
    async make(folder) {
      writeFileSync(join(folder, "half"), "");
      throw new Error("no network");
    },
  };
  await expect(cachedFolder(failing, () => {}, tools)).rejects.toThrow("no network");
  expect(finished()).toEqual([]);
  expect(readdirSync(tools).filter((name) => name.includes(".part-"))).toEqual([]);
  const folder = await cachedFolder(writing("a"), () => {}, tools);
  expect(readdirSync(folder)).toEqual(["file"]);
});

test("the lock and the half tool of a killed process do not stand in the way", async () => {
  const script = `
    import { writeFileSync } from "node:fs";
    import { join } from "node:path";
    import { cachedFolder } from ${JSON.stringify(join(process.cwd(), "toolbox", "cache.ts"))};
    await cachedFolder({ name: "written", version: "1", inputs: "a", about: "1 s", make: async (folder) => {
      writeFileSync(join(folder, "half"), "");
      process.stdout.write("inside");
      await new Promise((resolve) => setTimeout(resolve, 60_000));
    } }, () => {}, ${JSON.stringify(tools)});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));

  const events: ToolEvent[] = [];
  const waiting = cachedFolder(writing("a"), (event) => events.push(event), tools);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(events.map(({ kind }) => kind)).toEqual(["waiting"]);
  child.kill("SIGKILL");
  const folder = await waiting;
  expect(readdirSync(folder)).toEqual(["file"]);
  expect(readdirSync(tools).filter((name) => name.includes(".part-"))).toEqual([]);
  expect(existsSync(join(folder, "half"))).toBe(false);
});
