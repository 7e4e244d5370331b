import fc from "fast-check";
import { folder, link, type MemoryNode } from "./memoryTree.ts";

const names = ["a", "b", "c", "d", "ab", "a.x", "b.x"];
const segments = ["a", "b", "c", "d", "ab", "a.x", "*", "**", "a*", "*.x", "?", "[ab]"];

/** A path of a few parts from a small set of names, so that random paths meet. */
export const somePath = fc
  .array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join("/"));

/** A pattern that is likely to match something. */
export const somePattern = fc
  .tuple(
    fc.constantFrom("", "", "!", "/"),
    fc.array(fc.constantFrom(...segments), { minLength: 1, maxLength: 3 }),
    fc.constantFrom("", "", "", "/"),
  )
  .map(([start, parts, end]) => start + parts.join("/") + end);

/** A line of any signs that mean something to a pattern, or to Go's regular expressions. */
export const oddLine = fc
  .array(
    fc.constantFrom(
      ...[
        "a",
        "b",
        "ab",
        "/",
        "*",
        "**",
        "**/",
        "?",
        "[",
        "]",
        "[a-c]",
        "[^a]",
        "[[:alpha:]]",
        "[]a]",
        "[a-]",
        "\\",
        "\\*",
      ],
      ...[
        "^",
        "-",
        "!",
        "{2}",
        "{",
        "}",
        "|",
        ".",
        "+",
        "(",
        "$",
        "é",
        "日",
        " ",
        "\t",
        "#",
        "\\d",
        "\\pL",
        "\\Q",
        "\\b",
      ],
      ...["\\x41", "..", "./", "*.x", "\u00a0", "\ufeff"],
    ),
    { maxLength: 7 },
  )
  .map((parts) => parts.join(""));

/** A clean path of odd characters. */
export const oddPath = fc
  .array(fc.constantFrom("a", "b", "c", "ab", "/", "x", ".x", "é", "日", "{", "^", "|", "]", "[", "*", "A", "1", " "), {
    minLength: 1,
    maxLength: 6,
  })
  .map((parts) =>
    parts
      .join("")
      .replace(/\/+/g, "/")
      .replace(/^\/|\/$/g, ""),
  )
  .filter((path) => path !== "");

const someLink = fc
  .tuple(fc.constantFrom("", "", "/", "../", "./", "../../"), somePath)
  .map(([start, path]) => link(start + path));

/** The nodes of a small tree. A path below a file or a link is left out. */
export const someNodes: fc.Arbitrary<Record<string, MemoryNode>> = fc
  .array(fc.tuple(somePath, fc.oneof(fc.constantFrom("", "1", "2"), fc.constant(folder), someLink)), { maxLength: 14 })
  .map((pairs) => {
    const nodes: Record<string, MemoryNode> = {};
    for (const [path, node] of pairs) {
      const parts = path.split("/");
      const above = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("/"));
      const clear =
        !(path in nodes) && above.every((parent) => nodes[parent] === undefined || nodes[parent] === folder);
      if (!clear || (node !== folder && Object.keys(nodes).some((other) => other.startsWith(`${path}/`)))) continue;
      for (const parent of above) nodes[parent] = folder;
      nodes[path] = node;
    }
    return nodes;
  });

/** The same tree after one change: something removed, renamed, rewritten, or turned into a link. */
export function changed(nodes: Record<string, MemoryNode>): fc.Arbitrary<Record<string, MemoryNode>> {
  const paths = Object.keys(nodes);
  if (paths.length === 0) return fc.constant({ a: "1" });
  return fc
    .tuple(fc.constantFrom(...paths), fc.constantFrom("remove", "rename", "rewrite", "link"), fc.constantFrom(...names))
    .map(([path, change, name]) => {
      const renamed = path.replace(/[^/]+$/, name);
      if (change === "rewrite" || change === "link") {
        return nodes[path] === folder ? nodes : { ...nodes, [path]: change === "link" ? link(name) : `${name}!` };
      }
      if (change === "rename" && renamed in nodes) return nodes;
      const entries = Object.entries(nodes).flatMap(([at, node]): [string, MemoryNode][] => {
        if (at !== path && !at.startsWith(`${path}/`)) return [[at, node]];
        return change === "remove" ? [] : [[renamed + at.slice(path.length), node]];
      });
      return Object.fromEntries(entries);
    });
}
