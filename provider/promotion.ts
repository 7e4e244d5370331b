import { UserError } from "../chain/errors.ts";
import { formatReference, parseReference } from "../chain/reference.ts";
import type { ImageRegistry } from "../cloud/registry/imageRegistry.ts";
import type { ImageInputs, ImageOutputs } from "./imageInputs.ts";

/**
 * Copies an image from the environment that it is promoted from, by digest, and gives it its key's tag. The key is a
 * hash of the image's inputs, so an image of the same key is the image that would have been built.
 *
 * @param from - the same target in the other environment, as `REGISTRY/PATH`.
 */
export async function promote(
  registry: ImageRegistry,
  { target, key, reference }: ImageInputs,
  from: string,
): Promise<ImageOutputs> {
  const promoted = (digest: string, outcome: ImageOutputs["outcome"]) => ({ digest, buildId: "", seconds: 0, outcome });
  const present = await registry.digestOf(reference);
  if (present) return promoted(present, "reused");

  const digest = await registry.digestOf(`${from}:${key}`);
  if (!digest) {
    throw new UserError({
      problem: `${target} cannot be promoted: the other environment has no image of this key`,
      value: `${from}:${key}`,
      allowed: "a key that the other environment has published, from the same revision of the catalogue",
      fix: "bring the other environment up from this revision first, or check out the revision that it was brought up from",
    });
  }
  const { registry: host, repository } = parseReference(reference);
  const destination = formatReference({ registry: host, repository });
  await registry.copy(`${from}@${digest}`, destination);
  await registry.createTag(`${destination}@${digest}`, key);
  return promoted(digest, "promoted");
}
