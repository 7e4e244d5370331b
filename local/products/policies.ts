import { createHash } from "node:crypto";
import type { Cloud } from "../cloud.ts";
import { GoogleError, invalid, unimplemented } from "../http/errors.ts";
import type { Binding, Policy } from "../identity/access.ts";
import { readCondition } from "../identity/conditions.ts";
import type { Message } from "../schema/messages.ts";
import { type Behaviours, type Call, targetOf } from "./product.ts";
import { findProject } from "./projects.ts";

/** A member of a policy, as Google writes them. */
const MEMBER =
  /^(allUsers|allAuthenticatedUsers|(user|group|serviceAccount):[^@\s]+@[^@\s]+|domain:[\w.-]+|(projectOwner|projectEditor|projectViewer):[\w-]+|principal(Set)?:\/\/\S+|deleted:\S+)$/;

/**
 * `getIamPolicy`, `setIamPolicy` and `testIamPermissions` of one kind of resource.
 *
 * @param methods - Google's method ids without their last word.
 * @param permissions - begin of the permissions: `artifactregistry.repositories`.
 * @param exists - throws 404 for a resource that is not there.
 */
export function policyMethods(
  methods: string,
  permissions: string,
  exists: (call: Call, resource: string) => void,
): Behaviours {
  return {
    [`${methods}.getIamPolicy`]: {
      permission: `${permissions}.getIamPolicy`,
      query: ["options.requestedPolicyVersion"],
      write: false,
      run: (call) => {
        const resource = targetOf(call);
        exists(call, resource);
        return { ...call.cloud.access.policy(resource) };
      },
    },
    [`${methods}.setIamPolicy`]: {
      permission: `${permissions}.setIamPolicy`,
      run: (call) => {
        const resource = targetOf(call);
        exists(call, resource);
        const { policy, updateMask } = call.body as { policy?: Policy; updateMask?: string };
        if (!policy) throw invalid("policy is required");
        if ((policy as { auditConfigs?: readonly object[] }).auditConfigs?.length)
          throw unimplemented("Audit configurations of a policy are not kept");
        if (updateMask !== undefined && !updateMask.split(",").includes("bindings"))
          return { ...call.cloud.access.policy(resource) };
        return { ...writePolicy(call.cloud, resource, policy) };
      },
    },
    [`${methods}.testIamPermissions`]: {
      permission: null,
      write: false,
      run: (call) => {
        const resource = targetOf(call);
        const { permissions: asked = [] } = call.body as { permissions?: readonly string[] };
        return allowedOf(call, resource, asked);
      },
    },
  };
}

/** The permissions of a list that the caller has on a resource. */
export function allowedOf(call: Call, resource: string, asked: readonly string[]): Message {
  const { access } = call.cloud;
  const permissions = asked.filter((permission) =>
    access.allows(call.caller, permission, resource, call.product.service),
  );
  return permissions.length === 0 ? {} : { permissions };
}

/**
 * Writes a resource's policy: all of it, if the etag is that of the last one.
 *
 * @throws GoogleError 409 for a stale etag; 400 for a member, role or condition that Google would refuse.
 */
export function writePolicy(cloud: Cloud, resource: string, policy: Policy): Policy {
  const before = cloud.access.policy(resource);
  if (policy.etag !== undefined && policy.etag !== before.etag) {
    throw new GoogleError(
      "ABORTED",
      "There were concurrent policy changes. Please retry the whole read-modify-write with exponential backoff.",
      { reason: "aborted" },
    );
  }
  const bindings = (policy.bindings ?? []).filter((binding) => (binding.members ?? []).length > 0);
  for (const binding of bindings) checkBinding(cloud, resource, binding, policy.version ?? 1);
  return keep(cloud, resource, before, { version: policy.version ?? 1, bindings });
}

/** Keeps a policy with a new etag. */
function keep(cloud: Cloud, resource: string, before: Policy, { version = 1, bindings = [] }: Policy): Policy {
  const sorted = [...bindings].sort((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : 0));
  const etag = createHash("sha256")
    .update(JSON.stringify([before.etag, sorted]))
    .digest("base64")
    .slice(0, 12);
  const next: Policy = { version, etag, ...(sorted.length > 0 && { bindings: sorted }) };
  cloud.documents.put("policy", resource, next);
  return next;
}

/**
 * Renames a deleted account in every policy as Google does, to `deleted:serviceAccount:EMAIL?uid=ID`: a new account of
 * the same name does not come into its rights.
 */
export function retireMember(cloud: Cloud, member: string, uniqueId: string): void {
  const retired = `deleted:${member}?uid=${uniqueId}`;
  for (const { name, body: policy } of cloud.documents.list<Policy>("policy")) {
    const bindings = policy.bindings ?? [];
    if (!bindings.some(({ members = [] }) => members.includes(member))) continue;
    const renamed = bindings.map((binding) => ({
      ...binding,
      members: (binding.members ?? []).map((other) => (other === member ? retired : other)),
    }));
    keep(cloud, name, policy, { ...policy, bindings: renamed });
  }
}

function checkBinding(
  cloud: Cloud,
  resource: string,
  { role, members = [], condition }: Binding,
  version: number,
): void {
  if (!role || !cloud.access.knowsRole(role)) throw invalid(`Role ${role} is not supported for resource ${resource}.`);
  for (const member of members) checkMember(cloud, member);
  if (!condition) return;
  if (version < 3) throw invalid("A policy with conditions needs version 3.");
  if (!condition.title) throw invalid("A condition needs a title.");
  readCondition(condition.expression ?? "");
}

/** A service account of a project that is kept here must be there; those of Google's own are taken as given. */
function checkMember(cloud: Cloud, member: string): void {
  if (!MEMBER.test(member)) throw invalid(`Invalid member '${member}'.`);
  const email = /^serviceAccount:(.+)$/i.exec(member)?.[1];
  const project = email && /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1];
  if (!email || !project || !findProject(cloud.documents, project)) return;
  if (!cloud.documents.get("iam.serviceAccounts", `projects/${project}/serviceAccounts/${email}`)) {
    throw invalid(`Service account ${email} does not exist.`);
  }
}
