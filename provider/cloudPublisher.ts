import { UserError } from "../chain/errors.ts";
import { defaultLogins } from "../cloud/registry/credentials.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import type { ImagePublisher } from "./imagePublisher.ts";
import { promote } from "./promotion.ts";

/** Publishes with the identity that the environment variables give. */
export function publisherOf(environment: NodeJS.ProcessEnv): ImagePublisher {
  const registry = new OciRegistry({ logins: defaultLogins(environment) });
  return {
    digestOf: (reference) => registry.digestOf(reference),

    async ensure(image) {
      if (image.promoteFrom) return promote(registry, image, image.promoteFrom);
      const digest = await registry.digestOf(image.reference);
      if (digest) return { digest, buildId: "", seconds: 0, outcome: "reused" };
      throw new UserError({
        problem: `${image.target} is not published, and this version of strata cannot build it`,
        value: image.reference,
        allowed: "an image that is in the registry, or one that another environment has published",
        fix: "pulumi config set strata:images none",
      });
    },

    cancel() {},
  };
}
