import type { input } from "@pulumi/gcp/types/index.js";
import { parse } from "yaml";
import { z } from "zod";
import { UserError } from "../chain/errors.ts";

/** How long the build of a pull request may take, in seconds: it installs, lints and plans. */
const timeoutS = 1200;

/** What is taken over of cloudbuild.yaml; anything else in it would be lost without a word, and is refused. */
const cloudBuildFile = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        id: z.string().optional(),
        name: z.string(),
        entrypoint: z.string().optional(),
        args: z.array(z.string()).optional(),
        env: z.array(z.string()).optional(),
      }),
    )
    .nonempty(),
  substitutions: z.record(z.string(), z.string()).default({}),
  timeout: z.unknown().optional(),
  options: z.unknown().optional(),
});

/**
 * The build of a pull request, as its trigger carries it: the steps of the cloudbuild.yaml that the environment was
 * brought up with, on a machine of Cloud Build's default pool and for minutes. A pull request that brought its own would
 * choose steps, time-out and pool, and Cloud Build lets every trigger use the private pools of its project.
 *
 * @param text the file
 * @param given names of the substitutions to which the trigger gives a value; the file's own values stand for the others
 */
export function pullRequestBuild(text: string, given: readonly string[]): input.cloudbuild.TriggerBuild {
  const parsed = cloudBuildFile.safeParse(parse(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new UserError({
      problem: "the build of a pull request cannot be made from cloudbuild.yaml",
      value: `${issue?.path.join(".") || "the file"}: ${issue?.message}`,
      allowed: "steps of id, name, entrypoint, args and env; substitutions, timeout, options",
      fix: "change the file, or teach components/pullRequestBuild.ts the field",
      at: { file: "cloudbuild.yaml" },
    });
  }
  const { steps, substitutions } = parsed.data;
  return {
    steps: steps.map(({ env, ...step }) => ({ ...step, ...(env && { envs: env }) })),
    substitutions: Object.fromEntries(Object.entries(substitutions).filter(([name]) => !given.includes(name))),
    timeout: `${timeoutS}s`,
    options: { logging: "CLOUD_LOGGING_ONLY", substitutionOption: "ALLOW_LOOSE" },
  };
}
