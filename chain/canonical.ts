/** A value that enters a key: JSON. Numbers are integers, so that they are written the same everywhere. */
export type Canonical =
  | string
  | number
  | boolean
  | null
  | readonly Canonical[]
  | { readonly [name: string]: Canonical | undefined };

/**
 * The one JSON text of a value: names sorted by UTF-16 code units, no blanks, absent fields left out. JSON frames its
 * strings, so that two fields can never be taken for one, or one for two.
 */
export function canonicalJson(value: Canonical): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  const fields = Object.keys(value)
    .sort()
    .flatMap((name) => {
      const field = value[name];
      return field === undefined ? [] : [`${JSON.stringify(name)}:${canonicalJson(field)}`];
    });
  return `{${fields.join(",")}}`;
}

function isArray(value: object): value is readonly Canonical[] {
  return Array.isArray(value);
}
