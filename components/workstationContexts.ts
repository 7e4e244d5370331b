import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Chain } from "../chain/chain.ts";
import { packContext } from "../chain/context/pack.ts";

/** The Dockerfile's name in an unpacked context, which nothing in a catalogue has. */
export const DOCKERFILE = ".strata.Dockerfile";

/**
 * Lays out what each target is built from: exactly the files in its key, normalised, and its Dockerfile. A folder is
 * named by the key, and what has a name is never written again: states of a catalogue with one key build one image, so
 * whichever came first may stay. An edit that is not in the key, of a comment say, therefore changes no file that a
 * plugin looks at. Like the cache of digests this is of use again and can be removed at any time, which is why a preview
 * may write it: the Docker plugin reads a context in a preview already.
 *
 * @param folder where the folders are kept; relative to the program's, so that another checkout has the same paths.
 * @returns the folder of each target that has a key.
 */
export async function unpackContexts(chain: Chain, folder: string): Promise<ReadonlyMap<string, string>> {
  const unpacked = new Map<string, string>();
  for (const [target, { inputs }] of chain.chain.targets) {
    const context = join(folder, inputs.key);
    if (!existsSync(context)) await unpack(chain, target, context);
    unpacked.set(target, context);
  }
  return unpacked;
}

async function unpack({ catalogue, graph, chain }: Chain, target: string, context: string): Promise<void> {
  const image = graph.get(target)?.image;
  const collected = chain.targets.get(target);
  if (!image || !collected) throw new Error(`${target} is not in the chain`);
  await mkdir(dirname(context), { recursive: true });
  // Filled under another name: a folder that can be found is whole.
  const partial = await mkdtemp(`${context}.`);
  try {
    // The archive's modes, whatever this user's umask is.
    const tar = spawn("tar", ["-xpf", "-", "-C", partial], { stdio: ["pipe", "ignore", "inherit"] });
    const [[code]] = await Promise.all([
      once(tar, "close"),
      packContext(catalogue.tree, collected.contextPaths, tar.stdin),
    ]);
    if (code !== 0) throw new Error(`tar ended with ${code} when it unpacked the context of ${target}`);
    await writeFile(join(partial, DOCKERFILE), catalogue.tree.read(image.dockerfilePath));
    await rename(partial, context);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was first, with the same content.
    if (!existsSync(context)) throw error;
  }
}
