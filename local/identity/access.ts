import { GoogleError } from "../http/errors.ts";
import type { Documents } from "../state/documents.ts";
import { readCondition } from "./conditions.ts";
import { grants, PREDEFINED_ROLES } from "./roles.ts";
import { type Caller, OPERATOR } from "./tokens.ts";

/** One role given to members, perhaps under a condition. */
export interface Binding {
  readonly role: string;
  readonly members?: readonly string[];
  readonly condition?: { readonly title?: string; readonly description?: string; readonly expression?: string };
}

/** A resource's IAM policy. */
export interface Policy {
  readonly bindings?: readonly Binding[];
  readonly etag?: string;
  readonly version?: number;
}

/** Answers whether a caller may do something, from the policies that the local cloud holds. */
export class Access {
  readonly #documents: Documents;

  constructor(documents: Documents) {
    this.#documents = documents;
  }

  /** The policy set on exactly this resource; an unset one has Google's etag for it. */
  policy(resource: string): Policy {
    return this.#documents.get<Policy>("policy", resource) ?? { etag: "ACAB" };
  }

  /** Whether a policy on the resource, or on one that it stands in, gives the caller a permission. */
  allows(caller: Caller, permission: string, resource: string, service: string): boolean {
    if (caller.member === OPERATOR) return true;
    return this.#lineage(resource).some((holder) =>
      (this.policy(holder).bindings ?? []).some(
        (binding) =>
          isMember(binding, caller) &&
          grants(this.#permissions(binding.role), permission) &&
          holds(binding, resource, service),
      ),
    );
  }

  /**
   * Lets a call pass or ends it.
   *
   * @throws GoogleError 403 that names the permission and the resource.
   */
  require(caller: Caller, permission: string, resource: string, service: string): void {
    if (this.allows(caller, permission, resource, service)) return;
    const who = caller.member?.replace(/^[a-zA-Z]+:/, "") ?? "Anonymous caller";
    throw new GoogleError(
      caller.member === undefined ? "UNAUTHENTICATED" : "PERMISSION_DENIED",
      `${who} does not have permission: Permission '${permission}' denied on resource '//${service}/${resource}' (or it may not exist).`,
      {
        reason: "forbidden",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "IAM_PERMISSION_DENIED",
            domain: "iam.googleapis.com",
            metadata: { permission, resource },
          },
        ],
      },
    );
  }

  /** Whether a role can be granted: it is predefined here or a custom role that is not deleted. */
  knowsRole(role: string): boolean {
    return role in PREDEFINED_ROLES || this.#customRole(role) !== undefined;
  }

  #permissions(role: string): readonly string[] {
    return PREDEFINED_ROLES[role] ?? this.#customRole(role)?.includedPermissions ?? [];
  }

  #customRole(role: string): { readonly includedPermissions?: readonly string[] } | undefined {
    const stored = this.#documents.get<{ deleted?: boolean; includedPermissions?: string[] }>("iam.roles", role);
    return stored?.deleted ? undefined : stored;
  }

  /** The resource, every resource in whose path it stands, and for a bucket its project. */
  #lineage(resource: string): string[] {
    const segments = resource.split("/");
    const holders = segments.flatMap((_, index) => (index % 2 === 1 ? [segments.slice(0, index + 1).join("/")] : []));
    if (segments[1] !== "_" || segments[3] === undefined) return holders;
    const bucket = this.#documents.get<{ readonly project: string }>("storage.buckets", segments[3]);
    return bucket ? [...holders, `projects/${bucket.project}`] : holders;
  }
}

function isMember(binding: Binding, caller: Caller): boolean {
  return (binding.members ?? []).some(
    (member) =>
      member === "allUsers" ||
      (caller.member !== undefined &&
        (member === "allAuthenticatedUsers" || member.toLowerCase() === caller.member.toLowerCase())),
  );
}

function holds(binding: Binding, resource: string, service: string): boolean {
  const expression = binding.condition?.expression;
  if (expression === undefined) return true;
  return readCondition(expression)({
    resourceName: resource,
    resourceType: `${service}/${resourceKind(resource)}`,
    resourceService: service,
    requestTime: new Date(),
  });
}

/** `Object` for `projects/_/buckets/B/objects/O`: the collection's name in the singular. */
function resourceKind(resource: string): string {
  const segments = resource.split("/");
  const collection = segments[1] === "_" ? (segments.length > 4 ? "objects" : "buckets") : (segments.at(-2) ?? "");
  const singular = collection.endsWith("ies") ? `${collection.slice(0, -3)}y` : collection.replace(/s$/, "");
  return `${singular.charAt(0).toUpperCase()}${singular.slice(1)}`;
}
