import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { type BaseLock, fullName, parseBaseLock } from "../../chain/bases.ts";
import { type Catalogue, LOCK_FILE, readCatalogue } from "../../chain/catalogue.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { UserError } from "../../chain/errors.ts";
import { resolveGraph } from "../../chain/graph.ts";
import { DEFAULT_PLATFORM } from "../../chain/inputs.ts";
import { withDigests } from "../../chain/lockFile.ts";
import { formatReference, parseReference } from "../../chain/reference.ts";
import { UNRESOLVED } from "../../chain/unresolved.ts";
import type { ImageRegistry } from "../../cloud/registry/imageRegistry.ts";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import { EXIT } from "../exit.ts";
import { CATALOGUE_OPTION } from "../openChain.ts";
import type { Terminal } from "../terminal.ts";

interface Options {
  readonly catalogue: string;
  readonly check?: boolean;
}

/** `strata lock`: asks registries for the digests of base images. */
export function lockCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("lock")
    .description("pin base images: ask their registries for digests and write bases.lock.yaml")
    .argument("[images...]", "base images to resolve; by default all that the Dockerfiles name")
    .option(...CATALOGUE_OPTION)
    .option("--check", "write nothing; exit 3 when a tag has moved or is not resolved")
    .addHelpText(
      "after",
      "\nExamples:\n  strata lock                              resolve all\n  strata lock --check                      what has moved since\n  strata lock pytorch/pytorch:2.7.1-cuda12.6-cudnn9-devel",
    )
    .action(async (images: readonly string[], options: Options) => {
      finish(await runLock(images, options, terminal, new OciRegistry()));
    });
}

/** What a registry says of one base image. */
interface Answer {
  readonly name: string;
  readonly locked: string | undefined;
  readonly digest: string;
}

async function runLock(
  images: readonly string[],
  { catalogue: folder, check }: Options,
  terminal: Terminal,
  registry: ImageRegistry,
): Promise<number> {
  const catalogue = readCatalogue(workTree(folder));
  const { answers, failures } = await ask(
    images.length > 0 ? images : imagesNamed(catalogue),
    catalogue.lock,
    registry,
  );
  const moved = answers.filter(({ locked, digest }) => locked !== digest);
  for (const { name, locked, digest } of answers) {
    const state = locked === digest ? "unchanged" : locked === undefined ? "new" : `was ${locked}`;
    terminal.stdout.write(`${name}  ${digest}  ${state}\n`);
  }
  if (!check && moved.length > 0) {
    const file = join(folder, LOCK_FILE);
    const text = existsSync(file) ? readFileSync(file, "utf8") : "";
    writeWhole(file, withDigests(text, new Map(moved.map(({ name, digest }) => [name, digest]))));
    parseBaseLock(readFileSync(file, "utf8"), file);
    terminal.stdout.write(`${file}: ${moved.length} written\n`);
  }
  // What was answered is kept even where another registry did not answer; the first failure is then the result.
  for (const failure of failures.slice(1)) terminal.stderr.write(`strata: ${failure.message}\n`);
  if (failures[0]) throw failures[0];
  return check && moved.length > 0 ? EXIT.differs : EXIT.done;
}

/** The base and syntax images that the Dockerfiles name without a digest. */
function imagesNamed(catalogue: Catalogue): readonly string[] {
  const bases = [...resolveGraph(catalogue).values()].flatMap((target) => target.bases);
  const syntax = [...catalogue.images.values()].flatMap(({ dockerfile }) => dockerfile.syntaxImage ?? []);
  return [...new Set([...bases, ...syntax])].filter((name) => !name.includes("@")).sort();
}

async function ask(
  names: readonly string[],
  lock: BaseLock,
  registry: ImageRegistry,
): Promise<{ answers: readonly Answer[]; failures: readonly UserError[] }> {
  const failures: UserError[] = [];
  const answers = await Promise.all(
    names.map(async (name): Promise<Answer | undefined> => {
      try {
        const digest = await registry.digestOf(name);
        const locked = lock.digests.get(fullName(name));
        if (digest === undefined) {
          throw new UserError({
            problem: "the registry has no such base image",
            value: name,
            fix: "correct the name or the tag in the Dockerfile",
          });
        }
        if (digest !== locked) await refuseTriggers(name, digest, registry);
        return { name, locked: locked === UNRESOLVED ? undefined : locked, digest };
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        failures.push(error);
        return undefined;
      }
    }),
  );
  return { answers: answers.filter((one) => one !== undefined), failures };
}

/** Refuses a base whose ONBUILD triggers a build would run: the key, which knows only its digest, cannot have their files. */
async function refuseTriggers(name: string, digest: string, registry: ImageRegistry): Promise<void> {
  const { registry: host, repository } = parseReference(name);
  const [trigger] = await registry.triggersOf(
    formatReference({ registry: host, repository, digest }),
    DEFAULT_PLATFORM,
  );
  if (trigger === undefined) return;
  throw new UserError({
    problem: `the base image ${name} has an ONBUILD trigger, whose inputs are in no key`,
    value: `ONBUILD ${trigger}`,
    allowed: "a base image without ONBUILD",
    fix: "choose a variant of the image without triggers, and write what they do into the Dockerfile",
  });
}

/** Replaces the file at once, so that nobody reads half of it. */
function writeWhole(file: string, text: string): void {
  const beside = `${file}.${process.pid}.tmp`;
  writeFileSync(beside, text);
  renameSync(beside, file);
}
