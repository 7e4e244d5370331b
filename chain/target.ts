/** A target's name in parts; written "image:stage". */
export interface TargetName {
  readonly image: string;
  readonly stage: string;
}

/** "arr-pytorch-base:runtime". */
export function formatTarget({ image, stage }: TargetName): string {
  return `${image}:${stage}`;
}

/** Reads "image:stage" or "image"; undefined stage where only the image is named. */
export function parseTarget(text: string): { readonly image: string; readonly stage?: string } {
  const colon = text.indexOf(":");
  return colon === -1 ? { image: text } : { image: text.slice(0, colon), stage: text.slice(colon + 1) };
}

/**
 * Where a target's key is published. Each target has a repository of its own below the registry's address, because
 * "keep the newest N" is counted for each.
 * @param registry address without a scheme, as in "us-east4-docker.pkg.dev/project/images"
 */
export function publishedReference(registry: string, target: string, key: string): string {
  return `${registry.replace(/\/+$/, "")}/${target.replace(":", "/")}:${key}`;
}
