import type { Json } from "./calls.ts";

/** What pulumi-gcp labels each resource that has labels with. */
export const attribution = { "goog-pulumi-provisioned": "true" };

/** A body without what is absent: pulumi-gcp leaves zero values out. */
export function body(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== "" && value !== false),
  );
}

/**
 * What somebody has changed since it was sent: each field of a body that the resource no longer says, as the input that
 * it came from. What the server or somebody else put beside it is no difference.
 *
 * @param inputs turns a field as it is now into inputs, where names or shapes differ.
 */
export function changedSince(
  sent: Json,
  found: Json,
  inputs: (field: string, now: unknown) => Json = (field, now) => ({ [field]: now }),
): Json {
  const changed = Object.entries(sent).filter(([field, value]) => !says(found[field], value));
  return Object.assign({}, ...changed.map(([field]) => inputs(field, found[field])));
}

/** Whether what was found says what was sent; numbers may come back as text, and empty lists and messages not at all. */
function says(found: unknown, sent: unknown): boolean {
  if (Array.isArray(sent)) {
    const list = Array.isArray(found) ? found : [];
    return list.length === sent.length && sent.every((item, index) => says(list[index], item));
  }
  if (sent !== null && typeof sent === "object") {
    const message = (found ?? {}) as Json;
    return Object.entries(sent).every(([field, value]) => says(message[field], value));
  }
  return sent === null || `${found ?? ""}` === `${sent}` || (sent === false && found === undefined);
}

/** The labels that a program gave, without those that pulumi-gcp adds. */
export function ownLabels(labels: unknown): Json {
  return Object.fromEntries(Object.entries((labels ?? {}) as Json).filter(([name]) => !(name in attribution)));
}
