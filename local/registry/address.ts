import type { Cloud } from "../cloud.ts";
import { isMessage } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { registryFailure } from "./errors.ts";

/** What the path of a registry request names. */
export interface Address {
  /** `projects/P/locations/L/repositories/R`. */
  readonly repository: string;
  /** The image within the repository, such as `a/b`. */
  readonly image: string;
}

/** An Artifact Registry repository as it is kept. */
export function findRepository(cloud: Cloud, repository: string): Message | undefined {
  return cloud.documents.get<Message>("artifactregistry.repositories", repository);
}

/**
 * Finds the repository of an image name `P/R/image`. The real host carries the location
 * (`us-east4-docker.pkg.dev`); on loopback the repository's id must be enough, unless the Host header begins with
 * `<location>-docker.`.
 *
 * @throws GoogleError 404 where there is none, 400 where two locations have it.
 */
export function resolveAddress(cloud: Cloud, name: string, host: string | undefined): Address {
  const [project = "", id = "", ...image] = name.split("/");
  const location = /^([a-z0-9-]+)-docker\./.exec(host ?? "")?.[1];
  const prefix = location ? `projects/${project}/locations/${location}/` : `projects/${project}/locations/`;
  const found = cloud.documents
    .list<Message>("artifactregistry.repositories", { prefix })
    .filter((row) => row.name.endsWith(`/repositories/${id}`));
  const [first, second] = found;
  if (second) {
    const where = found.map((row) => row.name.split("/")[3]).join(", ");
    throw registryFailure(400, "NAME_INVALID", `Repository ${id} is in ${where}: use the host <location>-docker.…`);
  }
  return {
    repository: first?.name ?? `projects/${project}/locations/${location ?? "-"}/repositories/${id}`,
    image: image.join("/"),
  };
}

/**
 * The repositories that a pull from this one reads, in order: itself, or the upstreams of a virtual one.
 *
 * @throws GoogleError 404 for a repository that is not there.
 */
export function pullSources(cloud: Cloud, repository: string): readonly string[] {
  const { mode, virtualRepositoryConfig } = requireRepository(cloud, repository);
  if (mode !== "VIRTUAL_REPOSITORY") return [repository];
  const policies = isMessage(virtualRepositoryConfig) ? (virtualRepositoryConfig.upstreamPolicies as Message[]) : [];
  return [...(policies ?? [])]
    .sort((a, b) => Number(b.priority ?? 0) - Number(a.priority ?? 0))
    .flatMap((policy) => pullSources(cloud, String(policy.repository)));
}

/**
 * The repository, which must be there.
 *
 * @throws GoogleError 404.
 */
export function requireRepository(cloud: Cloud, repository: string): Message {
  const found = findRepository(cloud, repository);
  if (!found) throw registryFailure(404, "NAME_UNKNOWN", `Repository "${repository.split("/").at(-1)}" not found`);
  return found;
}
