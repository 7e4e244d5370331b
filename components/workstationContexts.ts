import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
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

async function unpack({ graph, chain }: Chain, target: string, context: string): Promise<void> {
  const image = graph.get(target)?.image;
  const collected = chain.targets.get(target);
  if (!image || !collected) throw new Error(`${target} is not in the chain`);
  await mkdir(dirname(context), { recursive: true });
  // Filled under another name: a folder that can be found is whole.
  const partial = await mkdtemp(`${context}.`);
  const archive = `${partial}.tar`;
  const dockerfile = join(partial, DOCKERFILE);
  try {
    await packContext(image.context, collected.contextPaths, archive);
    // The archive's modes, and these two, whatever this user's umask is: a plugin may count them.
    await promisify(execFile)("tar", ["-xpf", archive, "-C", partial]);
    await writeFile(dockerfile, image.dockerfileBytes);
    await chmod(dockerfile, 0o644);
    await chmod(partial, 0o755);
    await rename(partial, context);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process may have been first, with the same content.
    if (!existsSync(context)) throw error;
  } finally {
    await rm(archive, { force: true });
  }
}
