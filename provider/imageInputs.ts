import { z } from "zod";
import { isDigest, parseReference } from "../chain/reference.ts";

const digest = z.string().refine(isDigest, "sha256: and 64 lower-case hex digits");

/** The inputs of strata:index:Image, as check accepts them. */
export const imageInputs = z.strictObject({
  /** The target, `arr-pytorch-base:runtime`. */
  target: z.string().regex(/^[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][\w.-]*$/, "IMAGE:STAGE"),
  /** The target's key: its tag in the registry. */
  key: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits"),
  /** Where it is published: `REGISTRY/PATH:TAG`, the tag being the key. */
  reference: z.string().refine(isReference, "REGISTRY/PATH:TAG"),
  /** Digests of groups of inputs, by group: they say what changed when the key does. */
  inputs: z.record(z.string(), z.string()),
  /** Why it would be built, in words; for people only. */
  reasons: z.array(z.string()),
  /** Digests of the parents as published, by target: they order the builds. */
  parents: z.record(z.string(), digest),
  /** Whether to wait for a build, or to leave it once it is submitted. */
  mode: z.enum(["wait", "submit"]),
  /** The same target in the environment it is promoted from, as `REGISTRY/PATH`; it is copied and never built. */
  promoteFrom: z.string().optional(),
});

/** The inputs of strata:index:Image. */
export type ImageInputs = z.infer<typeof imageInputs>;

/** What is known of an image once it is published, or its build submitted. */
export interface ImageOutputs {
  /** Digest of the image, `sha256:…`; empty while a submitted build runs. */
  readonly digest: string;
  /** The build that published it; empty where there was none. */
  readonly buildId: string;
  /** Seconds that the build took; 0 where there was none. */
  readonly seconds: number;
  /** How the image came to be there. */
  readonly outcome: "built" | "reused" | "promoted" | "submitted";
}

export type ImageState = ImageInputs & ImageOutputs;

function isReference(text: string): boolean {
  try {
    return parseReference(text).tag !== undefined;
  } catch {
    return false;
  }
}
