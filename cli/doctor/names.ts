import type { Environment } from "../../settings.ts";

/** The names that the components give what they make; a test compares them with the components. */
export function namesIn({ project, region, prefix }: Environment) {
  const place = `projects/${project}/locations/${region}`;
  return {
    images: `${place}/repositories/${prefix}-images`,
    layers: `${place}/repositories/${prefix}-layers`,
    scratch: `${place}/repositories/${prefix}-scratch`,
    store: `${project}-${prefix}-builds`,
    compilerCache: `${project}-${prefix}-ccache`,
    pool: (machine: string) => `${place}/workerPools/${prefix}-${machine}`,
    /** @param name the connection's own; by default that of the one that strata makes */
    connection: (name = prefix) => `${place}/connections/${name}`,
  };
}
