import { type Document, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { z } from "zod";
import { UserError } from "./errors.ts";

/** What a message says of a field that is wrong. */
export interface FieldHelp {
  readonly allowed: string;
  readonly fix: string;
}

/**
 * Reads a YAML file that a person writes.
 * @param file the path for messages
 * @param help what is allowed and the fix, for a field's path as in "args.TORCH_VERSION"
 * @param asWritten a field at the top whose values are taken as the texts they are written as: 3.10 is no number there
 * @throws UserError with the file, the line of the field, the value received and what is allowed
 */
export function parseYaml<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  help: (field: string) => FieldHelp,
  asWritten?: string,
): T {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const [broken] = document.errors;
  if (broken) {
    const { line, written } = writtenLine(text, lines.linePos(broken.pos[0]).line);
    throw new UserError({
      problem: `this is no YAML: ${broken.message}`,
      value: written,
      allowed: "lines of `name: value`, what belongs to a name indented below it by blanks",
      fix: `correct line ${line}`,
      at: { file, line },
    });
  }
  if (asWritten !== undefined) keepTexts(document.getIn([asWritten], true));
  const value = valueOf(document, file);
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (!issue) throw parsed.error;
  const path = issue.code === "unrecognized_keys" ? [...issue.path, issue.keys[0] ?? ""] : issue.path;
  const field = path.join(".");
  const received = path.reduce<unknown>((at, name) => (isRecord(at) ? at[String(name)] : undefined), value);
  throw new UserError({
    problem: problemOf(issue, path, received),
    value: received === undefined ? "nothing" : JSON.stringify(received),
    ...help(field),
    at: { file, line: lineOf(path) },
  });

  /** The line of the field, or of the nearest field around it that is there. */
  function lineOf(names: readonly PropertyKey[]): number {
    for (let length = names.length; length > 0; length--) {
      const node = document.getIn(names.slice(0, length), true);
      const parent = document.getIn(names.slice(0, length - 1), true);
      const start = keyStart(parent, names[length - 1]) ?? rangeStart(node);
      if (start !== undefined) return lines.linePos(start).line;
    }
    return 1;
  }
}

/** The last line up to a place in which something is written: what is not closed is found at the file's end only. */
function writtenLine(text: string, upTo: number): { readonly line: number; readonly written: string } {
  const written = text.split("\n").slice(0, upTo);
  const index = Math.max(
    0,
    written.findLastIndex((one) => one.trim() !== ""),
  );
  return { line: index + 1, written: written[index]?.trim() ?? "" };
}

/** What is wrong with a field, in the words that the settings of a stack are told of in; a schema's own words stay. */
function problemOf(issue: z.core.$ZodIssue, path: readonly PropertyKey[], received: unknown): string {
  const field = path.join(".") || "the file";
  if (issue.code === "unrecognized_keys") return `there is no field ${field}`;
  if (issue.code === "custom") return `${field} ${issue.message}`;
  if (issue.code === "invalid_key") {
    return `${String(path.at(-1))} cannot be a name in ${path.slice(0, -1).join(".") || "the file"}`;
  }
  return `${field} is ${received === undefined ? "missing" : "not usable"}`;
}

/** Gives numbers and truths below a node the texts they are written as. */
function keepTexts(node: unknown): void {
  if (!isNode(node)) return;
  visit(node, {
    Scalar(key, scalar) {
      const { value, source } = scalar;
      if (key !== "key" && source !== undefined && (typeof value === "number" || typeof value === "boolean"))
        scalar.value = source;
    },
  });
}

/** The values of a document; an alias that leads nowhere, or to far too much, is found only here. */
function valueOf(document: Document, file: string): unknown {
  try {
    return document.toJS() ?? {};
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    throw new UserError(
      {
        problem: `this is no YAML: ${error.message}`,
        allowed: "an alias (*name) of an anchor (&name) above it",
        fix: "write the value out",
        at: { file },
      },
      { cause: error },
    );
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function rangeStart(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined;
}

/** Where the name of a field stands, which says more than where its value begins. */
function keyStart(parent: unknown, name: PropertyKey | undefined): number | undefined {
  if (!isMap(parent)) return undefined;
  return rangeStart(parent.items.find(({ key }) => isScalar(key) && key.value === name)?.key);
}
