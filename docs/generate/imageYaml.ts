import { imageJsonSchema } from "../../chain/imageSettings.ts";
import { block, code, page, table } from "./markdown.ts";
import type { Source } from "./source.ts";

/** The part of JSON Schema that image.schema.json consists of. */
interface Field {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly minItems?: number;
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  readonly additionalProperties?: Field | boolean;
  readonly propertyNames?: Field;
  readonly required?: readonly string[];
}

/** The reference of image.yaml, from the schema that editors complete it from. */
export function imageYamlPage(source: (file: string) => Source): string {
  const schema: Field = JSON.parse(JSON.stringify(imageJsonSchema()));
  return page("image.yaml", "chain/imageSettings.ts", [
    "One file for each folder of the catalogue. Editors complete it from " +
      "[image.schema.json](../../chain/image.schema.json); an unknown field is an error with its line.",
    table(["field", "what it is", "kind", "default"], fields(schema, "")),
    "A whole one:",
    block("yaml", source("dockerfiles/arr-ml-stack/image.yaml").text),
  ]);
}

function fields({ properties = {}, required = [] }: Field, above: string): readonly (readonly string[])[] {
  return Object.entries(properties).flatMap(([name, one]) => {
    const standard = required.includes(name)
      ? "needed"
      : one.default === undefined
        ? ""
        : code(JSON.stringify(one.default));
    const inner = one.items?.properties === undefined ? [] : fields(one.items, `${above}${name}[].`);
    return [[code(`${above}${name}`), one.description ?? "", kind(one), standard], ...inner];
  });
}

/** What a field may be, in words. */
function kind(one: Field): string {
  if (one.enum) return one.enum.map((value) => code(String(value))).join(" or ");
  if (one.items)
    return `a list of ${one.items.properties ? "groups" : kind(one.items)}${one.minItems ? ", at least one" : ""}`;
  if (typeof one.additionalProperties === "object") {
    return `a map; names like ${code(one.propertyNames?.pattern ?? "")}, values: ${kind(one.additionalProperties)}`;
  }
  const type = typeof one.type === "string" ? one.type : (one.type ?? []).join(" or ");
  if (one.pattern) return `${type} like ${code(one.pattern)}`;
  if (one.exclusiveMinimum !== undefined) return `${type} above ${one.exclusiveMinimum}`;
  return one.minimum === undefined ? type : `${type}, ${one.minimum} or more`;
}
