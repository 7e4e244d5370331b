import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runCli } from "../../cli/run.ts";
import { commitAll, fill, folderWith, removeFolders } from "../chain/context/folder.ts";
import { smallChain } from "../chain/smallChain.ts";
import { violationsOf } from "./accessibility.ts";
import { openPage, withBrowser } from "./withBrowser.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-report-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
  removeFolders();
});

/** A report of an edit of the small chain, and what the command said. */
async function reportOf(words: readonly string[] = []): Promise<{ code: number; file: string; said: string }> {
  const root = folderWith(
    Object.fromEntries(Object.entries(smallChain).map(([path, text]) => [`images/${path}`, text])),
  );
  commitAll(root);
  fill(root, { "images/lib/tool": "other\n" });
  const file = join(folder, "plan.html");
  const said: string[] = [];
  const stream = { write: (text: string) => said.push(text) };
  const command = ["report", "--catalogue", join(root, "images"), "--against", "HEAD", "--out", file, ...words];
  const code = await runCli(command, { stdout: stream, stderr: stream, env: { XDG_CACHE_HOME: folder } });
  return { code, file, said: said.join("") };
}

test("it says in one line what it wrote, and holds targets, states and reasons", async () => {
  const { code, file, said } = await reportOf();
  expect(said).toBe(`${file}: 2 of 4 targets to build\n`);
  expect(code).toBe(0);
  const text = readFileSync(file, "utf8");
  expect(text).toContain("compared with HEAD");
  expect(text).toContain("lib/tool changed");
  expect(text).toContain("parent lib:runtime will be rebuilt");
});

test("a file that cannot be written is told with what to do", async () => {
  const { code, said } = await reportOf(["--out", join(folder, "nowhere", "plan.html")]);
  expect([code, said]).toEqual([1, expect.stringContaining("the report's folder is not there")]);
});

withBrowser("it opens from its file alone: styled, without a script, without a network, without a fault", async () => {
  const { file } = await reportOf();
  const { page, complaints } = await openPage({ offline: true });
  await page.goto(pathToFileURL(file).href);
  expect(await page.evaluate("document.scripts.length")).toBe(0);
  expect(await page.evaluate("getComputedStyle(document.querySelector('.node .mark')).fill")).not.toBe("rgb(0, 0, 0)");
  expect(await page.locator(".node").count()).toBe(4);
  expect(await violationsOf(page)).toEqual([]);
  expect(complaints).toEqual([]);
});
