import { UserError } from "../errors.ts";
import { cleanPath, hasWildcard } from "./goPath.ts";
import { type PatternList, parsePatterns } from "./pattern.ts";
import type { FileTree } from "./tree.ts";

/** One source as BuildKit looks it up. */
export interface Selector {
  /** The source as written, for messages. */
  readonly source: string;
  /** Cleaned, without a leading slash; the tree's root is "". With `wildcard`, a glob. */
  readonly path: string;
  readonly wildcard: boolean;
  readonly include: PatternList | undefined;
  readonly exclude: PatternList | undefined;
  /** A path that must come out of it, where --parents names one without wildcards. */
  readonly required: string | undefined;
}

/** What BuildKit's error would be. */
export function nothingThere(tree: FileTree, { source }: Selector, links: readonly string[]): UserError {
  const [link] = links;
  return new UserError({
    problem: link
      ? `the context has no file or folder that the symlink ${link} leads to`
      : "the context has no such file or folder",
    value: source,
    allowed: `paths inside ${tree.label} that the ignore file does not leave out; links start at its root`,
    fix: link ? "point the link at a file of the context, or leave it out with the ignore file" : "correct the path",
  });
}

/** Whether it is looked up as it is, without wildcards or patterns. */
export function isPlain({ wildcard, include, exclude }: Selector): boolean {
  return !wildcard && !include && !exclude;
}

/** The selector of a path that is meant as it stands. */
export function plainSelector(source: string): Selector {
  const path = cleanPath(`/${source}`).slice(1);
  return { source, path, wildcard: false, include: undefined, exclude: undefined, required: undefined };
}

/** The selector of a source of COPY or ADD. Throws MalformedPattern. */
export function copySelector(source: string, exclude: PatternList | undefined, parents: boolean): Selector {
  if (!parents) return { ...plainSelector(source), wildcard: hasWildcard(source), exclude };
  const pivot = source.indexOf("/./");
  const base = pivot < 0 ? "/" : source.slice(0, pivot);
  const rest = pivot < 0 ? source : source.slice(pivot + 3);
  const pattern = rest.startsWith("/") ? rest : cleanPath(`/${rest}`);
  const plain = !hasWildcard(base) && !hasWildcard(rest);
  if (plain && cleanPath(pattern) === "/") {
    throw new UserError({
      problem: "BuildKit finds nothing for COPY --parents of a whole folder",
      value: source,
      fix: "write what is in it, as in ./*, or leave out --parents",
    });
  }
  return {
    ...plainSelector(base),
    source,
    wildcard: hasWildcard(base),
    include: parsePatterns([pattern.slice(1)]),
    exclude,
    required: plain ? cleanPath(`/${base}/${pattern}`) : undefined,
  };
}
