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

/**
 * A publisher that is loaded when it is asked for the first time. Every Pulumi command starts the plugin, and a preview
 * asks its publisher nothing; what publishing takes is most of what there is to load.
 */
export function whenAsked(load: () => Promise<ImagePublisher>): ImagePublisher {
  let loading: Promise<ImagePublisher> | undefined;
  const publisher = () => {
    loading ??= load();
    return loading;
  };
  return {
    digestOf: async (reference) => (await publisher()).digestOf(reference),
    ensure: async (image) => (await publisher()).ensure(image),
    cancel: () => void loading?.then((loaded) => loaded.cancel()),
  };
}
