import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { available } from "../../toolbox/available.ts";
import { openBrowser } from "../../toolbox/browser.ts";

const chromium = available(["chromium"]);

/** How long a test may take, in milliseconds: on a busy machine a browser is slow to start. */
const PATIENCE = 120_000;

/** A test that needs a browser: skipped, with the reason, where none can be had. */
export function withBrowser(name: string, body: () => Promise<void>): void {
  if (chromium.tools) test(name, body, PATIENCE);
  else test.skip(`${name} (${chromium.reason})`, () => {});
}

/** What happened in a page that should not. */
export interface Watched {
  readonly page: Page;
  /** Console errors and warnings, exceptions, and requests to any other host than this machine. */
  readonly complaints: string[];
}

let browser: Browser | undefined;

afterAll(() => browser?.close());

/** Waits until an expression is true in the page; a page that forbids `eval` allows this all the same. */
export async function until(page: Page, expression: string): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await page.waitForTimeout(50)) {
    if (await page.evaluate(expression)) return;
  }
  throw new Error(`this did not become true: ${expression}`);
}

/** A new page whose complaints are kept. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Watched> {
  if (chromium.tools === undefined) throw new Error(chromium.reason);
  browser ??= await openBrowser(chromium.tools.chromium);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "file:" && url.hostname !== "127.0.0.1") complaints.push(`asked ${url}`);
  });
  return { page, complaints };
}
