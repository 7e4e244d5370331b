import { z } from "zod";
import { type Location, UserError } from "./errors.ts";
import { formatReference, isDigest, parseReference } from "./reference.ts";
import { UNRESOLVED, UnresolvedPin } from "./unresolved.ts";
import { parseYaml } from "./yaml.ts";

/** The lock of base images: a digest, or UNRESOLVED, for each full reference. */
export interface BaseLock {
  /** Path for messages. */
  readonly file: string;
  /** By full reference (`docker.io/library/debian:12`), as `fullName` writes it. */
  readonly digests: ReadonlyMap<string, string>;
}

const digest = z.string().refine((text) => text === UNRESOLVED || isDigest(text), {
  message: "has to be sha256: and 64 lower-case hex digits, or unresolved",
});

/** A digest stands behind the name, as the field `digest` or alone. */
const images = z.record(
  z.string(),
  z.preprocess((one) => (typeof one === "object" && one !== null && "digest" in one ? one.digest : one), digest),
);

const schema = z.strictObject({ images }).transform((one) => one.images);

/**
 * Reads bases.lock.yaml.
 * @param file the path for messages
 * @throws UserError with file and line
 */
export function parseBaseLock(text: string, file: string): BaseLock {
  // Without `images` the whole file is the map, for a lock that somebody writes by hand for `strata inputs --lock`.
  const wrapped = text.trim() === "" ? images : /^\s*\{?\s*"?images"?\s*:/m.test(text) ? schema : images;
  const digests = parseYaml(text, file, wrapped, () => ({
    allowed: "images: { name:tag: { digest: sha256:… } }",
    fix: "run `strata lock`, which writes the file",
  }));
  const line = (name: string) => Math.max(1, text.split("\n").findIndex((one) => one.includes(name)) + 1);
  const entries = Object.entries(digests).map(([name, one]) => {
    return [formatReference(referenceAt(name, { file, line: line(name) })), one] as const;
  });
  return { file, digests: new Map(entries) };
}

/** A reference with registry, library folder and tag written out, so that two spellings of one image are equal. */
export function fullName(name: string): string {
  return formatReference(parseReference(name));
}

/**
 * The digest that a base image is pinned to.
 * @param name as the Dockerfile names it; a digest in the name counts more than the lock
 * @throws UserError where nothing pins it: its content could change unseen
 */
export function pinnedDigest(name: string, lock: BaseLock | undefined, at: Location): string {
  const named = referenceAt(name, at);
  if (named.digest !== undefined) return named.digest;
  const digest = lock?.digests.get(formatReference(named));
  if (digest !== undefined && digest !== UNRESOLVED) return digest;
  const lockFile = lock?.file ?? "bases.lock.yaml";
  const rest = { value: name, allowed: `a digest in ${lockFile}, or name@sha256:…`, fix: `strata lock ${name}`, at };
  if (digest === UNRESOLVED) {
    const problem = `the digest of this base image stands as unresolved in ${lockFile}, so its content could change unseen`;
    throw new UnresolvedPin({ problem, ...rest });
  }
  throw new UserError({ problem: "no digest pins this base image, so its content could change unseen", ...rest });
}

function referenceAt(name: string, at: Location) {
  try {
    return parseReference(name);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError({ ...error.detail, at }, { cause: error });
  }
}
