import { createHash, type Hash } from "node:crypto";
import { type Canonical, canonicalJson } from "./canonical.ts";
import type { Selection } from "./context/select.ts";
import type { TreeEntry } from "./context/tree.ts";
import type { Evaluation } from "./dockerfile/evaluate.ts";
import { canonicalConfig } from "./dockerfile/image.ts";
import { formatPlatform } from "./dockerfile/platforms.ts";
import type { ContextRead, FileSystem, ImageReference, Step } from "./dockerfile/steps.ts";

/**
 * Version of the key's recipe, the first field of everything hashed. It changes whenever the same inputs would give
 * another key: then every image is built once more.
 */
export const ALGORITHM = "strata-key-2";

/** What a key is computed from besides the Dockerfile. */
export interface KeyParts {
  /** What each read of the context selects. */
  selection(read: ContextRead): Selection;
  /** sha256 of a context file's content, lower-case hex. */
  digest(path: string): string;
  /** What identifies an image from outside: a parent's key or a base's digest. */
  identity(image: ImageReference): Canonical;
  /** Raised on purpose to rebuild; from image.yaml. */
  readonly epoch: number;
  /** Digest of the image that a "# syntax=" line names. */
  readonly syntaxDigest?: string;
}

/** A target's key, and the identities of the steps in it: targets that share steps share work. */
export interface Key {
  readonly key: string;
  readonly steps: ReadonlySet<string>;
}

/**
 * The key of a target: sha256 over its file system, its configuration, its platform and its epoch. A file system is
 * identified by the step that makes it: what the step does, the identities of the file systems it starts from and
 * takes files from, and the content it reads. So stages can be renamed and reordered without a new key, and whatever
 * BuildKit would run again gives one.
 */
export function keyOf(evaluation: Evaluation, parts: KeyParts): Key {
  const steps = new Map<Step, string>();

  function fileSystem(from: FileSystem): Canonical {
    if (from.kind === "scratch") return "scratch";
    if (from.kind === "image") return { image: parts.identity(from.image), platform: from.image.platform };
    addStep(from.step);
    return { step: steps.get(from.step) };
  }

  /** Identifies a step, those that it needs first. Not by recursion: there may be more steps than a stack has room for. */
  function addStep(last: Step): void {
    const open = [last];
    for (let one = open.at(-1); one !== undefined; one = open.at(-1)) {
      const missing = one.inputs.flatMap((input) =>
        input.kind === "step" && !steps.has(input.step) ? [input.step] : [],
      );
      for (const needed of missing.reverse()) open.push(needed);
      if (missing.length > 0) continue;
      if (!steps.has(one)) steps.set(one, identityOf(one));
      open.pop();
    }
  }

  function identityOf(one: Step): string {
    const hash = createHash("sha256");
    field(hash, ALGORITHM);
    field(hash, { operation: one.operation, inputs: one.inputs.map(fileSystem) });
    for (const read of one.reads) addSelection(hash, parts.selection(read), parts.digest);
    return hash.digest("hex");
  }

  const hash = createHash("sha256");
  field(hash, ALGORITHM);
  field(hash, {
    platform: formatPlatform(evaluation.platform),
    epoch: parts.epoch,
    syntax: parts.syntaxDigest ?? null,
    fileSystem: fileSystem(evaluation.fileSystem),
    config: canonicalConfig(evaluation.config),
    time: evaluation.time,
  });
  return { key: hash.digest("hex"), steps: new Set(steps.values()) };
}

/** One JSON text in a line of its own: JSON has no line feeds outside of escapes, so lines cannot run together. */
function field(hash: Hash, value: Canonical): void {
  hash.update(`${canonicalJson(value)}\n`);
}

function addSelection(hash: Hash, { readings }: Selection, digest: KeyParts["digest"]): void {
  field(hash, { readings: readings.length });
  for (const { entries } of readings) {
    field(hash, { entries: entries.length });
    for (const { name, path, entry } of entries) field(hash, [name, ...recordOf(entry, path, digest)]);
  }
}

function recordOf(entry: TreeEntry, path: string, digest: KeyParts["digest"]): readonly Canonical[] {
  if (entry.kind === "file") return [modeOf(entry), entry.size, digest(path)];
  if (entry.kind === "symlink") return ["link", entry.target];
  return ["folder"];
}

/** The mode that a packed context gives a file: only whether it is executable counts. */
export function modeOf({ executable }: { readonly executable: boolean }): "0644" | "0755" {
  return executable ? "0755" : "0644";
}
