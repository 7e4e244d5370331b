import { isUtf8 } from "node:buffer";
import { posix } from "node:path";
import { type BaseLock, pinnedDigest } from "./bases.ts";
import { sortByBytes } from "./context/byteOrder.ts";
import { readIgnoreRules, withoutIgnored } from "./context/ignore.ts";
import { neededPaths, type Selection, selectForCopy, selectForMounts } from "./context/select.ts";
import type { FileTree } from "./context/tree.ts";
import { type Evaluation, evaluateTarget } from "./dockerfile/evaluate.ts";
import { type ImageConfig, unknownConfig } from "./dockerfile/image.ts";
import { type Dockerfile, parseDockerfile } from "./dockerfile/parse.ts";
import { formatPlatform, parsePlatform } from "./dockerfile/platforms.ts";
import { type BuildOptions, resolveStages } from "./dockerfile/stages.ts";
import type { ContextRead, ImageReference } from "./dockerfile/steps.ts";
import { readable } from "./dockerfile/symbols.ts";
import { UserError } from "./errors.ts";
import { ALGORITHM, keyOf, modeOf } from "./key.ts";

/** A file of the context that a target reads. */
export type FileRecord =
  | { readonly path: string; readonly mode: "0644" | "0755"; readonly size: number; readonly sha256: string }
  | { readonly path: string; readonly mode: "0777"; readonly size: number; readonly link: string };

/** An instruction of a stage that the target uses. */
export interface InputInstruction {
  readonly stage: string;
  readonly line: number;
  /** As written, on one line, here-documents included. */
  readonly text: string;
  /** Paths in the context that it reads; absent where it reads none. */
  readonly files?: readonly string[];
}

/** Everything that goes into a target, and the key over it. */
export interface TargetInputs {
  readonly algorithm: string;
  readonly key: string;
  readonly platform: string;
  readonly epoch: number;
  readonly instructions: readonly InputInstruction[];
  /** Build args in scope and their values; hints are not among them. */
  readonly args: Readonly<Record<string, string>>;
  /** Sorted by the bytes of their paths. */
  readonly files: readonly FileRecord[];
  /** Keys of parents by target. */
  readonly parents: Readonly<Record<string, string>>;
  /** Digests of base images, and of a syntax image, by name. */
  readonly bases: Readonly<Record<string, string>>;
}

/** A parent in the catalogue, its own inputs already collected. */
export interface Parent {
  /** "image:target". */
  readonly target: string;
  readonly key: string;
  /** What a child takes over from it. */
  readonly config: ImageConfig;
}

/** What a target is collected from. */
export interface TargetSource {
  /** The Dockerfile: a tree and the path in it, which may lie outside the context. */
  readonly dockerfile: { readonly tree: FileTree; readonly path: string };
  readonly context: FileTree;
  readonly lock?: BaseLock;
  /** The catalogue target that an image's name means; undefined where it is none. */
  parent?(name: string): Parent | undefined;
  readonly epoch?: number;
}

/** A target's inputs, and what the pack and the target's children need of it. */
export interface CollectedTarget {
  readonly inputs: TargetInputs;
  readonly config: ImageConfig;
  /** All paths that its build context must hold. */
  readonly contextPaths: ReadonlySet<string>;
  /** Identities of its steps, by which two targets that share work are told. */
  readonly steps: ReadonlySet<string>;
}

/** The platform that images are for unless something else is asked for. It never depends on the machine. */
export const DEFAULT_PLATFORM = "linux/amd64";

/** The options of a build in plain values. */
export function buildOptions(given: {
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
  readonly hints?: readonly string[];
  readonly platform?: string;
}): BuildOptions {
  const text = given.platform ?? DEFAULT_PLATFORM;
  const platform = parsePlatform(text);
  if (!platform) {
    throw new UserError({
      problem: "this is no platform",
      value: text,
      allowed: "os/architecture, such as linux/amd64",
    });
  }
  return {
    ...(given.target !== undefined && { target: given.target }),
    args: new Map(Object.entries(given.args ?? {})),
    hints: new Set(given.hints ?? []),
    platform,
  };
}

/** Reads and parses a Dockerfile from a tree. */
export function readDockerfile(source: TargetSource["dockerfile"], file = source.path): Dockerfile {
  return parseDockerfile(dockerfileBytes(source, file).toString("utf8"), file);
}

/**
 * The bytes of a Dockerfile, which are UTF-8.
 * @param file the path for messages
 */
export function dockerfileBytes({ tree, path }: TargetSource["dockerfile"], file = path): Buffer {
  const followed = followLinks(tree, path);
  if (tree.entry(followed)?.kind !== "file") {
    throw new UserError({
      problem: "there is no such Dockerfile",
      value: followed === path ? file : `${file}, a link to ${followed}`,
      fix: "name an existing file",
      at: { file },
    });
  }
  const bytes = tree.read(followed);
  if (!isUtf8(bytes)) {
    throw new UserError({
      problem: "the Dockerfile is not UTF-8",
      fix: `convert it: iconv -f latin1 -t utf8 ${file}`,
      at: { file },
    });
  }
  return bytes;
}

/** As many links are followed as Linux follows. */
const MOST_LINKS = 40;

/** Where a path leads whose last name may be a link; the links are read as if the tree were the whole file system. */
function followLinks(tree: FileTree, path: string): string {
  let at = path;
  for (let links = 0; links < MOST_LINKS; links++) {
    const entry = tree.entry(at);
    if (entry?.kind !== "symlink") return at;
    at = posix.join("/", posix.dirname(at), entry.target).slice(1);
  }
  return at;
}

/**
 * Collects everything that goes into a target and computes its key. Nothing is built and nothing is asked of a network.
 * @throws UserError with file, line, reason and fix for whatever cannot be decided before the build
 */
export async function collectTarget(
  dockerfile: Dockerfile,
  source: TargetSource,
  options: BuildOptions,
): Promise<CollectedTarget> {
  const images = new Images(dockerfile, source);
  const evaluation = evaluateTarget(resolveStages(dockerfile, options), options, (image, line) =>
    images.lookUp(image, line),
  );
  const syntaxDigest = images.syntax(options.args.get("BUILDKIT_SYNTAX"));
  const context = withoutIgnored(source.context, readIgnoreRules(source.dockerfile, source.context));
  const selections = selectAll(evaluation, context);
  const { files, digests } = await readFiles(context, selections.values());
  const epoch = source.epoch ?? 0;
  const { key, steps } = keyOf(evaluation, {
    selection: (read) => found(selections, read),
    digest: (path) => found(digests, path),
    identity: (image) => images.identity(image),
    epoch,
    ...(syntaxDigest !== undefined && { syntaxDigest }),
  });
  const inputs: TargetInputs = {
    algorithm: ALGORITHM,
    key,
    platform: formatPlatform(evaluation.platform),
    epoch,
    instructions: describeInstructions(evaluation, selections),
    args: sortedRecord([...evaluation.args].map(([name, value]) => [name, readable(value)])),
    files,
    parents: sortedRecord(images.parents),
    bases: sortedRecord(images.bases),
  };
  return { inputs, config: evaluation.config, contextPaths: neededPaths(selections.values()), steps };
}

/** The images from outside that a target uses. */
class Images {
  readonly parents = new Map<string, string>();
  readonly bases = new Map<string, string>();
  private readonly dockerfile: Dockerfile;
  private readonly source: TargetSource;

  constructor(dockerfile: Dockerfile, source: TargetSource) {
    this.dockerfile = dockerfile;
    this.source = source;
  }

  lookUp({ name }: ImageReference, line: number): ImageConfig {
    const parent = this.source.parent?.(name);
    if (parent) {
      this.parents.set(parent.target, parent.key);
      return parent.config;
    }
    this.bases.set(name, pinnedDigest(name, this.source.lock, { file: this.dockerfile.file, line }));
    return unknownConfig;
  }

  identity({ name }: ImageReference): { parent: string } | { base: string } {
    const parent = this.source.parent?.(name);
    return parent ? { parent: parent.key } : { base: found(this.bases, name) };
  }

  /** The digest of the image that interprets the Dockerfile: the build arg's before that of a "# syntax=" line. */
  syntax(given: string | undefined): string | undefined {
    const { file } = this.dockerfile;
    const syntaxImage = given ?? this.dockerfile.syntaxImage;
    if (syntaxImage === undefined) return undefined;
    const digest = pinnedDigest(syntaxImage, this.source.lock, { file, line: 1 });
    this.bases.set(syntaxImage, digest);
    return digest;
  }
}

function selectAll(evaluation: Evaluation, context: FileTree): Map<ContextRead, Selection> {
  const selections = new Map<ContextRead, Selection>();
  for (const { instruction, step } of evaluation.instructions) {
    for (const read of step?.reads ?? []) {
      const at = read.kind === "copy" ? read.copy.at : undefined;
      const place = at ?? { file: evaluation.file, line: instruction.source.line };
      const selection =
        read.kind === "copy" ? selectForCopy(context, read.copy) : selectForMounts(context, read.paths, place);
      selections.set(read, selection);
    }
  }
  return selections;
}

async function readFiles(
  context: FileTree,
  selections: Iterable<Selection>,
): Promise<{ files: FileRecord[]; digests: Map<string, string> }> {
  const paths: string[] = [];
  const seen = new Set<string>();
  for (const { readings, passed } of selections) {
    for (const { entries } of readings)
      for (const { path } of entries) if (seen.size !== seen.add(path).size) paths.push(path);
    for (const path of passed) {
      if (context.entry(path)?.kind === "symlink" && seen.size !== seen.add(path).size) paths.push(path);
    }
  }
  const contents = paths.filter((path) => context.entry(path)?.kind === "file");
  const hashes = await context.digests(contents);
  const digests = new Map(contents.map((path, index) => [path, hashes[index] ?? ""]));
  const files = sortByBytes(paths).flatMap((path): FileRecord[] => {
    const entry = context.entry(path);
    if (entry?.kind === "file") return [{ path, mode: modeOf(entry), size: entry.size, sha256: found(digests, path) }];
    if (entry?.kind === "symlink") {
      return [{ path, mode: "0777", size: Buffer.byteLength(entry.target), link: entry.target }];
    }
    return [];
  });
  return { files, digests };
}

function describeInstructions(
  evaluation: Evaluation,
  selections: ReadonlyMap<ContextRead, Selection>,
): InputInstruction[] {
  return evaluation.instructions.map(({ stage, instruction, step }) => {
    const { line, text, heredocs } = instruction.source;
    const files = (step?.reads ?? []).flatMap((read) =>
      found(selections, read).readings.flatMap(({ entries }) => entries.map(({ path }) => path)),
    );
    const documents = heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
    return { stage, line, text: text.trim() + documents, ...(files.length > 0 && { files }) };
  });
}

function sortedRecord(entries: Iterable<readonly [string, string]>): Record<string, string> {
  return Object.fromEntries([...entries].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function found<K, V>(map: ReadonlyMap<K, V>, key: K): V {
  const value = map.get(key);
  if (value === undefined) throw new Error(`nothing was collected for ${String(key)}`);
  return value;
}
