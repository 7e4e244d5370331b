import type { ImageInputs, ImageOutputs } from "./imageInputs.ts";

/** What the resource needs of the rest of strata. */
export interface ImagePublisher {
  /** The digest that a reference names, or undefined if the registry answers that there is no such image. */
  digestOf(reference: string): Promise<string | undefined>;
  /**
   * Makes sure that an image is published under its key, by whichever way its inputs ask for, or that its build is
   * under way. Called again for the same key it attaches to the build that runs.
   */
  ensure(image: ImageInputs): Promise<ImageOutputs>;
  /** Stops waiting, and leaves the builds that run alone. */
  cancel(): void;
}
