import type { Message } from "../../schema/messages.ts";

/** States in which a build is over. */
const ENDED = new Set(["SUCCESS", "FAILURE", "INTERNAL_ERROR", "TIMEOUT", "CANCELLED", "EXPIRED"]);

/** One step of a build. */
export interface BuildStep {
  readonly name: string;
  readonly id?: string;
  readonly args?: readonly string[];
  readonly entrypoint?: string;
  readonly script?: string;
  readonly env?: readonly string[];
  readonly dir?: string;
  readonly waitFor?: readonly string[];
  readonly timeout?: string;
  readonly status?: string;
  readonly timing?: TimeSpan;
  readonly exitCode?: number;
  readonly secretEnv?: readonly string[];
  readonly allowFailure?: boolean;
}

/** From when to when something ran, ISO 8601. */
export interface TimeSpan {
  readonly startTime: string;
  readonly endTime?: string;
}

/** A build, in the words of Google's `Build`: what the local cloud reads of it. */
export interface Build extends Message {
  readonly id: string;
  /** `projects/N/locations/L/builds/ID`. */
  readonly name: string;
  readonly projectId: string;
  readonly status: string;
  readonly statusDetail?: string;
  readonly steps: readonly BuildStep[];
  readonly createTime: string;
  readonly startTime?: string;
  readonly finishTime?: string;
  readonly timeout: string;
  readonly queueTtl: string;
  readonly serviceAccount?: string;
  readonly logsBucket?: string;
  readonly tags?: readonly string[];
  readonly substitutions?: Readonly<Record<string, string>>;
  readonly images?: readonly string[];
  readonly options?: BuildOptions;
  readonly source?: {
    readonly storageSource?: { readonly bucket?: string; readonly object?: string; readonly generation?: string };
    readonly connectedRepository?: { readonly repository?: string; readonly revision?: string };
  };
  readonly availableSecrets?: { readonly secretManager?: readonly { readonly versionName?: string }[] };
  readonly buildTriggerId?: string;
}

/** Options of a build. */
export interface BuildOptions {
  readonly pool?: { readonly name?: string };
  readonly workerPool?: string;
  readonly machineType?: string;
  readonly logging?: string;
  readonly defaultLogsBucketBehavior?: string;
  readonly substitutionOption?: string;
  readonly dynamicSubstitutions?: boolean;
  readonly env?: readonly string[];
}

/** The collection that builds are kept in, by `projects/P/locations/L/builds/ID`. */
export const BUILDS = "cloudbuild.builds";

/** Whether a build is over. */
export function hasEnded(build: Build): boolean {
  return ENDED.has(build.status);
}

/** A duration's seconds: 3600 for `3600s`. */
export function seconds(duration: string): number {
  return Number.parseFloat(duration);
}

/** The location that a build runs in. */
export function locationOfBuild(build: Build): string {
  return build.name.split("/")[3] ?? "global";
}

/** The key that a build is kept under. */
export function buildKey(build: Build): string {
  return `projects/${build.projectId}/locations/${locationOfBuild(build)}/builds/${build.id}`;
}

/** The email of the account that a build runs as. */
export function buildAccount(build: Build, projectNumber: string): string {
  return build.serviceAccount?.split("/").at(-1) ?? `${projectNumber}-compute@developer.gserviceaccount.com`;
}
