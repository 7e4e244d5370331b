import type { BuildEnvironment } from "./services.ts";

/** The machine types that the pools have in truth, by the machine that the catalogue names. */
export async function machinesOf({ api, settings }: BuildEnvironment): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(settings.pools).map(async ([machine, pool]) => {
    const call = { method: "GET", path: pool, doing: `read the pool ${pool}` } as const;
    const { privatePoolV1Config } = await api.json<Pool>("cloudBuild", call);
    return [machine, privatePoolV1Config?.workerConfig?.machineType ?? machine] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The part of Cloud Build's WorkerPool that is read. */
interface Pool {
  readonly privatePoolV1Config?: { readonly workerConfig?: { readonly machineType?: string } };
}

/** vCPUs that may be in use at once, by quota, for the quotas that Google states. */
export async function quotasOf(
  { services }: BuildEnvironment,
  names: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const answers = names.map(async (name) => [name, await services.quotas.cpuLimit(name)] as const);
  const stated = (await Promise.all(answers)).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit]]));
  return Object.fromEntries(stated);
}
