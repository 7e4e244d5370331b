import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Page } from "playwright-core";

interface Found {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

const require = createRequire(join(process.cwd(), "package.json"));

/** What axe-core finds wrong with a page, by the rules of WCAG 2.2 A and AA and its own best practices. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  // Evaluated over the debugger's connection, so that the page's own policy against scripts stays as it is.
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const found = (await page.evaluate("axe.run(document)")) as Found;
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
}
