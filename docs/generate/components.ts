import { readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { code, page, table } from "./markdown.ts";
import type { Documented, Source } from "./source.ts";

/** The reference of the Pulumi components, from their doc comments. */
export function componentsPage(source: (file: string) => Source, root: string): string {
  const names = readdirSync(join(root, "components"))
    .filter((file) => /^[A-Z]\w*\.ts$/.test(file))
    .map((file) => basename(file, ".ts"))
    .sort();
  return page("Components", "the doc comments in components/", [
    "A stack is `Infrastructure` and `ImageChain`; `Infrastructure` is made of the others. Each can be used by itself " +
      "in a Pulumi program of yours. `environment` is everywhere the same: " +
      `${source("settings.ts")
        .interface("Environment")
        .fields.map(({ name, doc }) => `${code(name)} (${lowerFirst(doc)})`)
        .join(", ")}.`,
    ...names.flatMap((name) => described(name, source(`components/${name}.ts`))),
  ]);
}

function described(name: string, source: Source): readonly string[] {
  const component = source.class(name);
  const args = source.interface(`${name}Args`).fields;
  return [
    `## ${name}`,
    component.doc,
    `Its code: [components/${name}.ts](../../components/${name}.ts).`,
    table(
      ["argument", "what it is", "type"],
      args.map((one) => [`${code(one.name)}${one.optional ? " (optional)" : ""}`, docOf(one), code(one.type)]),
    ),
    component.fields.length === 0
      ? ""
      : table(
          ["output", "what it is", "type"],
          component.fields.map((one) => [code(one.name), docOf(one), code(one.type)]),
        ),
  ];
}

/** An argument whose type is its documentation needs no words of its own. */
const documentedByType: Readonly<Record<string, string>> = {
  Environment: "Name, project, region and prefix of the environment.",
  Retention: "How long each kind of thing is kept ([settings](settings.md)).",
  Settings: "The checked settings of the stack ([settings](settings.md)).",
  Source: "Where the Git repository is ([settings](settings.md), `strata:source`).",
};

function docOf({ doc, type }: Documented): string {
  if (doc !== "") return doc;
  return (
    documentedByType[type] ??
    (/^\w+( \| undefined)?$/.test(type) ? `The component [${bareName(type)}](#${bareName(type).toLowerCase()}).` : "")
  );
}

const bareName = (type: string) => type.replace(" | undefined", "");

const lowerFirst = (doc: string) => `${doc.charAt(0).toLowerCase()}${doc.slice(1)}`.replace(/\.$/, "");
