import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Chain, readChain } from "../chain/chain.ts";
import { gitTree } from "../chain/context/gitTree.ts";
import { workTree } from "../chain/context/workTree.ts";
import { planChain } from "../chain/plan.ts";
import { seeded } from "../chain/seeded.ts";
import { type GeneratedHistory, generatedHistory } from "./generatedHistory.ts";
import type { Row } from "./measure.ts";

const CATALOGUE = fileURLToPath(new URL("../dockerfiles", import.meta.url));
const COMMITS = 200;

/** What following a history costs by one rule, after the first build of everything. */
interface Cost {
  builds: number;
  minutes: number;
  dollars: number;
  /** Targets whose content changed and that were not built again, counted at the commit that changed them. */
  missed: number;
}

/**
 * What a history of commits costs by content keys and by the rule of a system that this one replaces: a manifest for
 * each image names files by hand, a file counts by the id of the last commit that touched it, and one id that changed
 * rebuilds the image's tier and all tiers below. Nothing is built; minutes are image.yaml's.
 *
 * The manifests are taken to be right on the first day: they name every file that the image's targets read then.
 */
export async function rows(): Promise<Row[]> {
  const first = await readChain(workTree(CATALOGUE));
  const sources = [...new Set(filesByImage(first).values())].flatMap((files) => [...files]);
  const editable = [...new Set(sources)].filter((path) => /\.(sh|py)$/.test(path)).sort();
  const images = [...first.catalogue.images.keys()].filter((name) => name !== "strata").sort();
  const history = generatedHistory(CATALOGUE, images, editable, COMMITS, seeded(1));
  try {
    const { ours, theirs } = await follow(history);
    const row = (what: keyof Cost, unit: Row["unit"], goal: string, met: boolean): Row => ({
      work: `${what} over a generated history of ${COMMITS} commits`,
      against: "commit ids in manifests, whole tiers",
      ours: ours[what],
      theirs: theirs[what],
      unit,
      goal,
      met,
    });
    return [
      row("builds", "builds", "fewer", ours.builds < theirs.builds),
      row("minutes", "min", "fewer", ours.minutes < theirs.minutes),
      row("dollars", "$", "fewer", ours.dollars < theirs.dollars),
      // Nothing can be missed by the measure itself; whether keys are right is measured against BuildKit by tests.
      row("missed", "builds", "none; keys are what counts as changed", ours.missed === 0),
    ];
  } finally {
    history.remove();
  }
}

async function follow({ folder, commits }: GeneratedHistory): Promise<{ ours: Cost; theirs: Cost }> {
  const ours: Cost = { builds: 0, minutes: 0, dollars: 0, missed: 0 };
  const theirs: Cost = { builds: 0, minutes: 0, dollars: 0, missed: 0 };
  const published = new Set<string>();
  const built = new Map<string, string>();
  let manifests: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  let keysBefore: ReadonlyMap<string, string> = new Map();
  for (const [n, commit] of commits.entries()) {
    const chain = await readChain(gitTree(folder, commit, "dockerfiles"));
    const keys = new Map([...chain.chain.targets].map(([target, { inputs }]) => [target, inputs.key]));
    if (n === 0) {
      manifests = filesByImage(chain);
      for (const [target, key] of keys) built.set(target, key);
    } else {
      const missing = [...keys].filter(([, key]) => !published.has(key)).map(([target]) => target);
      add(ours, chain, new Set(missing));
      const again = byManifests(chain, manifests, changedBy(folder, commit));
      add(theirs, chain, again);
      for (const [target, key] of keys) {
        const stale = !again.has(target) && built.get(target) !== key;
        if (stale && keysBefore.get(target) !== key) theirs.missed++;
        if (again.has(target)) built.set(target, key);
      }
    }
    for (const key of keys.values()) published.add(key);
    keysBefore = keys;
  }
  return { ours, theirs };
}

/** Counts the builds of some targets, planned alike for both rules. */
function add(cost: Cost, { graph, chain }: Chain, targets: ReadonlySet<string>): void {
  const exists = new Map([...chain.targets.keys()].map((target) => [target, !targets.has(target)]));
  const { totals } = planChain(graph, chain, { exists });
  cost.builds += totals.build;
  cost.minutes += totals.minutes;
  cost.dollars += totals.dollars;
}

/** Targets that are built again because a file that a manifest names has another last commit. */
function byManifests(
  { graph, chain }: Chain,
  manifests: ReadonlyMap<string, ReadonlySet<string>>,
  changed: readonly string[],
): ReadonlySet<string> {
  const touched = [...graph.values()].filter(({ image }) =>
    changed.some((path) => manifests.get(image.name)?.has(path)),
  );
  const tier = Math.min(...touched.map((target) => target.tier));
  const hit = new Set(touched.map(({ image }) => image.name));
  const again = [...graph.values()].filter((target) => target.tier > tier || hit.has(target.image.name));
  return new Set(again.map(({ name }) => name).filter((name) => chain.targets.has(name)));
}

/** The files that an image's targets read, and its Dockerfile, relative to the catalogue. */
function filesByImage({ catalogue, chain, graph }: Chain): ReadonlyMap<string, ReadonlySet<string>> {
  const manifests = new Map<string, Set<string>>();
  for (const [target, { inputs }] of chain.targets) {
    const image = graph.get(target)?.image;
    if (image === undefined || image.context !== catalogue.tree) continue;
    const files = manifests.get(image.name) ?? new Set([image.dockerfilePath]);
    for (const { path } of inputs.files) files.add(path);
    manifests.set(image.name, files);
  }
  return manifests;
}

function changedBy(folder: string, commit: string): readonly string[] {
  const names = execFileSync("git", ["-C", folder, "diff", "--name-only", `${commit}~1`, commit], { encoding: "utf8" });
  return names.split("\n").map((path) => path.replace(/^dockerfiles\//, ""));
}
