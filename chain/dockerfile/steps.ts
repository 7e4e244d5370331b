import type { Canonical } from "../canonical.ts";
import type { CopySources } from "../context/select.ts";

/** An image from outside the Dockerfile: a base image, or a parent from the catalogue. */
export interface ImageReference {
  /** As the Dockerfile names it after expansion. */
  readonly name: string;
  /** "os/architecture[/variant]". */
  readonly platform: string;
}

/** A file system that a step starts from or takes files from. */
export type FileSystem =
  | { readonly kind: "scratch" }
  | { readonly kind: "image"; readonly image: ImageReference }
  | { readonly kind: "step"; readonly step: Step };

/** What a step reads from the build context; "" is its root. */
export type ContextRead =
  | { readonly kind: "copy"; readonly copy: CopySources }
  | { readonly kind: "mounts"; readonly paths: readonly string[] };

/** An instruction that makes a file system: RUN, COPY, ADD, and WORKDIR where it makes a folder. */
export interface Step {
  /** The stage it stands in. */
  readonly stage: string;
  readonly keyword: string;
  /** 1-based line. */
  readonly line: number;
  /** The instruction as written, on one line. */
  readonly text: string;
  /** What BuildKit's cache compares of the instruction itself: text after expansion, environment, user, folder. */
  readonly operation: Canonical;
  /** File systems it starts from and takes files from, in order. */
  readonly inputs: readonly FileSystem[];
  /** What it reads from the context. */
  readonly reads: readonly ContextRead[];
}
