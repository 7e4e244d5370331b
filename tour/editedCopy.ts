import { appendFileSync, cpSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Chain } from "../chain/chain.ts";
import { ownGit } from "../toolbox/ownGit.ts";

/** What lies beside a catalogue and is no part of what an image can read. */
const LEFT_OUT = new Set([".git", ".strata", "coverage", "node_modules"]);

/** The line that is added: a comment in every kind of file that it is added to. */
const LINE = "# one more line, added by the tour";

/** Kinds of file in which {@link LINE} is a comment. */
const EDITABLE = /\.(lock|txt|in|py|sh|ya?ml|toml)$/;

/** A copy of a catalogue with one line more. */
export interface EditedCopy {
  /** The copied folder of images. */
  readonly catalogue: string;
  /** The file with one line more, as a path in the catalogue. */
  readonly file: string;
  readonly line: string;
  /** Whether the copy is a Git repository whose commit is the catalogue before the edit. */
  readonly committed: boolean;
}

/**
 * Copies a catalogue, with what lies beside it, because an image may read that too; commits the copy to a Git
 * repository of its own and adds a line to one file of it. What is copied is left as it is.
 *
 * @param catalogue the folder of images.
 * @param to a folder that is made.
 */
export function editedCopy(catalogue: string, to: string, chain: Chain): EditedCopy | undefined {
  const file = fileToEdit(catalogue, chain);
  if (file === undefined) return undefined;
  const holder = dirname(catalogue);
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(holder)) {
    if (!LEFT_OUT.has(name)) cpSync(join(holder, name), join(to, name), { recursive: true, verbatimSymlinks: true });
  }
  const committed = commit(to);
  const copy = join(to, basename(catalogue));
  appendFileSync(join(copy, file), `${LINE}\n`);
  return { catalogue: copy, file, line: LINE, committed };
}

/**
 * The file whose edit shows most: of those that are read for some targets and not for all, the one that comes nearest
 * to rebuilding half of the chain.
 */
function fileToEdit(catalogue: string, { graph, chain }: Chain): string | undefined {
  const rebuilt = new Map<string, Set<string>>();
  for (const [target, { inputs }] of chain.targets) {
    if (graph.get(target)?.image.settings.context !== ".") continue;
    for (const { path } of inputs.files) rebuilt.set(path, (rebuilt.get(path) ?? new Set()).add(target));
  }
  for (const targets of rebuilt.values()) {
    // Parents stand before their children.
    for (const { name, parents } of graph.values()) if (parents.some((one) => targets.has(one))) targets.add(name);
  }
  const distance = (targets: ReadonlySet<string>) => Math.abs(targets.size - chain.targets.size / 2);
  const candidates = [...rebuilt]
    .filter(([path, { size }]) => EDITABLE.test(path) && size < chain.targets.size && existsSync(join(catalogue, path)))
    .sort(([path, one], [other, two]) => distance(one) - distance(two) || (path < other ? -1 : 1));
  return candidates[0]?.[0];
}

/** Commits all that is in a folder to a repository of its own; whether that could be done. */
function commit(folder: string): boolean {
  try {
    ownGit(folder, "init", "--quiet");
    ownGit(folder, "add", "--all", "--force");
    ownGit(folder, "commit", "--quiet", "--no-verify", "--message", "as it is");
    return true;
  } catch {
    // Without Git, or where it refuses, the act goes on without the plan against a revision.
    return false;
  }
}
