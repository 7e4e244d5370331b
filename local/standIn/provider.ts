import { type Properties, type ResourceProvider, unknown } from "../../provider/server.ts";
import { type AnyKind, changedInputs } from "./kind.ts";

/**
 * A provider that stands in for a plugin of Pulumi's.
 *
 * @param plugin its name in messages: "pulumi-gcp".
 * @param kinds what it knows, by the types of the plugin's SDK.
 */
export function standIn(plugin: string, version: string, kinds: Readonly<Record<string, AnyKind>>): ResourceProvider {
  const kindOf = (type: string): AnyKind => {
    const kind = kinds[type];
    if (!kind) throw new Error(`the stand-in for ${plugin} does not know ${type}`);
    return kind;
  };
  /** A value for each output of a kind that is not an input too. */
  const outputsOf = (type: string, value: (name: string) => unknown): Properties =>
    Object.fromEntries(kindOf(type).computed.map((name) => [name, value(name)]));

  return {
    version,

    async check(type, inputs) {
      const kind = kinds[type];
      if (!kind) return [{ property: "", reason: `the stand-in for ${plugin} does not know ${type}` }];
      return kind.check?.(inputs) ?? [];
    },

    async diff(type, { inputs, state }, news) {
      const kind = kindOf(type);
      const changed = [
        ...new Set([...changedInputs(inputs, news), ...((await kind.changedBehind?.(state, news)) ?? [])]),
      ];
      return {
        changes: changed.length > 0,
        shown: Object.fromEntries(
          changed.map((name) => [name, !(name in inputs) ? "add" : !(name in news) ? "delete" : "update"]),
        ),
        replaces: changed.filter((name) => kind.immutable.includes(name) && !kind.changesInPart?.(name, inputs, news)),
        deleteFirst: kind.deleteFirst,
      };
    },

    preview(type, inputs, state) {
      return { ...inputs, ...outputsOf(type, (name) => state?.[name] ?? unknown) };
    },

    async create(type, inputs) {
      const { id, outputs } = await kindOf(type).create(inputs);
      return { id, state: { ...inputs, ...outputs } };
    },

    async read(type, id, state) {
      const found = await kindOf(type).read(id, state);
      if (!found) return undefined;
      const now = Object.entries({ ...state, ...found }).filter(([, value]) => value !== undefined);
      const hidden = outputsOf(type, () => true);
      const inputs = Object.fromEntries(now.filter(([name]) => !(name in hidden)));
      return { inputs, state: Object.fromEntries(now) };
    },

    async update(type, id, state, inputs) {
      const { update } = kindOf(type);
      if (!update) throw new Error(`${type} cannot be updated`);
      return { ...inputs, ...(await update(id, state, inputs)) };
    },

    async delete(type, id, state) {
      await kindOf(type).delete(id, state);
    },
  };
}
