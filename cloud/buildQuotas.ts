/** How many vCPUs builds may use at the same time, by quota. */
export interface BuildQuotas {
  /**
   * The limit of a quota; undefined where none is stated, Infinity where it is unlimited.
   * @param quota the metric's name without its service, as in `concurrent_private_pool_c3_build_cpus`
   */
  cpuLimit(quota: string): Promise<number | undefined>;
}
