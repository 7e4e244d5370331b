import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = process.cwd();
let made: string;

// In a process of its own: what reads the sources is an ES module, which Jest does not load.
beforeAll(() => {
  made = mkdtempSync(join(tmpdir(), "strata-reference-"));
  execFileSync(process.execPath, [join(root, "docs/generate/main.ts"), made]);
});
afterAll(() => rmSync(made, { recursive: true, force: true }));

const pagesIn = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), "utf8").split("\n")]),
  );

test("docs/reference is what the code says; where not: npm run docs", () => {
  expect(pagesIn(join(root, "docs/reference"))).toEqual(pagesIn(made));
});

test("every command, option, setting, argument, input and output is told what it is", () => {
  const pages = pagesIn(made);
  expect(Object.keys(pages)).toHaveLength(5);
  const untold = Object.entries(pages).flatMap(([page, lines]) =>
    lines.filter((line) => /^\| [^|]+ \| +\|/.test(line)).map((line) => `${page}: ${line}`),
  );
  expect(untold).toEqual([]);
});
