import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "@swc/core";

/** Messages in the code, `…` for each part that is computed. */
export interface Messages {
  /** Problems of UserErrors, by the file that throws them. */
  readonly problems: ReadonlyMap<string, readonly string[]>;
  /** Every text that is written in the code. */
  readonly texts: ReadonlySet<string>;
}

/** What the TypeScript files of some rooms can say. */
export function messagesIn(root: string, rooms: readonly string[]): Messages {
  const problems = new Map<string, string[]>();
  const texts = new Set<string>();
  for (const file of globSync(rooms, { cwd: root }).sort()) {
    const ast: unknown = parseSync(readFileSync(join(root, file), "utf8"), { syntax: "typescript", target: "es2022" });
    visit(ast, (node) => {
      for (const text of textsOf(node)) texts.add(text);
      if (isCallOf(node, "UserError")) {
        const found = problems.get(file) ?? [];
        problems.set(file, [...found, ...problemsOf(node)]);
      }
    });
  }
  return { problems, texts };
}

/** A node of a syntax tree. */
export type Node = Readonly<Record<string, unknown>>;

/** Shows every node of a tree, parents first. */
export function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) for (const one of value) visit(one, see);
  else if (isNode(value)) {
    see(value);
    for (const inner of Object.values(value)) visit(inner, see);
  }
}

export function isNode(value: unknown): value is Node {
  return value !== null && typeof value === "object";
}

function isCallOf(node: Node, name: string): boolean {
  return node.type === "NewExpression" && isNode(node.callee) && node.callee.value === name;
}

/** What stands behind `problem:` in the first argument; nothing for a problem that is made elsewhere. */
function problemsOf(call: Node): readonly string[] {
  const found: string[] = [];
  const [first] = Array.isArray(call.arguments) ? call.arguments : [];
  const properties = isNode(first) && isNode(first.expression) ? first.expression.properties : undefined;
  for (const property of Array.isArray(properties) ? properties : []) {
    if (isNode(property) && isNode(property.key) && property.key.value === "problem")
      found.push(...textsOf(property.value));
  }
  return found;
}

/** The texts that an expression can be: of a condition both. */
function textsOf(node: unknown): readonly string[] {
  if (!isNode(node)) return [];
  if (node.type === "StringLiteral") return [String(node.value)];
  if (node.type === "ConditionalExpression") return [...textsOf(node.consequent), ...textsOf(node.alternate)];
  if (node.type !== "TemplateLiteral" || !Array.isArray(node.quasis)) return [];
  return [node.quasis.map((part: Node) => String(part.cooked)).join("…")];
}
