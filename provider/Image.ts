import { CustomResource, type CustomResourceOptions, type Input, type Output } from "@pulumi/pulumi";
import type { ImageInputs, ImageOutputs } from "./imageInputs.ts";

/** The arguments of an Image: what Google fills in may be known as late as the deployment, the key may not. */
export type ImageArgs = Omit<ImageInputs, "reference" | "parents" | "promoteFrom" | "build"> & {
  readonly reference: Input<string>;
  readonly parents: Readonly<Record<string, Input<string>>>;
  readonly promoteFrom?: Input<string>;
  readonly build?: Input<NonNullable<ImageInputs["build"]>>;
};

/**
 * One published target. It exists if and only if its key's tag exists in the registry; another key is an update, which
 * builds what is missing. Deleting it leaves the image to the registry's clean-up policies.
 */
export class Image extends CustomResource {
  /** Digest of the published image; empty while it is not published. */
  declare readonly digest: Output<string>;
  /** Where it is published. */
  declare readonly reference: Output<string>;
  /** The build that published it; empty where there was none. */
  declare readonly buildId: Output<string>;
  /** Seconds that the build took. */
  declare readonly seconds: Output<number>;
  /** How the image came to be there. */
  declare readonly outcome: Output<ImageOutputs["outcome"]>;

  constructor(name: string, args: ImageArgs, options?: CustomResourceOptions) {
    const outputs = { digest: undefined, buildId: undefined, seconds: undefined, outcome: undefined };
    super("strata:index:Image", name, { ...args, ...outputs }, options);
  }
}
