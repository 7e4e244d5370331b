import type { FileTree } from "./context/tree.ts";
import { UserError } from "./errors.ts";

/** What stands in a lock in place of a digest or a list that nobody has asked for yet. */
export const UNRESOLVED = "unresolved";

/**
 * A pin that is known to be open: it stands as `unresolved` in a lock, with the command that resolves it. Its targets
 * are refused, and nothing is wrong with the catalogue.
 */
export class UnresolvedPin extends UserError {}

/** Locks are small or long; one that is unresolved has a comment and one word. */
const MAX_BYTES = 4096;

/**
 * Refuses a target that reads a lock whose last line is the word `unresolved`: its build would stop there, perhaps after an hour.
 * @param pathOf how messages name a path of the tree
 */
export function refuseUnresolved(
  tree: FileTree,
  files: readonly { readonly path: string; readonly size: number }[],
  pathOf: (path: string) => string,
): void {
  for (const { path, size } of files) {
    if (size > MAX_BYTES || !/\.(lock|sha256)$/.test(path) || tree.entry(path)?.kind !== "file") continue;
    const lines = tree.read(path).toString("utf8").trimEnd().split("\n");
    if (lines.at(-1)?.trim() !== UNRESOLVED) continue;
    const command = lines.filter((line) => /^#\s{2,}\S/.test(line)).map((line) => line.replace(/^#\s+/, ""));
    throw new UnresolvedPin({
      problem: "this lock stands as unresolved, so the build that reads it would refuse",
      fix: command.length > 0 ? command.join(" ").replaceAll(" \\ ", " ") : "its comment says how it is resolved",
      at: { file: pathOf(path), line: lines.length },
    });
  }
}
