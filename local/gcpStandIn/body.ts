import type { Json } from "./calls.ts";

/** What pulumi-gcp labels each resource that has labels with. */
export const attribution = { "goog-pulumi-provisioned": "true" };

/** A body without what is absent: pulumi-gcp leaves zero values out. */
export function body(fields: Json): Json {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== "" && value !== false),
  );
}
