import type { ServerResponse } from "node:http";
import type { Cloud } from "../cloud.ts";
import type { Caller } from "../identity/tokens.ts";
import { pullSources } from "./address.ts";
import { RegistryContent } from "./content.ts";
import { REGISTRY_SERVICE, type RegistryRequest, requirePermission } from "./request.ts";

/** `GET /v2/<name>/tags/list`, paged by `n` and `last`. */
export function answerTags(call: RegistryRequest): void {
  const { cloud, address, url, response } = call;
  requirePermission(call, "artifactregistry.repositories.downloadArtifacts");
  const content = new RegistryContent(cloud);
  const names = pullSources(cloud, address.repository).flatMap((repository) =>
    content.tags(RegistryContent.packageName(repository, address.image)).map(({ tag }) => tag),
  );
  const [, project, , , , id] = address.repository.split("/");
  const name = `${project}/${id}/${address.image}`;
  sendPage(response, url, [...new Set(names)].sort(), (tags) => ({ name, tags }));
}

/** `GET /v2/_catalog`: the images of every repository that the caller may pull from. */
export function answerCatalog(cloud: Cloud, caller: Caller, url: URL, response: ServerResponse): void {
  const content = new RegistryContent(cloud);
  const names = cloud.documents.list("artifactregistry.repositories").flatMap(({ name: repository }) => {
    const permission = "artifactregistry.repositories.downloadArtifacts";
    if (!cloud.access.allows(caller, permission, repository, REGISTRY_SERVICE)) return [];
    const [, project, , , , id] = repository.split("/");
    return content.images(repository).map((image) => `${project}/${id}/${image}`);
  });
  sendPage(response, url, names.sort(), (repositories) => ({ repositories }));
}

function sendPage(
  response: ServerResponse,
  url: URL,
  names: readonly string[],
  body: (page: readonly string[]) => object,
) {
  const last = url.searchParams.get("last") ?? "";
  const size = Number(url.searchParams.get("n") ?? 0) || names.length;
  const rest = names.filter((name) => name > last);
  const page = rest.slice(0, size);
  response.setHeader("Content-Type", "application/json");
  if (rest.length > page.length) {
    response.setHeader("Link", `<${url.pathname}?n=${size}&last=${encodeURIComponent(page.at(-1) ?? "")}>; rel="next"`);
  }
  response.end(JSON.stringify(body(page)));
}

/** `GET /v2/<name>/referrers/<digest>`: the manifests that refer to one, as an index. */
export function answerReferrers(call: RegistryRequest): void {
  const { cloud, address, reference, url, response } = call;
  requirePermission(call, "artifactregistry.repositories.downloadArtifacts");
  const content = new RegistryContent(cloud);
  const wanted = url.searchParams.get("artifactType");
  const manifests = pullSources(cloud, address.repository)
    .flatMap((repository) => content.manifests(RegistryContent.packageName(repository, address.image)))
    .filter(({ subject, artifactType }) => subject === reference && (wanted === null || artifactType === wanted))
    .map(({ mediaType, digest, size, artifactType, annotations }) => ({
      mediaType,
      digest,
      size,
      ...(artifactType && { artifactType }),
      ...(annotations && { annotations }),
    }));
  response.setHeader("Content-Type", "application/vnd.oci.image.index.v1+json");
  if (wanted !== null) response.setHeader("OCI-Filters-Applied", "artifactType");
  response.end(JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests }));
}
