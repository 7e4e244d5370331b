import type { BuildQuotas } from "../buildQuotas.ts";
import type { GoogleApi } from "./api.ts";

interface QuotaMetric {
  readonly consumerQuotaLimits?: readonly {
    readonly unit?: string;
    readonly quotaBuckets?: readonly {
      readonly effectiveLimit?: string;
      readonly dimensions?: Readonly<Record<string, string>>;
    }[];
  }[];
}

/**
 * The vCPUs that builds in private pools of a region may use at the same time, by Cloud Build's own quota.
 * @param quota the metric's name without its service, as in `concurrent_private_pool_c3_build_cpus`
 * @returns undefined where Google states no limit; -1 in its answer means unlimited and gives Infinity
 */
export async function buildCpuQuota(
  api: GoogleApi,
  place: { readonly project: string; readonly region: string },
  quota: string,
): Promise<number | undefined> {
  const metric = encodeURIComponent(`cloudbuild.googleapis.com/${quota}`);
  // Only the older version of the API tells quotas; the variable that moves it names the newer one.
  const metricOf = `projects/${place.project}/services/cloudbuild.googleapis.com/consumerQuotaMetrics/${metric}`;
  const { consumerQuotaLimits = [] } = await api.json<QuotaMetric>("serviceUsage", {
    method: "GET",
    path: `../v1beta1/${metricOf}`,
    doing: `read the quota ${quota}`,
  });
  const wanted: Readonly<Record<string, string>> = { region: place.region, build_origin: "default" };
  const buckets = consumerQuotaLimits
    .flatMap(({ quotaBuckets = [] }) => quotaBuckets)
    .map(({ effectiveLimit, dimensions = {} }) => ({ effectiveLimit, dimensions: Object.entries(dimensions) }))
    .filter(({ dimensions }) => dimensions.every(([name, value]) => wanted[name] === value))
    .sort((one, other) => other.dimensions.length - one.dimensions.length);
  const limit = buckets[0]?.effectiveLimit;
  if (limit === undefined) return undefined;
  return limit === "-1" ? Number.POSITIVE_INFINITY : Number(limit);
}

/** The quotas of one project and region; each is read once, and again only where it could not be read. */
export class GoogleBuildQuotas implements BuildQuotas {
  private readonly api: GoogleApi;
  private readonly place: { readonly project: string; readonly region: string };
  private readonly limits = new Map<string, Promise<number | undefined>>();

  constructor(api: GoogleApi, place: { readonly project: string; readonly region: string }) {
    this.api = api;
    this.place = place;
  }

  cpuLimit(quota: string): Promise<number | undefined> {
    const known = this.limits.get(quota);
    if (known !== undefined) return known;
    const limit = buildCpuQuota(this.api, this.place, quota);
    this.limits.set(quota, limit);
    limit.catch(() => this.limits.delete(quota));
    return limit;
  }
}
