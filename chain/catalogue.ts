import { type BaseLock, parseBaseLock } from "./bases.ts";
import type { FileTree } from "./context/tree.ts";
import { type Dockerfile, parseDockerfile } from "./dockerfile/parse.ts";
import { type Location, UserError } from "./errors.ts";
import { type ImageSettings, lineOf, parseImageSettings } from "./imageSettings.ts";
import { dockerfileBytes } from "./inputs.ts";

/** Name of the lock in the catalogue's folder. */
export const LOCK_FILE = "bases.lock.yaml";

/** One image: a folder of the catalogue. */
export interface CatalogueImage {
  readonly name: string;
  readonly settings: ImageSettings;
  readonly dockerfile: Dockerfile;
  /** The Dockerfile as it was read: what the key is computed from is what must be built, whatever becomes of the file. */
  readonly dockerfileBytes: Uint8Array<ArrayBuffer>;
  /** The Dockerfile's path in the catalogue's tree. */
  readonly dockerfilePath: string;
  /** The build context: the catalogue's folder, or the folder that holds it. */
  readonly context: FileTree;
  /** Published stages, the default one last. */
  readonly targets: readonly string[];
}

/** All images, and the digests of their bases. */
export interface Catalogue {
  /** The folder `dockerfiles/`, which is also the build context of every image that names no other. */
  readonly tree: FileTree;
  /** In the order of their names. */
  readonly images: ReadonlyMap<string, CatalogueImage>;
  readonly lock: BaseLock;
}

/**
 * Reads a catalogue: every folder that has an image.yaml is an image.
 * @param tree the catalogue's folder
 * @throws UserError with file and line for the first mistake
 */
export function readCatalogue(tree: FileTree): Catalogue {
  const images = new Map<string, CatalogueImage>();
  for (const name of tree.children("")) {
    if (tree.entry(`${name}/image.yaml`)?.kind === "file") images.set(name, readImage(tree, name));
  }
  if (images.size === 0) {
    throw new UserError({
      problem: "the catalogue has no image",
      value: tree.label,
      allowed: "a folder with one folder for each image, which has a Dockerfile and an image.yaml",
      fix: "name the catalogue's folder with --catalogue",
    });
  }
  return { tree, images, lock: readLock(tree) };
}

/** Folders that have a Dockerfile and no image.yaml: somebody means them to be images, and they are none. */
export function foldersWithoutSettings({ tree, images }: Pick<Catalogue, "tree" | "images">): readonly string[] {
  return tree.children("").filter((name) => !images.has(name) && tree.entry(`${name}/Dockerfile`)?.kind === "file");
}

/** What makes a folder an image, for messages. */
export const LEAST_SETTINGS = "an image.yaml beside the Dockerfile with description, machine and expectedMinutes";

/** The machines that a catalogue's images name, each once. */
export function machinesIn({ images }: Pick<Catalogue, "images">): readonly string[] {
  return [...new Set([...images.values()].map(({ settings }) => settings.machine))].sort();
}

function readImage(tree: FileTree, name: string): CatalogueImage {
  if (!/^[a-z0-9]+([._-][a-z0-9]+)*$/.test(name)) {
    throw new UserError({
      problem: "the folder's name cannot be an image's name",
      value: name,
      allowed: "lower-case letters and digits, with single '.', '_' or '-' between them",
      fix: "rename the folder",
      at: { file: pathIn(tree, name) },
    });
  }
  const settingsFile = `${name}/image.yaml`;
  const text = tree.read(settingsFile).toString("utf8");
  const settings = parseImageSettings(text, pathIn(tree, settingsFile));
  const dockerfilePath = `${name}/Dockerfile`;
  const file = pathIn(tree, dockerfilePath);
  const bytes = new Uint8Array(dockerfileBytes({ tree, path: dockerfilePath }, file));
  const dockerfile = parseDockerfile(Buffer.from(bytes).toString("utf8"), file);
  return {
    name,
    settings,
    dockerfile,
    dockerfileBytes: bytes,
    dockerfilePath,
    context: contextOf(tree, settings, { file: pathIn(tree, settingsFile), line: lineOf(text, "context") }),
    targets: targetsOf(settings, dockerfile, { file: pathIn(tree, settingsFile), line: lineOf(text, "targets") }),
  };
}

function contextOf(tree: FileTree, { context }: ImageSettings, at: Required<Location>): FileTree {
  const found = context === "." ? tree : tree.holder?.();
  if (found !== undefined) return found;
  throw new UserError({
    problem: "the folder that holds the catalogue is out of reach, so it cannot be a build context",
    value: context,
    allowed: "., or a catalogue that is not the topmost folder of its repository",
    fix: "move the catalogue into a folder of the repository, or leave context out",
    at,
  });
}

function targetsOf(settings: ImageSettings, dockerfile: Dockerfile, at: Required<Location>): readonly string[] {
  const stages = dockerfile.instructions.flatMap((one) => (one.kind === "FROM" ? [one.name] : []));
  const last = stages.at(-1);
  if (!settings.targets) {
    if (last !== undefined) return [last];
    throw new UserError({
      problem: "the last stage has no name, so the image has no target",
      value: "FROM without AS",
      allowed: "FROM … AS name",
      fix: `write FROM … AS runtime in ${dockerfile.file}`,
      at: { file: dockerfile.file, line: lastFrom(dockerfile) },
    });
  }
  const missing = settings.targets.find((target) => !stages.includes(target));
  if (missing === undefined) return settings.targets;
  throw new UserError({
    problem: `the Dockerfile has no stage for the target ${missing}`,
    value: missing,
    allowed: stages.filter((stage) => stage !== undefined).join(", ") || "the Dockerfile names no stage",
    fix: `add FROM … AS ${missing} to ${dockerfile.file}, or take ${missing} out of targets`,
    at,
  });
}

function lastFrom({ instructions }: Dockerfile): number {
  return instructions.findLast(({ kind }) => kind === "FROM")?.source.line ?? 1;
}

function readLock(tree: FileTree): BaseLock {
  const file = pathIn(tree, LOCK_FILE);
  if (tree.entry(LOCK_FILE)?.kind !== "file") return { file, digests: new Map() };
  return parseBaseLock(tree.read(LOCK_FILE).toString("utf8"), file);
}

/** A path in the catalogue as messages name it. */
export function pathIn(tree: FileTree, path: string): string {
  return `${tree.label.replace(/\/+$/, "")}/${path}`;
}
