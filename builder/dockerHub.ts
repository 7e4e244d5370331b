import { formatReference, parseReference } from "../chain/reference.ts";

/**
 * Where a build pulls an image from: through the environment's mirror if there is one and the image is Docker Hub's,
 * from its own registry otherwise. A mirror gives the same bytes for a digest, so this is in no key.
 * @param image full reference, as `docker.io/library/debian@sha256:…`
 * @param mirror address that stands for `docker.io`, as `us-east4-docker.pkg.dev/project/dockerhub`
 */
export function pulledFrom(image: string, mirror: string | undefined): string {
  if (mirror === undefined) return image;
  const reference = parseReference(image);
  return reference.registry === "docker.io" ? formatReference({ ...reference, registry: mirror }) : image;
}
