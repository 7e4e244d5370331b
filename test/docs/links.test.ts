import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { pages } from "./blocks.ts";

const root = process.cwd();

/** The anchor that a heading gets: lower case, blanks to hyphens, without punctuation. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(/\s/g, "-");
}

function anchorsIn(text: string): ReadonlySet<string> {
  return new Set([...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
}

const linksIn = (text: string) => [
  ...[...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, to = ""]) => to),
  ...[...text.matchAll(/(?:src|srcset)="([^"]+)"/g)].map(([, to = ""]) => to),
];

test("every link to a file of the repository leads to one, and every anchor to a heading", () => {
  const all = [...pages(root), ...globSync("docs/reference/*.md", { cwd: root })];
  const links = all.flatMap((page) => {
    const text = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```/gm, "");
    return linksIn(text).map((to) => ({ page, to }));
  });
  const inside = links.filter(({ to }) => !/^https?:/.test(to));
  expect(inside.length).toBeGreaterThan(40);
  const dead = inside.filter(({ page, to }) => {
    const [path = "", anchor] = to.split("#");
    const file = path === "" ? join(root, page) : resolve(root, dirname(page), path);
    if (!existsSync(file)) return true;
    return anchor !== undefined && !anchorsIn(readFileSync(file, "utf8")).has(anchor);
  });
  expect(dead).toEqual([]);
});
