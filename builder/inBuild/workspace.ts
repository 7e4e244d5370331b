import { join } from "node:path";

/** The folder that the steps of a build share, and what they leave in it for each other. */
export interface Workspace {
  readonly folder: string;
  /** The unpacked context. */
  readonly context: string;
  /** The Dockerfile, outside the context. */
  readonly dockerfile: string;
  /** What buildx says about the image that it pushed. */
  readonly metadata: string;
  /** The digest of the image that was pushed. */
  readonly digest: string;
  /** The account of the compiler cache. */
  readonly compilerCache: string;
  /** How the checks ended. */
  readonly checks: string;
  /** When each step ran, a line for each. */
  readonly stepTimes: string;
}

export function workspaceIn(folder: string): Workspace {
  return {
    folder,
    context: join(folder, "context"),
    dockerfile: join(folder, "Dockerfile"),
    metadata: join(folder, "metadata.json"),
    digest: join(folder, "digest"),
    compilerCache: join(folder, "compiler-cache.json"),
    checks: join(folder, "checks.json"),
    stepTimes: join(folder, "step-times"),
  };
}
