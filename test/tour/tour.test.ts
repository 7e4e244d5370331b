import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { available } from "../../toolbox/available.ts";
import { type Played, playTour, temporary } from "./player.ts";

const found = available(["pulumi"]);
const onEngine = found.tools === undefined ? test.skip : test;
const because = found.tools === undefined ? ` (skipped: ${found.reason})` : "";

const place = temporary();
const folder = join(place.folder, "tour");
afterAll(() => place.remove());

/** The images of a plan, as the act's text shows them, with what is done with each. */
function planned(text: string): ReadonlyMap<string, string> {
  const lines = [...text.matchAll(/^[ │├└─]*([a-z0-9-]+:[a-z]+) +(build|reuse|refused) /gm)];
  return new Map(lines.map(([, target = "", action = ""]) => [target, action]));
}

/** The text of each act, from its number on. */
function acts(out: string): readonly string[] {
  return out.split(/^(?=\d\/6 {2})/m).slice(1);
}

let played: Played;

onEngine(
  `the tour plays every act on the real engine and ends with 0${because}`,
  async () => {
    const before = statusOf();
    played = await playTour(folder, ["--serve"], { visitAt: /The page stays at (\S+) until/ });
    expect(played).toMatchObject({ code: 0 });
    expect(acts(played.out)).toHaveLength(6);
    expect(statusOf()).toBe(before);
  },
  300_000,
);

onEngine(`the first run builds every image of the plan, and says that it is simulated${because}`, () => {
  const [, , plan = "", images = ""] = acts(played.out);
  const toBuild = [...planned(plan)].filter(([, action]) => action === "build").map(([target]) => target);
  const built = [...images.matchAll(/^ +(\S+): published after/gm)].map(([, target]) => target);
  expect(toBuild.length).toBeGreaterThan(4);
  expect(built.sort()).toEqual(toBuild.sort());
  expect(images).toContain("SIMULATED");
  expect(images).toContain(`${toBuild.length} images simulated and published`);
});

onEngine(`the second run builds nothing and changes nothing${because}`, () => {
  const again = acts(played.out)[4] ?? "";
  expect(again).toMatch(/0 of \d+ images built; resources: \d+ unchanged in/);
});

onEngine(`the plan and the engine's preview name the same images for an edit, and not all of them${because}`, () => {
  const edit = acts(played.out)[5] ?? "";
  const rebuilt = [...planned(edit)].filter(([, action]) => action === "build").map(([target]) => target);
  const previewed = [...edit.matchAll(/^ +update (\S+): inputs\["/gm)].map(([, target]) => target);
  expect(rebuilt.length).toBeGreaterThan(0);
  expect(rebuilt.length).toBeLessThan(planned(edit).size);
  expect(previewed.sort()).toEqual(rebuilt.sort());
});

onEngine(`the page names files as a person would, and counts minutes and dollars by one clock${because}`, () => {
  const { page = "" } = played;
  const named = [...page.matchAll(/[\w./-]*dockerfiles\/[\w./-]+:\d+/g)].map(([path]) => path);
  expect(named.filter((path) => !path.startsWith("dockerfiles/"))).toEqual([]);
  expect(page).not.toContain(process.cwd());
  const published = [
    ...page.matchAll(/<details class="target" id="t-([^"]+)" data-state="published">[\s\S]*?<\/summary>/g),
  ];
  expect(published.length).toBeGreaterThan(4);
  for (const [summary, target] of published)
    expect([target, summary]).toEqual([target, expect.stringContaining('"cost"')]);
  const dollars = (name: string) => Number(new RegExp(`<dt>${name}</dt><dd>\\$([\\d.]+)`).exec(page)?.[1]);
  expect(acts(played.out)[2]).toContain(`, about $${dollars("Cost expected").toFixed(2)}\n`);
  expect(dollars("Cost so far")).toBeGreaterThanOrEqual(dollars("Cost expected"));
});

onEngine(`what the tour names to look at next is there${because}`, () => {
  const [, next = ""] = played.out.split("Where to look next");
  const files = [...next.matchAll(/^ +(docs\/\S+) /gm)].map(([, file = ""]) => file);
  expect(files).toEqual(["docs/concepts.md", "docs/getting-started.md"]);
  for (const file of files) expect([file, existsSync(file)]).toEqual([file, true]);
});

onEngine(`only the copy was edited, and all that Pulumi said is in the file that is named${because}`, () => {
  const [, line = "", file = ""] = /echo '([^']+)' >>(\S+)/.exec(played.out) ?? [];
  const edited = readFileSync(file, "utf8");
  const own = file.replace(/^.*\/edited\//, "");
  expect(edited).toBe(`${readFileSync(own, "utf8")}${line}\n`);
  expect(readFileSync(join(folder, "pulumi.log"), "utf8")).toContain("Resources:");
  expect(existsSync(join(folder, "cloud"))).toBe(true);
});

/** What Git says has changed in the checkout. */
function statusOf(): string {
  return execFileSync("git", ["status", "--short", "dockerfiles", "Pulumi.dev.yaml"], { encoding: "utf8" });
}
