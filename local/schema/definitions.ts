import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A field, a parameter or a whole message, in the words of Google's discovery documents. */
export interface Field {
  readonly type?: string;
  /** The name of the schema that the value follows. */
  readonly $ref?: string;
  /** `int64`, `google-duration`, `byte` … */
  readonly format?: string;
  readonly enum?: readonly string[];
  /** The numbers of `enum`, in the same order, where the protos of the Node clients have them. */
  readonly numbers?: readonly number[];
  /** True for what only the server sets. */
  readonly readOnly?: true;
  readonly items?: Field;
  /** The values of a map. */
  readonly additionalProperties?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
  /** Of a parameter: `path` or `query`. */
  readonly location?: "path" | "query";
  readonly repeated?: true;
  readonly required?: true;
}

/** A message by name. */
export type SchemaDefinition = Field;

/** One method of one product. */
export interface MethodDefinition {
  /** Its id, such as `cloudbuild.projects.builds.create`. */
  readonly method: string;
  readonly verb: string;
  /** The path template, `v1/{+name}:cancel`. */
  readonly path: string;
  /** The template with one placeholder for each segment, where it differs from `path`. */
  readonly flatPath?: string;
  readonly parameters?: Readonly<Record<string, Field>>;
  /** Schema of the request body. */
  readonly request?: string;
  /** Schema of the answer. */
  readonly response?: string;
}

/** One line of a `google/*.jsonl` file. */
export type Definition =
  | { readonly revision: string }
  | MethodDefinition
  | ({ readonly schema: string } & SchemaDefinition);

/** What Google defines for one version of one product. */
export interface Definitions {
  /** Such as `cloudbuild.v1`. */
  readonly name: string;
  /** The discovery document's revision, YYYYMMDD. */
  readonly revision: string;
  readonly methods: ReadonlyMap<string, MethodDefinition>;
  readonly schemas: ReadonlyMap<string, SchemaDefinition>;
}

/**
 * Reads Google's definitions of one version of one product.
 *
 * @param name - the file's name without its ending, such as `cloudbuild.v1`.
 */
export function readDefinitions(name: string): Definitions {
  const methods = new Map<string, MethodDefinition>();
  const schemas = new Map<string, SchemaDefinition>();
  let revision = "";
  const text = readFileSync(join(import.meta.dirname, "google", `${name}.jsonl`), "utf8");
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const definition = JSON.parse(line) as Definition;
    if ("revision" in definition) revision = definition.revision;
    else if ("schema" in definition) schemas.set(definition.schema, definition);
    else methods.set(definition.method, definition);
  }
  return { name, revision, methods, schemas };
}
