import { GoogleError } from "../http/errors.ts";
import type { Definitions, Field } from "./definitions.ts";

/** A JSON object that follows one of Google's schemas. */
export type Message = Readonly<Record<string, unknown>>;

/** How a message is read. */
export interface ReadOptions {
  /** Keep what only the server sets: true for answers. */
  readonly output?: boolean;
  /** Keep `null`, which deletes a field in a JSON merge patch. Elsewhere null means absent. */
  readonly nulls?: boolean;
}

/**
 * Reads a JSON value as one of Google's messages: unknown fields and values of the wrong kind are refused as Google
 * refuses them, proto spellings (`repository_id`) become JSON ones, 64-bit integers become strings, enum numbers become
 * names, nulls and output-only fields go.
 *
 * @throws GoogleError 400 with the field violations.
 */
export function readMessage(definitions: Definitions, schema: string, value: unknown, options: ReadOptions = {}) {
  return readField({ definitions, options }, { $ref: schema }, value ?? {}, "") as Message;
}

/**
 * Reads one query parameter.
 *
 * @throws GoogleError 400 where the text does not fit the parameter's type.
 */
export function readParameter(definitions: Definitions, name: string, field: Field, texts: readonly string[]): unknown {
  const context = { definitions, options: {} };
  if (field.repeated) return texts.map((text) => readField(context, field, parameterValue(field, text), name));
  return readField(context, field, parameterValue(field, texts.at(-1) ?? ""), name);
}

function parameterValue(field: Field, text: string): unknown {
  if (field.type === "boolean" && (text === "true" || text === "false")) return text === "true";
  if (field.enum && /^\d+$/.test(text)) return Number(text);
  return text;
}

interface Context {
  readonly definitions: Definitions;
  readonly options: ReadOptions;
}

function readField(context: Context, field: Field, value: unknown, path: string): unknown {
  if (field.$ref) {
    const schema = context.definitions.schemas.get(field.$ref);
    if (!schema) throw new Error(`${context.definitions.name} does not define ${field.$ref}`);
    return readField(context, schema, value, path);
  }
  switch (field.type) {
    case "object":
      return readObject(context, field, value, path);
    case "array":
      if (!Array.isArray(value)) throw wrongKind(path, "a list", value);
      return value.map((item, index) => readField(context, field.items ?? {}, item, `${path}[${index}]`));
    case "boolean":
      if (typeof value !== "boolean") throw wrongKind(path, "TYPE_BOOL", value);
      return value;
    case "integer":
      return readInteger(value, path);
    case "number":
      return readNumber(value, path);
    case "string":
      return readString(field, value, path);
    default:
      return value;
  }
}

function readObject(context: Context, field: Field, value: unknown, path: string): Message {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrongKind(path, "an object", value);
  const result: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const [name, definition] = memberOf(field, key) ?? [];
    if (name === undefined || definition === undefined) throw unknownField(path, key);
    if (definition.readOnly && !context.options.output) continue;
    if (item === null || item === undefined) {
      if (context.options.nulls && item === null) result[name] = null;
      continue;
    }
    result[name] = readField(context, definition, item, path === "" ? name : `${path}.${name}`);
  }
  return result;
}

/** A key's field: by its JSON name, by its proto name, or as the value of a map. */
function memberOf(field: Field, key: string): readonly [string, Field] | undefined {
  const named = field.properties?.[key];
  if (named) return [key, named];
  if (field.additionalProperties) return [key, field.additionalProperties];
  const camel = camelCase(key);
  const spelled = camel === key ? undefined : field.properties?.[camel];
  if (spelled) return [camel, spelled];
  return undefined;
}

/** `repository_id` as JSON spells it. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const SIXTY_FOUR_BITS = new Set(["int64", "uint64"]);

function readInteger(value: unknown, path: string): number {
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (!Number.isInteger(number)) throw wrongKind(path, "TYPE_INT32", value);
  return number as number;
}

function readNumber(value: unknown, path: string): unknown {
  if (typeof value === "number" || value === "NaN" || value === "Infinity" || value === "-Infinity") return value;
  if (typeof value === "string" && value !== "" && Number.isFinite(Number(value))) return Number(value);
  throw wrongKind(path, "TYPE_DOUBLE", value);
}

/** What a string of each format looks like. */
const FORMATS: Readonly<Record<string, RegExp>> = {
  "google-duration": /^-?\d+(\.\d{1,9})?s$/,
  "google-datetime": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  "date-time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/,
  byte: /^[A-Za-z0-9+/_-]*={0,2}$/,
};

function readString(field: Field, value: unknown, path: string): string {
  if (field.enum) return readEnum(field, field.enum, value, path);
  if (field.format && SIXTY_FOUR_BITS.has(field.format)) {
    if (Number.isSafeInteger(value)) return String(value);
    if (typeof value === "string" && /^-?\d+$/.test(value)) return value;
    throw wrongKind(path, "TYPE_INT64", value);
  }
  if (typeof value !== "string") throw wrongKind(path, "TYPE_STRING", value);
  const shape = field.format && FORMATS[field.format];
  if (shape && !shape.test(value)) throw wrongKind(path, field.format ?? "", value);
  return value;
}

function readEnum(field: Field, names: readonly string[], value: unknown, path: string): string {
  const index = typeof value === "number" ? (field.numbers?.indexOf(value) ?? -1) : names.indexOf(String(value));
  const name = names[index];
  if (name === undefined) throw wrongKind(path, `one of ${names.join(", ")}`, value);
  return name;
}

function unknownField(path: string, key: string): GoogleError {
  const place = path === "" ? "" : ` at '${path}'`;
  return violation(path, `Invalid JSON payload received. Unknown name "${key}"${place}: Cannot find field.`);
}

function wrongKind(path: string, expected: string, value: unknown): GoogleError {
  return violation(path, `Invalid value at '${path}' (${expected}), ${JSON.stringify(value)}`);
}

function violation(field: string, description: string): GoogleError {
  return new GoogleError("INVALID_ARGUMENT", description, {
    reason: "badRequest",
    malformed: true,
    details: [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: [{ field, description }] }],
  });
}
