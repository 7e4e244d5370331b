import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cloud } from "../cloud.ts";
import { requireService } from "../products/projects.ts";
import { resolveAddress } from "./address.ts";
import { answerBlob, answerUpload } from "./blobs.ts";
import { registryFailure } from "./errors.ts";
import { answerCatalog, answerReferrers, answerTags } from "./listings.ts";
import { answerToken, challenge, registryCaller } from "./login.ts";
import { answerManifest } from "./manifests.ts";
import { REGISTRY_SERVICE, type RegistryRequest } from "./request.ts";

export { registryError } from "./errors.ts";

type Handler = (request: RegistryRequest) => void | Promise<void>;

/** The parts of the protocol, the longest first. */
const HANDLERS: readonly { readonly path: RegExp; readonly name: string; readonly handler: Handler }[] = [
  { path: /^(.+)\/blobs\/uploads\/?([\w-]*)$/, name: "upload", handler: answerUpload },
  { path: /^(.+)\/blobs\/([^/]+)$/, name: "blob", handler: answerBlob },
  { path: /^(.+)\/manifests\/([^/]+)$/, name: "manifest", handler: answerManifest },
  { path: /^(.+)\/tags\/(list)$/, name: "tags", handler: answerTags },
  { path: /^(.+)\/referrers\/([^/]+)$/, name: "referrers", handler: answerReferrers },
];

/** Answers a request under `/v2/`. Fills in what the journal says of it. */
export async function answerRegistry(
  cloud: Cloud,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  note: { method: string; write: boolean; caller?: string },
): Promise<void> {
  const verb = request.method ?? "GET";
  const path = decodeURIComponent(url.pathname.slice("/v2/".length));
  if (path === "token") {
    note.method = "registry.token";
    note.write = false;
    return answerToken(cloud, request, response);
  }
  response.setHeader("Docker-Distribution-Api-Version", "registry/2.0");
  const caller = registryCaller(cloud, request);
  if (caller?.member !== undefined) note.caller = caller.member;
  if (path === "" || path === "_catalog") {
    note.method = path === "" ? "registry.version" : "registry.catalog";
    if (!caller) return challenge(cloud, response);
    return path === "" ? void response.end("{}") : answerCatalog(cloud, caller, url, response);
  }
  for (const { path: pattern, name, handler } of HANDLERS) {
    const [, full, reference = ""] = pattern.exec(path) ?? [];
    if (full === undefined) continue;
    note.method = `registry.${name}.${verb.toLowerCase()}`;
    const address = resolveAddress(cloud, full, request.headers.host);
    if (!caller) return challenge(cloud, response, `repository:${full}:${note.write ? "pull,push" : "pull"}`);
    if (address.image === "") throw registryFailure(404, "NAME_INVALID", `${full} names no image in a repository`);
    requireService(cloud.documents, address.repository, REGISTRY_SERVICE);
    return handler({ cloud, caller, address, reference, verb, url, request, response });
  }
  throw registryFailure(404, "UNSUPPORTED", `The distribution protocol has no ${verb} ${url.pathname}`);
}
