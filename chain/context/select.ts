import { type Location, UserError } from "../errors.ts";
import { selectFiltered } from "./filteredSelection.ts";
import { MalformedPattern } from "./goPath.ts";
import { followLinks, parentOf } from "./links.ts";
import { parsePatterns } from "./pattern.ts";
import { type Reading, ReadingBuilder } from "./reading.ts";
import { copySelector, isPlain, nothingThere, plainSelector, type Selector } from "./selector.ts";
import type { FileTree } from "./tree.ts";

/** What one instruction reads from a tree, told apart exactly as BuildKit's content key tells it apart. */
export interface Selection {
  /** One for each source that counts, in BuildKit's order. A source below another one does not count on its own. */
  readonly readings: readonly Reading[];
  /** Paths that do not count and that BuildKit needs all the same: links on the way, folders it searches. */
  readonly passed: readonly string[];
}

/** The sources of one COPY or ADD, as written after expansion. */
export interface CopySources {
  readonly sources: readonly string[];
  /** Patterns of --exclude. */
  readonly exclude: readonly string[];
  /** Whether --parents is given. */
  readonly parents: boolean;
  /** Where the instruction stands, for messages. */
  readonly at?: Location;
}

/**
 * What a COPY, or an ADD of local files, reads. A source that is a plain path or a wildcard match is followed when it
 * is a symlink; links in a folder count as links. Throws a UserError for a source that matches nothing (a wildcard
 * may), a link that leads nowhere or in a circle, a malformed pattern, and anything that is no file, folder or link.
 */
export function selectForCopy(tree: FileTree, copy: CopySources): Selection {
  return inPlace(copy.at, () => {
    const exclude = copy.exclude.length > 0 ? parsePatterns(copy.exclude) : undefined;
    const selectors = copy.sources.map((source) => copySelector(source, exclude, copy.parents));
    return select(tree, selectors);
  });
}

/**
 * What the bind mounts of one RUN read from the context: `paths` are their sources, "" or "/" for all of it. A source
 * that is a symlink is followed; links below it count as links. Throws a UserError as selectForCopy does.
 */
export function selectForMounts(tree: FileTree, paths: readonly string[], at?: Location): Selection {
  return inPlace(at, () => select(tree, paths.map(plainSelector)));
}

/** All paths that BuildKit needs to answer these selections from: what counts, what is passed, the folders above. */
export function neededPaths(selections: Iterable<Selection>): ReadonlySet<string> {
  const needed = new Set<string>();
  const add = (path: string): void => {
    for (let at = path; at !== "" && !needed.has(at); at = parentOf(at)) needed.add(at);
  };
  for (const { readings, passed } of selections) {
    passed.forEach(add);
    for (const { entries } of readings) for (const { path } of entries) add(path);
  }
  return needed;
}

function select(tree: FileTree, selectors: readonly Selector[]): Selection {
  const passed: string[] = [];
  const counted = new Set(withoutNested(selectors));
  const readings: Reading[] = [];
  for (const selector of selectors) {
    const reading = isPlain(selector) ? selectPlain(tree, selector, passed) : selectFiltered(tree, selector, passed);
    if (counted.has(selector)) readings.push(reading);
    else for (const { path } of reading.entries) passed.push(path);
  }
  return { readings: readings.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0)), passed };
}

function selectPlain(tree: FileTree, selector: Selector, passed: string[]): Reading {
  const found = followLinks(tree, selector.path, "follow");
  passed.push(...found.links);
  if (!found.entry) throw nothingThere(tree, selector, found.links);
  const reading = new ReadingBuilder(tree);
  if (found.entry.kind === "directory") reading.addFolder(found.path, "");
  else reading.add("", found.path, found.entry);
  return { source: selector.path, entries: reading.entries };
}

/** BuildKit drops plain sources that repeat another or lie below it, by their spelling alone. */
function withoutNested(selectors: readonly Selector[]): Selector[] {
  const plain = new Map(selectors.filter(isPlain).map((selector) => [selector.path, selector]));
  return selectors.filter((selector) => {
    if (!isPlain(selector)) return true;
    if (plain.get(selector.path) !== selector) return false;
    if (selector.path !== "" && plain.has("")) return false;
    for (let above = parentOf(selector.path); above !== ""; above = parentOf(above)) if (plain.has(above)) return false;
    return true;
  });
}

/** Gives an error the instruction's place. */
function inPlace<T>(at: Location | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof MalformedPattern) {
      throw new UserError(
        { problem: `BuildKit refuses a pattern here: ${error.message}`, ...(at && { at }) },
        { cause: error },
      );
    }
    if (!(error instanceof UserError) || error.detail.at || !at) throw error;
    throw new UserError({ ...error.detail, at }, { cause: error });
  }
}
