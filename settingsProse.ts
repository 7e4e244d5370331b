import { z } from "zod";
import type { Problem } from "./chain/errors.ts";

/** What a setting may be and one value that works; the errors about it quote both. */
export interface Prose {
  readonly allowed: string;
  readonly example: string;
  readonly quoted: "shown" | "hidden";
}

/** The prose of every setting, found again by the schema that a value failed. */
const prose = z.registry<Prose>();

/**
 * Gives the schema of one setting its prose. A hidden setting's value is never quoted back: somebody may have put a
 * secret where the secret's name belongs.
 */
export function key<S extends z.ZodType>(
  schema: S,
  allowed: string,
  example: string,
  quoted: Prose["quoted"] = "shown",
): S {
  prose.add(schema, { allowed, example, quoted });
  return schema;
}

/** The prose of one schema; undefined for a group or a list, which have none of their own. */
export function proseOf(schema: z.ZodType): Prose | undefined {
  return prose.get(schema);
}

/**
 * The failed checks of a schema, in the words of the settings that they concern: one problem for each, because a value
 * that fails two checks is still one mistake.
 */
export function explainIssues(
  schema: z.core.$ZodType,
  issues: readonly z.core.$ZodIssue[],
  values: unknown,
): Problem[] {
  const problems = issues.flatMap((issue) => explain(schema, issue, values));
  return [...new Map(problems.toReversed().map((one) => [one.problem, one])).values()].toReversed();
}

function explain(schema: z.core.$ZodType, issue: z.core.$ZodIssue, values: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((name) => unknownKey(schema, [...issue.path, name]));
  }
  const name = keyName(issue.path);
  const { allowed, example, quoted } = proseAt(schema, issue.path);
  const value = at(issue.path, values);
  return [
    {
      problem: value === undefined ? `${name} is missing` : `${name} is not usable`,
      value: value === undefined ? "nothing" : quoted === "hidden" ? "(not shown)" : JSON.stringify(value),
      allowed,
      fix: `pulumi config set ${issue.path.length > 1 ? `--path '${name}'` : name} ${/\s/.test(example) ? `"${example}"` : example}`,
    },
  ];
}

/** A key as `pulumi config --path` takes it. */
function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (name, step, depth) =>
      typeof step === "number" ? `${name}[${step}]` : `${name}${depth === 0 ? "" : "."}${String(step)}`,
    "strata:",
  );
}

/** An unknown key's value is not quoted: nobody knows what it is. */
function unknownKey(schema: z.core.$ZodType, path: readonly PropertyKey[]): Problem {
  const name = keyName(path);
  const shape = shapeAt(schema, path.slice(0, -1));
  return {
    problem: `${name} is not a setting`,
    allowed: Object.keys(shape).sort().join(", "),
    fix: `pulumi config rm ${path.length > 1 ? `--path '${name}'` : name}`,
  };
}

function at(path: readonly PropertyKey[], values: unknown): unknown {
  return path.reduce<unknown>(
    (value, step) => (value !== null && typeof value === "object" ? Reflect.get(value, step) : undefined),
    values,
  );
}

/** The schema of a key without its default and its optionality. */
function schemaAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType {
  return path.reduce<z.core.$ZodType>((current, step) => {
    if (current instanceof z.ZodObject) return bare(current.shape[String(step)] ?? current);
    if (current instanceof z.ZodArray) return bare(current.element);
    return current;
  }, schema);
}

/** A schema without its default and its optionality. */
export function bare(outer: z.core.$ZodType): z.core.$ZodType {
  if (outer instanceof z.ZodDefault || outer instanceof z.ZodOptional || outer instanceof z.ZodPrefault) {
    return bare(outer.unwrap());
  }
  return outer;
}

function shapeAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): Readonly<Record<string, unknown>> {
  const found = schemaAt(schema, path);
  return found instanceof z.ZodObject ? found.shape : {};
}

/** The prose of the key itself; a list or a group has none and is described by its kind. */
function proseAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): Prose {
  const found = schemaAt(schema, path);
  const own = found instanceof z.ZodType ? prose.get(found) : undefined;
  if (own) return own;
  if (found instanceof z.ZodArray) return { allowed: "a list", example: "'[]'", quoted: "shown" };
  return {
    allowed: `a group of ${Object.keys(shapeAt(schema, path)).join(", ")}`,
    example: "'{}'",
    quoted: "shown",
  };
}
