import { createHash } from "node:crypto";
import { z } from "zod";
import { type Canonical, canonicalJson } from "../chain/canonical.ts";
import type { TargetInputs } from "../chain/inputs.ts";

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const count = z.int().min(0);

const inputsSchema = z.strictObject({
  platform: z.string(),
  epoch: count,
  instructions: sha256.describe("sha256 over the used instructions."),
  args: sha256.describe("sha256 over the build args in scope and their values."),
  files: sha256.describe("sha256 over the records of the context's files that are read."),
  parents: z.record(z.string(), sha256).describe("Keys of parents by target."),
  bases: z.record(z.string(), digest).describe("Digests of base images by name."),
});

const checkSchema = z.strictObject({
  run: z.string().describe("The command of the check."),
  outcome: z
    .enum(["passed", "skipped"])
    .describe("skipped: it said that this machine cannot answer (exit code 77). One that fails publishes nothing."),
});

const compilesSchema = z.strictObject({ hits: count, fromStore: count, misses: count, uncacheable: count });

const compilerCacheSchema = z
  .looseObject({
    readOnly: z.boolean(),
    store: z
      .record(z.string(), z.union([z.number(), z.boolean()]))
      .describe("What the service did, in entries and bytes."),
    compiles: z
      .record(z.string(), compilesSchema)
      .optional()
      .describe("Compiles by kind of source, CUDA apart; absent where ccache said nothing of them."),
  })
  .describe("How the compiler cache was used; absent where there is none.");

/** What is kept of the build that published a key. */
export const recordSchema = z.strictObject({
  version: z.literal(1).describe("Changes when a field is removed or gets another meaning."),
  simulated: z.literal(true).optional().describe("Nothing was built: a local cloud played the build."),
  target: z.string().describe("image:stage"),
  key: sha256,
  digest: digest.describe("Of the image that the key's tag names."),
  build: z.string().describe("The build's id at Cloud Build."),
  strata: z.string().describe("Version of strata that submitted the build."),
  algorithm: z.string().describe("Version of the key's recipe."),
  machine: z.string().describe("Machine type of the pool that it was built in."),
  hints: z.record(z.string(), z.string()).describe("Build args that change speed and not content: MAX_JOBS."),
  startedAt: z.iso.datetime().describe("When its first step began."),
  finishedAt: z.iso.datetime().describe("When its image was published."),
  minutes: z.number().min(0).describe("From the one to the other."),
  dollars: z.number().min(0).describe("Of those minutes on that machine, in US dollars."),
  steps: z.array(z.strictObject({ id: z.string(), seconds: z.number().min(0) })),
  inputs: inputsSchema.describe("What the key was computed from, in groups: two records tell which of them changed."),
  images: z
    .record(z.string(), z.string())
    .describe("What it was built on, repository@digest by the name that is used."),
  context: sha256.describe("sha256 of the packed build context."),
  checks: z.array(checkSchema).describe("The checks that ran in the image before it was published."),
  compilerCache: compilerCacheSchema.optional(),
});

/** What is kept of the build that published a key. */
export type BuildRecord = z.output<typeof recordSchema>;

/** Where all that is kept of a target's builds lies in the store, with a slash at its end. */
export function recordFolder(target: string): string {
  return `records/${target.replace(":", "/")}/`;
}

/** The published JSON schema of a record. */
export function recordJsonSchema(): object {
  return { title: "record of a published key", ...z.toJSONSchema(recordSchema) };
}

/** A target's inputs in groups, each short enough for a record. */
export function inputsInGroups(inputs: TargetInputs): BuildRecord["inputs"] {
  const { platform, epoch, parents, bases } = inputs;
  return {
    platform,
    epoch,
    instructions: hashed(inputs.instructions.map(({ stage, text }) => [stage, text])),
    args: hashed(inputs.args),
    files: hashed(inputs.files),
    parents,
    bases,
  };
}

function hashed(value: Canonical): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}
