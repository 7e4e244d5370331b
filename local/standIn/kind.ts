import type { Properties } from "../../provider/server.ts";

/** What is known of a resource after a call: its id, and the outputs that were filled in. */
export interface Made<Outputs extends Properties> {
  readonly id: string;
  readonly outputs: Outputs;
}

/** One kind of resource: which calls the plugin makes for it, and what of it can change. */
export interface AnyKind {
  /** Inputs that cannot change: another value is another resource. */
  readonly immutable: readonly string[];
  /** Whether an immutable input differs only in a part of it that can change. */
  changesInPart?(name: string, olds: object, news: object): boolean;
  /** Whether a replaced resource goes before its successor comes, because both have one name. */
  readonly deleteFirst: boolean;
  /** Properties of the state that no input sets. */
  readonly computed: readonly string[];
  /** What is wrong with inputs. */
  check?(inputs: object): readonly { readonly property: string; readonly reason: string }[];
  /** Inputs that say the same and mean something else now, as a path does whose file has changed. */
  changedBehind?(state: object, news: object): Promise<readonly string[]>;
  create(inputs: object): Promise<Made<Properties>>;
  /**
   * What is there now, or undefined where the resource is gone: its outputs, and over them those inputs that somebody
   * has changed since, as they are now.
   */
  read(id: string, state: object): Promise<Properties | undefined>;
  /** Changes what can change. Absent where nothing can. */
  update?(id: string, olds: object, news: object): Promise<Properties>;
  delete(id: string, state: object): Promise<void>;
}

/** A kind as it is written: `Inputs` are the arguments of the resource in the plugin's SDK, unwrapped. */
export interface Kind<Inputs extends object, Outputs extends Properties = Properties> extends AnyKind {
  readonly immutable: readonly (keyof Inputs & string)[];
  readonly computed: readonly (keyof Outputs & string)[];
  changesInPart?(name: keyof Inputs & string, olds: Inputs, news: Inputs): boolean;
  check?(inputs: Inputs): ReturnType<NonNullable<AnyKind["check"]>>;
  changedBehind?(state: Inputs & Outputs, news: Inputs): Promise<readonly (keyof Inputs & string)[]>;
  create(inputs: Inputs): Promise<Made<Outputs>>;
  read(id: string, state: Inputs): Promise<(Outputs & Partial<Inputs>) | undefined>;
  update?(id: string, olds: Inputs, news: Inputs): Promise<Outputs>;
  delete(id: string, state: Inputs): Promise<void>;
}

/** The names of inputs that differ, in the order of the newer ones. */
export function changedInputs(olds: Properties, news: Properties): string[] {
  const names = new Set([...Object.keys(news), ...Object.keys(olds)]);
  return [...names].filter((name) => canonical(olds[name]) !== canonical(news[name]));
}

/** A value as text that does not depend on the order of an object's members. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    inner !== null && typeof inner === "object" && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
