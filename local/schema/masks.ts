import { invalid } from "../http/errors.ts";
import type { Definitions, Field } from "./definitions.ts";
import { camelCase, type Message } from "./messages.ts";

/**
 * Reads an update mask: comma-separated paths, in camelCase or snake_case, of fields that the schema has.
 *
 * @throws GoogleError 400 for a path that the schema does not have.
 */
export function readMask(definitions: Definitions, schema: string, mask: string): readonly string[] {
  const paths = mask.split(",").filter((path) => path !== "");
  return paths.map((path) => {
    const steps = path.trim().split(".").map(camelCase);
    let field: Field | undefined = { $ref: schema };
    for (const step of steps) {
      const resolved: Field | undefined = field?.$ref ? definitions.schemas.get(field.$ref) : field;
      field = resolved?.properties?.[step] ?? resolved?.additionalProperties;
      if (!field) throw invalid(`Invalid update mask: ${schema} has no field '${path}'`);
    }
    return steps.join(".");
  });
}

/**
 * Sets each masked path of a stored message to its value in the body; a path that the body lacks is cleared, and a
 * message that clearing leaves empty goes with it.
 */
export function applyMask(stored: Message, body: Message, mask: readonly string[]): Message {
  return mask.reduce((result, path) => setPath(result, body, path.split(".")), stored);
}

function setPath(stored: Message, body: Message, path: readonly string[]): Message {
  const [step, ...rest] = path;
  if (step === undefined) return stored;
  const { [step]: old, ...others } = stored;
  const value = body[step];
  if (rest.length === 0) return value === undefined ? others : { ...others, [step]: value };
  const inner = setPath(isMessage(old) ? old : {}, isMessage(value) ? value : {}, rest);
  return Object.keys(inner).length === 0 ? others : { ...others, [step]: inner };
}

/** Whether a value is a JSON object. */
export function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
