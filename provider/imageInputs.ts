import { z } from "zod";
import { buildSettings } from "../builder/settings.ts";
import { isDigest, parseReference } from "../chain/reference.ts";

const digest = z.string().refine((text) => text === "" || isDigest(text), "sha256: and 64 lower-case hex digits");

/** The inputs of strata:index:Image, as check accepts them. */
export const imageInputs = z.strictObject({
  /** The target, `arr-pytorch-base:runtime`. */
  target: z.string().regex(/^[a-z0-9][a-z0-9._-]*:[A-Za-z0-9][\w.-]*$/, "IMAGE:STAGE"),
  /** The target's key: its tag in the registry. */
  key: z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits"),
  /** Where it is published: `REGISTRY/PATH:TAG`, the tag being the key. */
  reference: z.string().refine(isReference, "REGISTRY/PATH:TAG"),
  /** What the key was computed from, in short, by what it is (`file app/train.py`): it says why the key changed. */
  inputs: z.record(z.string(), z.string()),
  /** Digests of the parents as published, by target; empty for one whose build is not over. */
  parents: z.record(z.string(), digest),
  /** The catalogue's folder, relative to the repository. */
  catalogue: z.string(),
  /** Machines used in place of those that the catalogue names. */
  machines: z.record(z.string(), z.string()),
  /** Whether to wait for a build, or to leave it once it is submitted. */
  mode: z.enum(["wait", "submit"]),
  /** The same target in the environment it is promoted from, as `REGISTRY/PATH`; it is copied and never built. */
  promoteFrom: z.string().optional(),
  /** Where and as whom it is built; absent for an image that is promoted. */
  build: buildSettings.optional(),
});

/** The inputs of strata:index:Image. */
export type ImageInputs = z.infer<typeof imageInputs>;

/** What is known of an image once it is published, or its build submitted. */
export interface ImageOutputs {
  /** Digest of the image, `sha256:…`; empty while it is not published. */
  readonly digest: string;
  /** The build that published it; empty where there was none. */
  readonly buildId: string;
  /** Seconds that the build took; 0 where there was none. */
  readonly seconds: number;
  /**
   * How the image came to be there; or, for one that is not there yet, that its build is submitted, or waits for a
   * parent's.
   */
  readonly outcome: "built" | "reused" | "promoted" | "submitted" | "waits";
}

export type ImageState = ImageInputs & ImageOutputs;

function isReference(text: string): boolean {
  try {
    return parseReference(text).tag !== undefined;
  } catch {
    return false;
  }
}
