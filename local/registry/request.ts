import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cloud } from "../cloud.ts";
import type { Caller } from "../identity/tokens.ts";
import type { Address } from "./address.ts";
import { registryFailure } from "./errors.ts";

/** One request of the distribution protocol, with what its path says. */
export interface RegistryRequest {
  readonly cloud: Cloud;
  readonly caller: Caller;
  readonly address: Address;
  /** What follows `manifests/`, `blobs/`, `tags/`, `referrers/`. */
  readonly reference: string;
  readonly verb: string;
  readonly url: URL;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** The service that a project must have enabled, and that permissions are asked of. */
export const REGISTRY_SERVICE = "artifactregistry.googleapis.com";

/**
 * Lets a request pass that may do something in its repository.
 *
 * @throws GoogleError 403.
 */
export function requirePermission({ cloud, caller, address }: RegistryRequest, permission: string): void {
  if (cloud.access.allows(caller, permission, address.repository, REGISTRY_SERVICE)) return;
  const begin =
    caller.member === undefined
      ? "Unauthenticated request. Unauthenticated requests do not have permission"
      : "Permission";
  throw registryFailure(
    403,
    "DENIED",
    `${begin} "${permission}" ${caller.member === undefined ? "" : "denied "}on resource "${address.repository}" (or it may not exist)`,
  );
}
