import { type ImageInputs, type ImageState, imageInputs } from "./imageInputs.ts";
import type { ImagePublisher } from "./imagePublisher.ts";
import { type ChangeKind, type Difference, type Properties, type ResourceProvider, unknown } from "./server.ts";

/** The type of the one resource that this provider has. */
export const imageType = "strata:index:Image";

/** Tells a person something in a sentence. */
export type Tell = (sentence: string) => void;

/**
 * The provider of strata:index:Image. A preview checks and compares inputs and does nothing else: it builds and writes
 * nothing, and asks nobody.
 */
export function imageProvider(version: string, publisher: ImagePublisher, tell: Tell): ResourceProvider {
  return {
    version,

    /** Refuses inputs of another shape, each with the value received. A value that is not known yet passes. */
    async check(type, inputs) {
      if (type !== imageType) return [{ property: "", reason: `strata has no ${type}; it has ${imageType}` }];
      const { error } = imageInputs.safeParse(inputs);
      return (error?.issues ?? [])
        .filter(({ path }) => at(inputs, path) !== unknown)
        .map(({ path, message }) => ({
          property: path.join("."),
          reason: `received ${JSON.stringify(at(inputs, path))}: ${message}`,
        }));
    },

    /**
     * Another key or reference is an update, and so is an image without a digest, whose build was left under way. Each
     * input that differs is shown (`inputs["file app/train.py"]`). Nothing ever needs a replacement.
     */
    async diff(_, { state }, news) {
      return difference(stateOf(state), news as ImageInputs);
    },

    /** Does nothing, and asks nobody: outputs are unknown until the update. */
    preview(_, inputs) {
      return { ...inputs, digest: unknown, buildId: unknown, seconds: unknown, outcome: unknown };
    },

    /** Takes the published image where the key's tag exists; else copies or builds it, or attaches to the build that runs. */
    async create(_, properties) {
      const inputs = properties as ImageInputs;
      return { id: inputs.target, state: { ...inputs, ...(await publisher.ensure(inputs)) } };
    },

    /** The same as create, for the new key; the image of the old one stays in the registry. */
    async update(_, __, ___, properties) {
      const inputs = properties as ImageInputs;
      return { ...inputs, ...(await publisher.ensure(inputs)) };
    },

    /** Asks the registry: an image that somebody deleted leaves the state, and the next `up` publishes it again. */
    async read(_, __, properties) {
      const state = stateOf(properties);
      const digest = await publisher.digestOf(state.reference);
      if (!digest) return undefined;
      const { digest: ___, buildId, seconds, outcome, ...inputs } = state;
      return { inputs, state: { ...state, digest } };
    },

    /** Removes it from the state only: the image stays until the registry's clean-up policies remove it. */
    async delete(_, __, properties) {
      const { target, reference } = stateOf(properties);
      tell(`${target}: ${reference} stays in the registry until its clean-up policies remove it`);
    },

    /** Stops waiting; builds that run go on, and the next `up` attaches to them. */
    cancel: () => publisher.cancel(),
  };
}

/**
 * Only the key and the reference make another image, and a build that was left under way is looked after again. What
 * is shown is each group of inputs that changed, so that a preview says why by itself.
 */
function difference(state: ImageState, news: ImageInputs): Difference {
  const changes = state.key !== news.key || state.reference !== news.reference || state.digest === "";
  return {
    changes,
    shown: {
      ...changed(pick(state), pick(news)),
      ...changed(state.inputs, news.inputs, (name) => `inputs["${name}"]`),
    },
  };
}

/** The state as `create` and `update` of this provider left it. */
function stateOf(state: Properties): ImageState {
  return state as unknown as ImageState;
}

const pick = ({ key, reference }: ImageInputs): Properties => ({ key, reference });

function changed(olds: Properties, news: Properties, path = (name: string) => name): Record<string, ChangeKind> {
  const names = new Set([...Object.keys(olds), ...Object.keys(news)]);
  const kind = (name: string): ChangeKind => (!(name in olds) ? "add" : !(name in news) ? "delete" : "update");
  return Object.fromEntries(
    [...names].filter((name) => olds[name] !== news[name]).map((name) => [path(name), kind(name)]),
  );
}

function at(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, step) => (inner !== null && typeof inner === "object" ? Reflect.get(inner, step) : undefined),
    value,
  );
}
