import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readIgnoreRules, withoutIgnored } from "../../chain/context/ignore.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { UserError } from "../../chain/errors.ts";
import { BuildFailed, type Oracle } from "./buildkit.ts";
import { Random } from "./random.ts";
import { type Entry, file, type State, writeContext } from "./state.ts";
import { groundTruthTest } from "./withBuildkit.ts";

const count = Number(process.env.STRATA_GROUND_TRUTH_IGNORE_FILES ?? 250);
const seed = Number(process.env.STRATA_GROUND_TRUTH_SEED ?? 20261122);

const names = ["a", "b", "a.log", "b+c.txt", ".dot", "sub", "x y", "[z]", "é", "!not"];

/** A random pattern over the same names as the trees'. */
function pattern(random: Random): string {
  const parts = Array.from({ length: 1 + random.below(3) }, () =>
    random.pick(["*", "**", "?", "*.log", "[ab]", "[^a]", "a*", "**b", "\\[z]", "s?b", "..", ".", "a\\b", ...names]),
  );
  const path =
    random.pick(["", "", "", "/", "./", "**/"]) + parts.join("/") + random.pick(["", "", "", "/", "/**", "/*"]);
  return random.pick(["", "", "!", "!", "! ", " "]) + path + random.pick(["", "", " ", "\r"]);
}

function tree(random: Random): Map<string, Entry> {
  const files = new Map<string, Entry>();
  for (let entries = 3 + random.below(9); entries > 0; entries -= 1) {
    const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(names));
    const path = parts.join("/");
    const taken = [...files.keys()].some(
      (other) => other === path || other.startsWith(`${path}/`) || path.startsWith(`${other}/`),
    );
    if (taken) continue;
    const kind = random.below(8);
    if (kind === 0) files.set(path, { kind: "folder" });
    else if (kind === 1) files.set(path, { kind: "symlink", target: random.pick(names) });
    else files.set(path, file(`content of ${path}`));
  }
  return files;
}

function ignoreCase(random: Random): State {
  const files = tree(random);
  const rules = Array.from({ length: 1 + random.below(4) }, () => pattern(random));
  if (random.chance(0.2)) rules.unshift("# comment", "");
  const text = random.pick(["", "", "\uFEFF"]) + rules.join("\n") + random.pick(["\n", ""]);
  files.set(random.pick([".dockerignore", ".dockerignore", "Dockerfile.dockerignore"]), file(text));
  if (random.chance(0.2)) files.set(".dockerignore", file(random.pick(["", "a\n", "**\n!sub\n"])));
  files.set("Dockerfile", file("FROM scratch\nCOPY . /\n"));
  return { files, dockerfile: "Dockerfile", buildArgs: {} };
}

/** What a build really receives, path by path: folders as "folder", links with their targets, files with contents. */
function exported(folder: string, below = ""): [string, string][] {
  return readdirSync(join(folder, below)).flatMap((name): [string, string][] => {
    const path = below === "" ? name : `${below}/${name}`;
    const full = join(folder, path);
    const stat = lstatSync(full);
    if (stat.isDirectory()) return [[path, "folder"], ...exported(folder, path)];
    return [[path, stat.isSymbolicLink() ? `link to ${readlinkSync(full)}` : readFileSync(full, "utf8")]];
  });
}

/** The same of a tree of strata's. A file that strata refuses to read is one that BuildKit would send empty. */
function listed(tree: FileTree, below = ""): [string, string][] {
  return tree.children(below).flatMap((name): [string, string][] => {
    const path = below === "" ? name : `${below}/${name}`;
    const entry = tree.entry(path);
    if (entry?.kind === "directory") return [[path, "folder"], ...listed(tree, path)];
    if (entry?.kind === "symlink") return [[path, `link to ${entry.target}`]];
    return [[path, contentOf(tree, path)]];
  });
}

function contentOf(tree: FileTree, path: string): string {
  try {
    return tree.read(path).toString("utf8");
  } catch (error) {
    if (error instanceof UserError) return "";
    throw error;
  }
}

async function received(oracle: Oracle, state: State, context: string, output: string): Promise<string | undefined> {
  try {
    await oracle.exportFiles(state, context, output);
    return undefined;
  } catch (error) {
    if (error instanceof BuildFailed) return error.message;
    throw error;
  }
}

groundTruthTest(`with ${count} random ignore files strata lets through what a build receives`, ({ withOracle }) =>
  withOracle(async (oracle) => {
    const folder = mkdtempSync(join(tmpdir(), "strata-ignore-"));
    const context = join(folder, "context");
    let compared = 0;
    let kept = 0;
    for (let index = 0; index < count; index += 1) {
      const state = ignoreCase(new Random(seed * 1_000_003 + index));
      writeContext(state, context);
      const output = join(folder, "output");
      rmSync(output, { recursive: true, force: true });
      const refused = await received(oracle, state, context, output);
      const what = { index, files: [...state.files].map(([path, entry]) => ({ path, ...entry })) };

      const strata = () => {
        const plain = workTree(context);
        return listed(withoutIgnored(plain, readIgnoreRules({ tree: plain, path: "Dockerfile" }, plain)));
      };
      if (refused !== undefined) {
        expect({ what, refused, strata: attempt(strata) }).toEqual({ what, refused, strata: "refused" });
        continue;
      }
      const sorted = (paths: [string, string][]) => Object.fromEntries(paths.sort());
      const wanted = sorted(exported(output));
      expect({ what, received: sorted(strata()) }).toEqual({ what, received: wanted });
      compared += 1;
      kept += Object.keys(wanted).length;
    }
    rmSync(folder, { recursive: true, force: true });
    expect(compared).toBeGreaterThan(count * 0.8);
    expect(kept).toBeGreaterThan(compared);
  }),
);

/** "refused" where strata refuses, as BuildKit did. */
function attempt(strata: () => unknown): unknown {
  try {
    return strata();
  } catch (error) {
    if (error instanceof UserError) return "refused";
    throw error;
  }
}
