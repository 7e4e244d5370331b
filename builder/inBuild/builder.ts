import { parseReference } from "../../chain/reference.ts";
import { isGoogleRegistry } from "../../cloud/registry/credentials.ts";
import { BUILDKIT_IMAGE } from "../buildkit.ts";
import type { BuildJob } from "../job.ts";

/**
 * The arguments of `docker` that start a BuildKit for one step of a job. It shares the network of the step's container,
 * so that a RUN step on the host's network reaches the compiler cache on this container's loopback address and nobody
 * else's.
 * @param container the container that the step runs in
 */
export function builderArguments(job: BuildJob, name: string, container: string): readonly string[] {
  return [
    ...["buildx", "create", "--name", name, "--driver", "docker-container"],
    ...["--driver-opt", `image=${buildkitOf(job)}`],
    ...["--driver-opt", `network=container:${container}`],
    "--bootstrap",
    ...["--buildkitd-flags", "--allow-insecure-entitlement network.host"],
  ];
}

/** The BuildKit that a job is built in; one that an older strata submitted does not name it. */
function buildkitOf({ buildkit = BUILDKIT_IMAGE }: BuildJob): string {
  return buildkit;
}

/**
 * The registries that a build shows a token of its Google account: the one that it publishes in, whatever its name, and
 * of the others that the job names those that are Google's. No other registry is ever shown one.
 */
export function registriesWithLogin(job: BuildJob, environment: NodeJS.ProcessEnv): readonly string[] {
  const registryOf = (image: string) => parseReference(image).registry;
  const named = [job.layers, buildkitOf(job), ...Object.values(job.images)];
  if (job.sbomScanner !== undefined) named.push(job.sbomScanner);
  const google = named.map(registryOf).filter((registry) => isGoogleRegistry(registry, environment));
  return [...new Set([registryOf(job.reference), ...google])];
}
