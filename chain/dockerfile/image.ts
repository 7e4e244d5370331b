import type { Canonical } from "../canonical.ts";
import type { Health } from "./instructions.ts";
import { symbol } from "./symbols.ts";

/** BuildKit's PATH for Linux images that set none. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** An image's configuration and history, as far as a Dockerfile determines them. */
export interface ImageConfig {
  /** Whether all of it is known: false on a base image of which only the digest is known. */
  readonly complete: boolean;
  readonly env: ReadonlyMap<string, string>;
  readonly user: string;
  readonly workdir: string;
  readonly shell: readonly string[];
  readonly entrypoint: readonly string[] | null | undefined;
  readonly cmd: readonly string[] | null | undefined;
  readonly labels: ReadonlyMap<string, string>;
  readonly ports: ReadonlySet<string>;
  readonly volumes: ReadonlySet<string>;
  readonly stopSignal: string;
  readonly health: Health | undefined;
  readonly author: string;
  /** Triggers for the images that are FROM this one. */
  readonly onbuild: readonly string[];
  /** What each instruction leaves in the image's history. */
  readonly history: readonly string[];
}

/** The configuration of an image that has nothing in it. */
export const scratchConfig: ImageConfig = {
  complete: true,
  env: new Map([["PATH", DEFAULT_PATH]]),
  user: "",
  workdir: "/",
  shell: [],
  entrypoint: undefined,
  cmd: undefined,
  labels: new Map(),
  ports: new Set(),
  volumes: new Set(),
  stopSignal: "",
  health: undefined,
  author: "",
  onbuild: [],
  history: [],
};

/** The configuration of a base image of which only the digest is known. */
export const unknownConfig: ImageConfig = {
  ...scratchConfig,
  complete: false,
  env: new Map(),
  user: symbol("USER of the base image"),
  workdir: symbol("WORKDIR of the base image"),
};

/** The configuration as it enters the key. Sets are sorted, because BuildKit writes them sorted. */
export function canonicalConfig(config: ImageConfig): Canonical {
  const { env, labels, ports, volumes, health, ...rest } = config;
  return {
    ...rest,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    labels: Object.fromEntries(labels),
    ports: [...ports].sort(),
    volumes: [...volumes].sort(),
    health: health ? { ...health } : null,
  };
}
