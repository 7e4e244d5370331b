import type { CollectedChain } from "../chain/collect.ts";
import { publishedReference } from "../chain/target.ts";
import type { ImageRegistry } from "../cloud/registry/imageRegistry.ts";

/**
 * Asks a registry which keys of a chain exist. Throws for any answer that is neither yes nor no.
 * @param images address of the repository that images are published in
 */
export async function publishedKeys(
  registry: ImageRegistry,
  images: string,
  { targets }: Pick<CollectedChain, "targets">,
): Promise<ReadonlyMap<string, boolean>> {
  const answers = [...targets].map(async ([target, { inputs }]) => {
    const digest = await registry.digestOf(publishedReference(images, target, inputs.key));
    return [target, digest !== undefined] as const;
  });
  return new Map(await Promise.all(answers));
}
