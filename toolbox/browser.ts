import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import type { Tool } from "./tool.ts";

/**
 * Starts the toolbox's Chromium without a window, with the fonts that came with it and no others, so that a page looks
 * the same on every machine. Closing it ends its processes and removes its folders.
 */
export async function openBrowser(tool: Tool): Promise<Browser> {
  const folder = mkdtempSync(join(tmpdir(), "strata-browser-"));
  const fonts = join(folder, "fonts.conf");
  writeFileSync(fonts, fontSettings(join(dirname(tool.path), "usr", "share", "fonts"), join(folder, "fonts")));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  try {
    const browser = await chromium.launch({
      executablePath: tool.path,
      // Chromium refuses to sandbox its own processes for root; what is shown to it here is this project's own.
      chromiumSandbox: process.getuid?.() !== 0,
      env: { ...process.env, FONTCONFIG_FILE: fonts },
    });
    browser.once("disconnected", remove);
    return browser;
  } catch (error) {
    remove();
    throw error;
  }
}

function fontSettings(fonts: string, cache: string): string {
  const alias = (name: string, font: string) =>
    `<match target="pattern"><test name="family"><string>${name}</string></test><edit name="family" mode="assign" binding="strong"><string>${font}</string></edit></match>`;
  return `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${fonts}</dir><cachedir>${cache}</cachedir>
${["system-ui", "sans-serif"].map((name) => alias(name, "Inter")).join("\n")}
${["ui-monospace", "monospace"].map((name) => alias(name, "JetBrains Mono")).join("\n")}
</fontconfig>
`;
}
