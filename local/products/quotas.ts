import type { Documents } from "../state/documents.ts";

/** A quota on the vCPUs of builds that run at the same time in private pools of one region. */
export interface BuildQuota {
  readonly metric: string;
  readonly displayName: string;
}

const C3_QUOTA: BuildQuota = {
  metric: "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus",
  displayName: "Concurrent C3 Build CPUs (Private Pool)",
};

const OTHER_QUOTA: BuildQuota = {
  metric: "cloudbuild.googleapis.com/concurrent_private_pool_build_cpus",
  displayName: "Concurrent Build CPUs (Private Pool)",
};

/** Cloud Build's quotas on private pools. */
export const BUILD_QUOTAS: readonly BuildQuota[] = [C3_QUOTA, OTHER_QUOTA];

/** vCPUs that a project starts with here: three machines of the largest size. Google's own start is far lower. */
const INITIAL_LIMIT = 528;

/** Builds of the default pool that run at the same time. */
export const DEFAULT_POOL_BUILDS = 30;

/** The vCPUs that a quota allows. */
export function quotaLimit(documents: Documents, metric: string): number {
  return documents.get<number>("quotas", metric) ?? INITIAL_LIMIT;
}

/** Sets a quota, as a person does in Google's console. */
export function setQuotaLimit(documents: Documents, metric: string, vcpus: number): void {
  documents.put("quotas", metric, vcpus);
}

/** The quota that a machine type counts against. */
export function quotaOf(machineType: string): BuildQuota {
  return machineType.startsWith("c3-") ? C3_QUOTA : OTHER_QUOTA;
}

/** The vCPUs of a machine type: the number at its end. */
export function vcpusOf(machineType: string): number {
  return Number(/-(\d+)$/.exec(machineType)?.[1] ?? 1);
}
