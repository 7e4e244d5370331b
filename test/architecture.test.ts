import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseSync } from "@swc/core";
import { isNode, visit } from "./docs/messages.ts";

const root = process.cwd();
const page = readFileSync(join(root, "docs/architecture.md"), "utf8");

/** A row of the table of rooms: what it is made of, and the rows that its files import. */
interface Row {
  /** Folders and files, as `chain`, `settings.ts`. */
  readonly parts: readonly string[];
  readonly imports: readonly string[];
}

const named = (cell: string) => [...cell.matchAll(/`([\w.]+)\/?`/g)].map(([, name = ""]) => name);

const rows: readonly Row[] = [...page.matchAll(/^\| ([^|]+) \| [^|]+ \| ([^|]+) \|$/gm)]
  .map(([, rooms = "", imports = ""]) => ({ parts: named(rooms), imports: named(imports) }))
  .filter(({ parts }) => parts.length > 0);

/** A file's import of another room than its own, types included. */
interface Arrow {
  readonly row: Row;
  readonly file: string;
  readonly to: string;
}

/** What a file says behind `from`, and in `import(…)`. */
function specifiers(file: string): readonly string[] {
  const found: unknown[] = [];
  visit(parseSync(readFileSync(join(root, file), "utf8"), { syntax: "typescript", target: "es2022" }), (node) => {
    const isImport = /^(Import|Export)\w*Declaration$/.test(String(node.type));
    if (isImport && isNode(node.source)) found.push(node.source.value);
    if (node.type !== "CallExpression" || !isNode(node.callee) || node.callee.type !== "Import") return;
    const [first] = Array.isArray(node.arguments) ? node.arguments : [];
    if (isNode(first) && isNode(first.expression)) found.push(first.expression.value);
  });
  return found.filter((one) => typeof one === "string");
}

function arrowsOf(row: Row): readonly Arrow[] {
  const { parts } = row;
  const files = parts.flatMap((part) => (part.endsWith(".ts") ? [part] : globSync(`${part}/**/*.{ts,mjs}`)));
  if (files.length === 0) throw new Error(`the table of rooms names ${parts.join(", ")}, where no code is`);
  return files.flatMap((file) =>
    specifiers(file)
      .filter((to) => to.startsWith("."))
      .map((to) => ({ row, file, to: join(dirname(file), to).split("/")[0] ?? "" }))
      .filter(({ to }) => !parts.includes(to) && to !== "package.json"),
  );
}

const arrows = rows.flatMap(arrowsOf);

/** A row by one word: its first part. */
const rowOf = (part: string) => rows.find(({ parts }) => parts.includes(part))?.parts[0] ?? part;

test("each room imports what the table of docs/architecture.md says, no more and no less", () => {
  const listed = (names: readonly string[]) => [...new Set(names.map(rowOf))].sort();
  const said = rows.map(({ parts: [room], imports }) => ({ room, imports: listed(imports) }));
  const seen = rows.map((one) => ({
    room: one.parts[0],
    imports: listed(arrows.filter(({ row }) => row === one).map(({ to }) => to)),
  }));
  expect(seen).toEqual(said);
});

test("arrows point one way: a room imports none that stands below it in the table", () => {
  const place = (part: string) => rows.findIndex(({ parts }) => parts.includes(part));
  const back = arrows.filter(({ row, to }) => place(to) >= rows.indexOf(row));
  expect(back.map(({ file, to }) => `${file} -> ${to}`)).toEqual([]);
});

test("chain/ imports no other room", () => {
  const from = arrows.filter(({ file }) => file.startsWith("chain/"));
  expect(from.map(({ file, to }) => `${file} -> ${to}`)).toEqual([]);
});

test("nothing imports local/ but strata local, the tour, measurements and tests", () => {
  const files = new Set(arrows.filter(({ to }) => to === "local").map(({ file }) => file));
  expect([...files].filter((file) => !/^(tour|bench)\//.test(file))).toEqual(["cli/commands/local.ts"]);
});

test("every folder with code is a room of the table, or the tests", () => {
  const files = globSync("*/**/*.ts", { exclude: (name) => name === "node_modules" });
  const folders = new Set(files.map((file) => file.split("/")[0] ?? ""));
  expect([...folders].filter((folder) => !rows.some(({ parts }) => parts.includes(folder)))).toEqual(["test"]);
});
