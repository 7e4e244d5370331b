import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A fenced block of a page whose commands can be run. */
export interface Block {
  /** Relative to the repository. */
  readonly page: string;
  /** 1-based line of its fence. */
  readonly line: number;
  /** `bash` is commands; `console` is what a terminal shows: commands behind `$ `, and what they print. */
  readonly language: "bash" | "console";
  readonly text: string;
  /** What it needs that a test does not have, from its first line: `# needs Google Cloud`. */
  readonly needs: string | undefined;
}

/** What a block may need and then is checked in place of being run; anything else in that line is a mistake. */
export const NEEDS = ["Google Cloud", "Docker", "half an hour"] as const;

/** The pages that a reader is led through. */
export function pages(root: string): readonly string[] {
  const docs = readdirSync(join(root, "docs")).filter((name) => name.endsWith(".md"));
  return ["README.md", "CONTRIBUTING.md", ...docs.sort().map((name) => `docs/${name}`), "dockerfiles/strata/README.md"];
}

/** The blocks of a page in their order. */
export function blocksIn(root: string, page: string): readonly Block[] {
  const lines = readFileSync(join(root, page), "utf8").split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = /^\s*```(\w*)/.exec(lines[at] ?? "")?.[1];
    if (language === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && /^\s*```\s*$/.test(line));
    const text = lines.slice(at + 1, end).join("\n");
    const needs = /^# needs (.*)$/.exec(lines[at + 1]?.trim() ?? "")?.[1];
    if (language === "bash" || language === "console") blocks.push({ page, line: at + 1, language, text, needs });
    else if (/^\$ /m.test(text)) throw new Error(`${page}:${at + 1}: a block with commands is bash or console`);
    at = end;
  }
  return blocks;
}

/** A command of a transcript, and the lines that it is said to print. */
export interface Exchange {
  readonly command: string;
  readonly printed: readonly string[];
}

/** The commands of a `console` block with what each prints. */
export function exchangesIn(text: string): readonly Exchange[] {
  return text
    .split(/^(?=\$ )/m)
    .filter((part) => part.startsWith("$ "))
    .map((part) => {
      const [first = "", ...printed] = part.trimEnd().split("\n");
      return { command: first.slice(2), printed };
    });
}

/**
 * Whether a command printed what a transcript says. What differs from run to run (keys and digests, seconds, ports) is
 * taken as equal; a line `…` stands for any lines, and `…` at a line's end for any end. The lines by which Pulumi shows
 * that it still works come when it takes long, so they are left out.
 */
export function printsAs(expected: readonly string[], printed: string): boolean {
  const pattern = expected
    .map((line) => {
      if (line.trim() === "…") return "(?:.*\\n)*?";
      const whole = steady(line.trimEnd()).replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
      return `${whole.endsWith("…") ? `${whole.slice(0, -1)}.*` : whole}[ ]*\\n`;
    })
    .join("");
  return new RegExp(`^${pattern}$`).test(`${steady(printed.trimEnd())}\n`);
}

function steady(text: string): string {
  return text
    .replaceAll(/^@ \w+ update\.*\n/gm, "")
    .replaceAll(/\b[0-9a-f]{12,64}\b/g, "HEX")
    .replaceAll(/127\.0\.0\.1:\d+/g, "LOCAL")
    .replaceAll(/\b\d+(\.\d+)? ?(ms|s)\b/g, "TIME");
}
