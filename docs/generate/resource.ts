import { imageInputs } from "../../provider/imageInputs.ts";
import { imageType } from "../../provider/imageProvider.ts";
import { code, page, table } from "./markdown.ts";
import type { Documented, Source } from "./source.ts";

/** The reference of the resource of the in-repo provider. */
export function resourcePage(source: (file: string) => Source): string {
  const build = source("builder/settings.ts").schema("buildSettings");
  const inputs = source("provider/imageInputs.ts")
    .schema("imageInputs")
    .flatMap((one) =>
      one.name === "build" ? [one, ...build.map((inner) => ({ ...inner, name: `build.${inner.name}` }))] : [one],
    );
  const behaviour = source("provider/imageProvider.ts").returnedMethods("imageProvider");
  return page(`The resource ${imageType}`, "provider/imageInputs.ts, provider/Image.ts and provider/imageProvider.ts", [
    source("provider/Image.ts").class("Image").doc,
    "The stack makes one for each target (`components/ImageChain.ts`); a program of yours may make its own.",
    "## Inputs",
    table(
      ["input", "what it is", "needed"],
      inputs.map(({ name, doc }) => [code(name), doc, isOptional(name) ? "" : "yes"]),
    ),
    "## Outputs",
    table(
      ["output", "what it is", "kind"],
      source("provider/imageInputs.ts").interface("ImageOutputs").fields.map(row),
    ),
    "The inputs are outputs too.",
    "## What the engine's calls do",
    table(
      ["call", "what it does"],
      behaviour.filter(({ doc }) => doc !== "").map(({ name, doc }) => [name, doc]),
    ),
  ]);
}

function row({ name, doc, type }: Documented): readonly string[] {
  return [code(name), doc, code(type)];
}

/** Whether check accepts inputs without this one. */
function isOptional(path: string): boolean {
  const { error } = imageInputs.safeParse(path.startsWith("build.") ? { build: {} } : {});
  return !error?.issues.some(({ path: missing }) => missing.join(".") === path);
}
