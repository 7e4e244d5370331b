import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cachedFolder, type ToolListener } from "../../toolbox/cache.ts";
import { run } from "../../toolbox/command.ts";
import { debianLayer } from "./debianTree.ts";
import { pushLayer } from "./pushLayer.ts";

/** The script with which every image that compiles finds the compiler cache. */
const SCRIPT = "shared/build/compiler-cache.sh";

/** The package that carries RE2's sources. */
const PACKAGE = "re2@1.18.0";

/** A repository for the base image, on the registry that builds pull from. */
export interface Bases {
  /** The registry: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Its path there: `PROJECT/REPOSITORY`. */
  readonly repository: string;
  /** A token of somebody who may push to it. */
  readonly token: string;
}

/**
 * Fills a folder with the catalogue of `images/` and what is not kept there: RE2's sources, the real catalogue's script
 * for the compiler cache, and the lock of a base image that is a tree of this machine's Debian packages.
 */
export async function makeCatalogue(folder: string, bases: Bases, tell: ToolListener): Promise<void> {
  await cp(join(import.meta.dirname, "images"), folder, { recursive: true });
  await cp(await re2Sources(tell), folder, { recursive: true });
  await cp(join(import.meta.dirname, "../../dockerfiles", SCRIPT), join(folder, SCRIPT));
  const { origin, repository, token } = bases;
  const place = { origin, repository: `${repository}/debian-tree`, tag: "12", token };
  const digest = await pushLayer(await debianLayer(tell), place);
  const registry = `${new URL(origin).host}/${repository}`;
  const settings = join(folder, "re2-base", "image.yaml");
  await writeFile(settings, `${await readFile(settings, "utf8")}args: { REGISTRY: "${registry}" }\n`);
  const lock = `images:\n  ${registry}/debian-tree:12:\n    digest: ${digest}\n`;
  await writeFile(join(folder, "bases.lock.yaml"), lock);
}

/** RE2's sources, `vendor/`, fetched once on a machine. */
export function re2Sources(tell: ToolListener): Promise<string> {
  const [name = "", version = ""] = PACKAGE.split("@");
  const wanted = { name: `${name}-sources`, version, inputs: "vendor", about: "5 s", make: fetchSources };
  return cachedFolder(wanted, tell);
}

async function fetchSources(folder: string): Promise<void> {
  const options = {
    missing: { problem: `${PACKAGE} is fetched with npm and unpacked with tar`, fix: "install both" },
    failed: { problem: `${PACKAGE} could not be fetched`, fix: "make the npm registry reachable and try again" },
  };
  const downloads = await mkdtemp(join(tmpdir(), "strata-re2-"));
  try {
    await run("npm", ["pack", PACKAGE, "--pack-destination", downloads], options);
    const archive = join(downloads, `${PACKAGE.replace("@", "-")}.tgz`);
    const sources = ["package/vendor/re2", "package/vendor/util"];
    await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1", ...sources], options);
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}
