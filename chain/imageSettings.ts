import { z } from "zod";
import { UserError } from "./errors.ts";
import { machineShape } from "./machines.ts";
import { wrongPairs } from "./versions.ts";
import { parseYaml } from "./yaml.ts";

const NAME = /^[a-z0-9]+([._-][a-z0-9]+)*$/;
const ARG = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** A check that runs in the built image before it is published. */
const check = z.strictObject({
  run: z.array(z.string()).min(1).describe("The command, one word an element; exit 0 passes, 77 skips."),
  tier: z.enum(["build", "gpu"]).describe("build needs no GPU and runs in the build; gpu needs one and runs after it."),
});

/** The fields of image.yaml. */
export const imageSchema = z.strictObject({
  description: z.string().min(1).describe("What the image is, in one line."),
  targets: z
    .array(z.string().regex(NAME))
    .min(1)
    .optional()
    .describe("Published stages, each a unit that is keyed, built and tagged. Default: the last stage."),
  context: z
    .enum([".", ".."])
    .default(".")
    .describe("Build context: . is the catalogue's folder, .. the folder that holds it. Nothing beyond can be named."),
  args: z
    .record(z.string().regex(ARG), z.union([z.string(), z.number(), z.boolean()]).transform(String))
    .default({})
    .describe("Values of build args, taken as they are written. They are part of the key."),
  hints: z
    .array(z.string().regex(ARG))
    .default([])
    .describe("Build args that change speed and not content. They are never part of the key."),
  machine: z
    .string()
    .refine((name) => machineShape(name) !== undefined, "is no machine type that strata knows")
    .describe("Machine type of the build pool, as in c3-standard-176."),
  peakGbPerJob: z.number().positive().default(2).describe("Memory of the largest compile job in GB; bounds MAX_JOBS."),
  expectedMinutes: z.number().positive().describe("First estimate of a build's minutes; records replace it."),
  epoch: z.int().min(0).default(0).describe("Raise it to rebuild on purpose, for example for fresh packages."),
  verify: z.array(check).default([]).describe("Checks that run in the image before its tag is created."),
});

/** image.yaml, validated, with defaults filled in. */
export type ImageSettings = z.output<typeof imageSchema>;

/** One check of image.yaml. */
export type ImageCheck = ImageSettings["verify"][number];

/** The JSON schema that editors complete image.yaml from, published as chain/image.schema.json. */
export function imageJsonSchema(): object {
  return { title: "image.yaml of strata", ...z.toJSONSchema(imageSchema, { io: "input", unrepresentable: "any" }) };
}

const FIELDS: Readonly<Record<string, string>> = {
  description: "a text",
  targets: "names of stages: [devel, runtime]",
  context: ". (the catalogue's folder) or .. (the folder that holds it)",
  args: "NAME: value, a name of letters, digits and _",
  hints: "names of build args: [MAX_JOBS]",
  machine: "family-kind-vCPUs: c3-standard-176, e2-highcpu-32, n2d-highcpu-96",
  peakGbPerJob: "a number above 0",
  expectedMinutes: "a number above 0",
  epoch: "a whole number, 0 or more",
  verify: "- run: [python3, /opt/image/verify/check.py]\n              tier: build or gpu",
};

/**
 * Reads image.yaml.
 * @param file the path for messages
 * @throws UserError with file, line, value and what is allowed
 */
export function parseImageSettings(text: string, file: string): ImageSettings {
  const help = (field: string) => {
    const top = field.split(".")[0] ?? "";
    return { allowed: FIELDS[top] ?? Object.keys(FIELDS).join(", "), fix: `edit ${file}` };
  };
  const settings = parseYaml(text, file, imageSchema, help, "args");
  const [wrong] = wrongPairs(settings.args);
  if (wrong) {
    throw new UserError({
      problem: wrong.problem,
      value: wrong.value,
      allowed: wrong.allowed,
      fix: `set ${wrong.arg} to ${wrong.allowed.split(",")[0]}`,
      at: { file, line: lineOf(text, wrong.arg) },
    });
  }
  const hinted = settings.hints.find((hint) => Object.hasOwn(settings.args, hint));
  if (hinted !== undefined) {
    throw new UserError({
      problem: `${hinted} is both an arg and a hint: an arg is part of the key, a hint never is`,
      value: hinted,
      allowed: "a name in args or in hints",
      fix: "leave it in one of the two",
      at: { file, line: lineOf(text, hinted) },
    });
  }
  return settings;
}

/** The line of a field of image.yaml, by its name; 1 where it is written in a way that hides it. */
export function lineOf(text: string, name: string): number {
  const field = new RegExp(`^(.*[\\s{,])?["']?${name}["']?\\s*:`);
  return Math.max(1, text.split("\n").findIndex((line) => !/^\s*#/.test(line) && field.test(line)) + 1);
}
