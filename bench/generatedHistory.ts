import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownGit } from "../toolbox/ownGit.ts";

/** A Git repository with a history of a catalogue. */
export interface GeneratedHistory {
  readonly folder: string;
  /** Commit ids, oldest first; the first one has the catalogue as it is in this checkout. */
  readonly commits: readonly string[];
  remove(): void;
}

/** How often each kind of commit comes, of 100. */
const EDITS: readonly (readonly [kind: Edit, weight: number])[] = [
  ["source", 34],
  ["comment", 18],
  ["readme", 14],
  ["revert", 8],
  ["hint", 8],
  ["two images", 8],
  ["new file", 6],
  ["base", 4],
];

type Edit = "source" | "comment" | "readme" | "revert" | "hint" | "two images" | "new file" | "base";

/**
 * A history of so many commits after the first: sources, comments, texts about images, reverts, estimates, files that
 * nobody has listed, newer bases. `random` chooses.
 * @param sources files that targets are built from, relative to the catalogue
 */
export function generatedHistory(
  catalogue: string,
  images: readonly string[],
  sources: readonly string[],
  count: number,
  random: () => number,
): GeneratedHistory {
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-history-"));
  const git = (...words: readonly string[]) => ownGit(folder, ...words);
  const among = <T>(all: readonly T[]): T => {
    const one = all[Math.floor(random() * all.length)];
    if (one === undefined) throw new Error("there is nothing to choose from");
    return one;
  };
  const inCatalogue = (path: string) => join(folder, "dockerfiles", path);
  const commit = (what: string) => {
    git("add", "-A");
    git("commit", "-q", "--allow-empty", "-m", what);
    return git("rev-parse", "HEAD");
  };
  const source = (n: number) => appendFileSync(inCatalogue(among(sources)), `# change ${n}\n`);
  const edits: Readonly<Record<Edit, (n: number) => void>> = {
    source,
    comment: (n) => appendFileSync(inCatalogue(`${among(images)}/Dockerfile`), `# remark ${n}\n`),
    readme: (n) => appendFileSync(inCatalogue(`${among(images)}/README.md`), `\nA sentence, ${n}.\n`),
    revert: () => void git("checkout", "-q", "HEAD~1", "--", "."),
    hint: (n) => change(inCatalogue(`${among(images)}/image.yaml`), /expectedMinutes: .*/, `expectedMinutes: ${5 + n}`),
    "two images": (n) => {
      source(n);
      source(n);
    },
    "new file": (n) => {
      const beside = among(sources);
      writeFileSync(inCatalogue(beside.replace(/[^/]*$/, `added_${n}.py`)), `# new ${n}\n`);
    },
    base: (n) => change(inCatalogue("bases.lock.yaml"), /sha256:[0-9a-f]{64}(?=\s*$)/m, `sha256:${digits(n)}`),
  };
  cpSync(catalogue, inCatalogue(""), { recursive: true });
  // Its context is the whole checkout, which is not copied.
  rmSync(inCatalogue("strata"), { recursive: true, force: true });
  git("init", "-q");
  const commits = [commit("the catalogue")];
  for (let n = 1; n <= count; n++) {
    const kind = n === 1 ? "source" : chosen(random);
    edits[kind](n);
    commits.push(commit(`${kind} ${n}`));
  }
  return { folder, commits, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function chosen(random: () => number): Edit {
  let left = random() * EDITS.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of EDITS) {
    left -= weight;
    if (left < 0) return kind;
  }
  return "source";
}

function change(file: string, what: RegExp, by: string): void {
  writeFileSync(file, readFileSync(file, "utf8").replace(what, by));
}

const digits = (n: number) => n.toString(16).padStart(64, "0");
