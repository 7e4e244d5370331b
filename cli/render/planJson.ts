import { z } from "zod";
import type { Plan } from "../../chain/plan.ts";

const reason = z.strictObject({
  kind: z
    .enum(["first", "instruction", "file", "arg", "parent", "base", "platform", "epoch", "algorithm", "order"])
    .describe("What kind of input changed; first: nothing to compare with."),
  text: z.string().describe("One sentence for a person."),
});

const target = z.strictObject({
  target: z.string().describe("image:stage"),
  tier: z.int().min(0).describe("Depth in the chain; 0 has no parents."),
  parents: z.array(z.string()).describe("Targets it is built from."),
  action: z
    .enum(["reuse", "build", "unknown", "refused"])
    .describe("unknown: no registry was asked. refused: it cannot be keyed."),
  key: z.string().optional().describe("sha256 over all inputs, hexadecimal; absent where refused."),
  reasons: z.array(reason),
  machine: z.string().describe("Machine type of the build pool."),
  jobs: z.int().min(1).describe("MAX_JOBS on this machine."),
  minutes: z.number().min(0).describe("Expected minutes; 0 where nothing is built."),
  measured: z
    .int()
    .min(1)
    .optional()
    .describe("How many of its last builds the minutes are the median of; absent: image.yaml's estimate."),
  dollars: z.number().min(0).describe("Expected US dollars; 0 where nothing is built."),
  sharesWith: z
    .string()
    .optional()
    .describe("Target of the same image whose layers it reuses, so that it is built after it."),
});

/** The form of `strata plan --json`. */
export const planSchema = z.strictObject({
  version: z.literal(1).describe("Changes when a field is removed or gets another meaning."),
  against: z.string().optional().describe("The Git revision that the plan is compared with."),
  registry: z.string().optional().describe("The registry that was asked which keys exist."),
  targets: z.array(target).describe("Parents before their children."),
  totals: z.strictObject({
    reuse: z.int(),
    build: z.int(),
    unknown: z.int(),
    refused: z.int(),
    minutes: z.number().describe("Machine minutes of all builds."),
    dollars: z.number(),
    makespan: z.number().describe("Minutes until everything is built."),
  }),
  criticalPath: z.array(z.string()).describe("The longest chain of builds, first to last."),
});

/** The published JSON schema of `strata plan --json`. */
export function planJsonSchema(): object {
  return { title: "strata plan --json", ...z.toJSONSchema(planSchema) };
}

/** A plan as JSON text. */
export function renderPlanJson(plan: Plan, asked: { readonly against?: string; readonly registry?: string }): string {
  return `${JSON.stringify({ version: 1, ...asked, ...plan }, null, 2)}\n`;
}
