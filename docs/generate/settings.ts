import { z } from "zod";
import { schema } from "../../settings.ts";
import { bare, proseOf } from "../../settingsProse.ts";
import { block, code, page, table } from "./markdown.ts";
import type { Source } from "./source.ts";

interface Setting {
  readonly name: string;
  readonly what: string;
  readonly allowed: string;
  readonly standard: string;
  readonly example: string;
}

/** The reference of the settings of a stack, from the schema that checks them. */
export function settingsPage(source: (file: string) => Source): string {
  const docs = new Map(
    source("settings.ts")
      .schema("schema")
      .map(({ name, doc }) => [name, doc]),
  );
  const rows = settings(schema, "", docs).map(({ name, what, allowed, standard, example }) => [
    code(`strata:${name}`),
    what,
    allowed,
    standard,
    code(example),
  ]);
  return page("Settings", "settings.ts", [
    "What `Pulumi.ENVIRONMENT.yaml` may say. A key that is not here is refused, and so is a value of another kind; the " +
      "message names the key, the value, what is allowed and the command that mends it. `pulumi config set --path " +
      "'strata:retention.scratchDays' 3` sets one key of a group.",
    table(["key", "what it is", "allowed", "default", "example"], rows),
    "## Google's own",
    table(
      ["key", "what it is"],
      [
        [code("gcp:project"), "the project's id; needed"],
        [code("gcp:region"), "the region of everything that has one; needed"],
      ],
    ),
    "A whole environment:",
    block("yaml", source("Pulumi.dev.yaml").text),
  ]);
}

function settings(group: z.ZodObject, above: string, docs: ReadonlyMap<string, string>): readonly Setting[] {
  return Object.entries(group.shape).flatMap(([name, outer]) => {
    const path = `${above}${name}`;
    const inner = bare(outer);
    const what = docs.get(path) ?? "";
    const standard = standardOf(outer);
    if (inner instanceof z.ZodObject) {
      const own = {
        name: path,
        what,
        allowed: "a group",
        standard: standard === "" ? "" : "see its keys",
        example: "",
      };
      return [own, ...settings(inner, `${path}.`, docs)];
    }
    const list = inner instanceof z.ZodArray;
    const prose = inner instanceof z.ZodType ? proseOf(list ? elementOf(inner) : inner) : undefined;
    const allowed = list ? `a list, each ${prose?.allowed}` : (prose?.allowed ?? "");
    return [{ name: path, what, allowed, standard, example: prose?.example ?? "" }];
  });
}

function elementOf({ element }: z.ZodArray): z.ZodType {
  if (element instanceof z.ZodType) return element;
  throw new Error("a list of something that is no schema");
}

/** The default as the configuration would say it; empty for a key that has none. */
function standardOf(outer: z.core.$ZodType): string {
  if (outer instanceof z.ZodDefault || outer instanceof z.ZodPrefault)
    return code(JSON.stringify(outer.def.defaultValue));
  return outer instanceof z.ZodOptional ? "none" : "needed";
}
