import type { ImageCheck } from "../chain/imageSettings.ts";
import type { TargetInputs } from "../chain/inputs.ts";
import type { BuildRecord } from "./record.ts";

/** One target, with everything that it takes to publish it. */
export interface TargetToPublish {
  /** "image:stage". */
  readonly target: string;
  readonly key: string;
  /** Where it is published; the tag is the key. */
  readonly reference: string;
  readonly inputs: TargetInputs;
  /** The Dockerfile's text. It goes to the builder beside the context: a COPY must see it only if the key has it. */
  readonly dockerfile: Uint8Array<ArrayBuffer>;
  readonly stage: string;
  /** Other published stages of the image. */
  readonly siblings: readonly string[];
  readonly args: Readonly<Record<string, string>>;
  /** Build args that change speed and not content, with their values. */
  readonly hints: Readonly<Record<string, string>>;
  readonly checks: readonly ImageCheck[];
  /** Every image that the Dockerfile names, parent or base, as `repository@digest`, by the name that it uses. */
  readonly images: Readonly<Record<string, string>>;
  /** Whether the image takes the address of a compiler cache, in the hint COMPILER_CACHE_URL. */
  readonly compiles: boolean;
  /** The machine that the catalogue names: its pool is the one to build in. */
  readonly machine: string;
  /** The machine that this pool has in truth. */
  readonly poolMachine: string;
  /** What its build is expected to take, as a plan says it. */
  readonly expectedMinutes: number;
  /** What it takes where nothing is cached: the time-out follows from it. */
  readonly coldMinutes: number;
  /** Writes the archive of exactly the files in the inputs; the same inputs give the same bytes. */
  pack(file: string): Promise<{ readonly digest: string; readonly bytes: number }>;
}

/** An object that a build reads, named by its content. */
export interface StoredInput {
  /** `gs://bucket/contexts/…`. */
  readonly object: string;
  /** Lower-case hexadecimal sha256 that the object must have. */
  readonly digest: string;
}

/** What is known of a build before it runs, and goes into its record as it is. */
export type Foreknown = Pick<BuildRecord, "strata" | "algorithm" | "machine" | "inputs">;

/** What the steps inside a build are told: the part of {@link TargetToPublish} that they need, as JSON. */
export interface BuildJob {
  readonly target: string;
  readonly key: string;
  readonly reference: string;
  readonly platform: string;
  readonly stage: string;
  readonly args: Readonly<Record<string, string>>;
  readonly hints: Readonly<Record<string, string>>;
  readonly checks: readonly ImageCheck[];
  readonly images: Readonly<Record<string, string>>;
  /** The archive of the context. */
  readonly context: StoredInput;
  readonly dockerfile: StoredInput;
  /** Where BuildKit keeps and finds layers: a repository with a tag for each stage. */
  readonly layers: string;
  /**
   * Other published stages of the image; layers that they have in common with this one are taken from theirs. Absent in
   * a job of an older strata, which the tool's image can be ahead of.
   */
  readonly siblings?: readonly string[];
  /** The image that makes the SBOM, by its digest, where the environment names one. */
  readonly sbomScanner?: string;
  /** The BuildKit that it is built in. Absent in a job of an older strata. */
  readonly buildkit?: string;
  /** `gs://bucket/prefix` of the compiler cache, where there is one. */
  readonly compilerCache?: string;
  /** The bucket that keeps the record, which is written last. */
  readonly store: string;
  readonly record: Foreknown;
}

/** Build args that strata gives a value where image.yaml lists them as hints. */
export const HINTS = { jobs: "MAX_JOBS", compilerCache: "COMPILER_CACHE_URL" } as const;

/** The variable that holds a job, as base64 of its JSON: Cloud Build would read a `$` in it as a substitution. */
export const JOB_VARIABLE = "STRATA_JOB";

export function encodeJob(job: BuildJob): string {
  return Buffer.from(JSON.stringify(job)).toString("base64");
}

export function decodeJob(text: string): BuildJob {
  return JSON.parse(Buffer.from(text, "base64").toString("utf8"));
}
