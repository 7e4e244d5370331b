/**
 * Makes the pictures of the README: `npm run pictures`. They show this checkout's catalogue: the plan after a line was
 * added to the ML stack's lock, as a terminal shows it, and the page of a simulated run of it, stopped in the middle,
 * so that the same catalogue gives the same pictures.
 */
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readChainIn } from "../../../chain/chain.ts";
import { planChain } from "../../../chain/plan.ts";
import { openChainAt, partNamed } from "../../../cli/openChain.ts";
import { runCli } from "../../../cli/run.ts";
import { servePage } from "../../../page/serve.ts";
import type { ChainView } from "../../../page/view.ts";
import { openBrowser } from "../../../toolbox/browser.ts";
import { ownGit } from "../../../toolbox/ownGit.ts";
import { tool } from "../../../toolbox/tool.ts";
import { runInTheMiddle } from "./runInTheMiddle.ts";
import { terminalPicture } from "./terminalPicture.ts";

const ROOT = join(import.meta.dirname, "../../..");
const TARGETS = ["arr-vertex-launcher", "apex"];
const EDITED = "arr-ml-stack/requirements.lock";

const folder = mkdtempSync(join(tmpdir(), "strata-pictures-"));
const environment = { XDG_CACHE_HOME: join(folder, "cache") };
try {
  const catalogue = join(folder, "dockerfiles");
  cpSync(join(ROOT, "dockerfiles"), catalogue, { recursive: true });
  ownGit(folder, "init", "--quiet");
  ownGit(folder, "add", "dockerfiles");
  ownGit(folder, "commit", "--quiet", "--message", "before");
  appendFileSync(join(catalogue, EDITED), "# one line more\n");

  const plan = ["plan", "--against", "main", ...TARGETS];
  const shown: string[] = [];
  const stdout = { write: (text: string) => shown.push(text), isTTY: true, columns: 120 };
  const words = plan.map((word) => (word === "main" ? "HEAD" : word));
  await runCli([...words, "--catalogue", catalogue], { stdout, stderr: process.stderr, env: environment });
  write("plan.svg", terminalPicture(`strata ${plan.join(" ")}`, shown.join("")));

  const now = partNamed(TARGETS, await readChainIn(catalogue, environment));
  const { chain } = await openChainAt(catalogue, "HEAD");
  const before = new Map([...chain.targets].map(([name, { inputs }]) => [name, inputs]));
  const exists = new Map(
    [...now.chain.targets].map(([name, { inputs }]) => [name, before.get(name)?.key === inputs.key]),
  );
  await photograph(runInTheMiddle(planChain(now.graph, now.chain, { exists, before })));
} finally {
  rmSync(folder, { recursive: true });
}

async function photograph(view: ChainView): Promise<void> {
  const server = await servePage({ view: () => view, port: 0 });
  const browser = await openBrowser(await tool("chromium"));
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.newPage({
        viewport: { width: 1180, height: 600 },
        colorScheme,
        deviceScaleFactor: 1.5,
        reducedMotion: "reduce",
      });
      await page.goto(server.url);
      await page.getByText("Live").waitFor();
      await page.locator("details[data-state=building] summary").click();
      await page.mouse.move(0, 0);
      await page.evaluate("document.activeElement.blur()");
      write(`page-${colorScheme}.png`, await page.screenshot({ fullPage: true }));
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

function write(name: string, content: string | Uint8Array): void {
  writeFileSync(join(ROOT, "docs/pictures", name), content);
  process.stdout.write(`docs/pictures/${name}: ${Math.ceil(content.length / 1000)} kB\n`);
}
