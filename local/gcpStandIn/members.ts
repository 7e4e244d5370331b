import { setTimeout as sleep } from "node:timers/promises";
import type { Kind } from "../standIn/kind.ts";
import { CallError, call, type Json, orAbsent, type Product } from "./calls.ts";

/** Inputs that every IAM member has. */
interface MemberArgs {
  readonly role: string;
  readonly member: string;
  readonly condition?: { readonly title: string; readonly description?: string; readonly expression: string };
}

/** Where a policy is, and how it is read and written. */
interface PolicyOf<Args> {
  readonly product: Product;
  /** Resource whose policy it is. */
  resource(args: Args): string;
  /** Resource as the member's id begins with it, where that differs. */
  idOf?(args: Args): string;
  readonly read: { readonly verb: "GET" | "POST"; readonly suffix: string; readonly query?: Record<string, string> } & {
    readonly body?: Json;
  };
  readonly write: { readonly verb: "POST" | "PUT"; readonly suffix: string; wrap(policy: Json): Json };
  /** Inputs that name the resource. */
  readonly naming: readonly (keyof Args & string)[];
}

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: MemberArgs["condition"];
}

/** A member of a policy, added to and removed from it by reading, changing and writing the whole. */
function members<Args extends MemberArgs>(policy: PolicyOf<Args>): Kind<Args> {
  const id = (args: Args) => {
    const { role, member, condition } = args;
    const parts = [policy.idOf?.(args) ?? policy.resource(args), role, member];
    if (condition) parts.push(condition.title, condition.description ?? "", condition.expression);
    return parts.join("/");
  };
  return {
    immutable: [...policy.naming, "role", "member", "condition"],
    deleteFirst: false,
    computed: [],
    async create(args) {
      await change(policy, args, (bindings) => added(bindings, args));
      return { id: id(args), outputs: {} };
    },
    async read(_, args) {
      const now = await orAbsent(policyNow(policy, args));
      return now && bindingsOf(now).some((one) => same(one, args) && one.members.includes(args.member))
        ? {}
        : undefined;
    },
    async delete(_, args) {
      // A policy that went with its resource needs no removal.
      await orAbsent(change(policy, args, (bindings) => removed(bindings, args)));
    },
  };
}

/** Writers of one policy, one after the other: Google answers 409 to whoever wrote from an older policy. */
const queues = new Map<string, Promise<unknown>>();

async function change<Args extends MemberArgs>(
  policy: PolicyOf<Args>,
  args: Args,
  edit: (bindings: readonly Binding[]) => readonly Binding[],
): Promise<Json> {
  const queue = `${policy.product} ${policy.resource(args)}`;
  const turn = (queues.get(queue) ?? Promise.resolve()).then(() => rewrite(policy, args, edit));
  queues.set(
    queue,
    turn.catch(() => undefined),
  );
  return turn;
}

async function rewrite<Args extends MemberArgs>(
  policy: PolicyOf<Args>,
  args: Args,
  edit: (bindings: readonly Binding[]) => readonly Binding[],
): Promise<Json> {
  for (let wait = 1000; ; wait = Math.min(2 * wait, 30_000)) {
    const now = await policyNow(policy, args);
    const bindings = edit(bindingsOf(now));
    // Without a binding left the list is not sent: that clears it.
    const changed = { ...(bindings.length > 0 && { bindings }), etag: now.etag, version: 3 };
    try {
      const { verb, suffix, wrap } = policy.write;
      const written = await call(policy.product, verb, `${policy.resource(args)}${suffix}`, { body: wrap(changed) });
      // pulumi-gcp looks three times, a second apart, whether the policy stays written, and then reads it.
      for (let look = 0; look < 4; look++) await policyNow(policy, args);
      return written;
    } catch (error) {
      if (!(error instanceof CallError) || ![409, 412].includes(error.status)) throw error;
      await sleep(wait);
    }
  }
}

function policyNow<Args>({ product, resource, read }: PolicyOf<Args>, args: Args): Promise<Json> {
  return call(product, read.verb, `${resource(args)}${read.suffix}`, { query: read.query, body: read.body });
}

function bindingsOf(policy: Json): readonly Binding[] {
  return (policy.bindings ?? []) as readonly Binding[];
}

function same(binding: Binding, args: MemberArgs): boolean {
  return binding.role === args.role && binding.condition?.expression === args.condition?.expression;
}

function added(bindings: readonly Binding[], args: MemberArgs): readonly Binding[] {
  const { role, member, condition } = args;
  if (!bindings.some((one) => same(one, args))) {
    return [...bindings, { role, members: [member], ...(condition && { condition }) }];
  }
  return bindings.map((one) =>
    same(one, args) && !one.members.includes(member) ? { ...one, members: [...one.members, member] } : one,
  );
}

function removed(bindings: readonly Binding[], args: MemberArgs): readonly Binding[] {
  return bindings
    .map((one) => (same(one, args) ? { ...one, members: one.members.filter((each) => each !== args.member) } : one))
    .filter(({ members }) => members.length > 0);
}

const wrapped = (policy: Json) => ({ policy });

/** gcp:artifactregistry/repositoryIamMember:RepositoryIamMember */
export const repositoryMember = members<MemberArgs & { project: string; location: string; repository: string }>({
  product: "artifactRegistry",
  resource: ({ project, location, repository }) =>
    `projects/${project}/locations/${location}/repositories/${repository}`,
  read: { verb: "GET", suffix: ":getIamPolicy" },
  write: { verb: "POST", suffix: ":setIamPolicy", wrap: wrapped },
  naming: ["project", "location", "repository"],
});

/** gcp:secretmanager/secretIamMember:SecretIamMember */
export const secretMember = members<MemberArgs & { project: string; secretId: string }>({
  product: "secretManager",
  resource: ({ project, secretId }) => `projects/${project}/secrets/${secretId}`,
  read: { verb: "GET", suffix: ":getIamPolicy", query: { "options.requestedPolicyVersion": "3" } },
  write: { verb: "POST", suffix: ":setIamPolicy", wrap: wrapped },
  naming: ["project", "secretId"],
});

/** gcp:storage/bucketIAMMember:BucketIAMMember */
export const bucketMember = members<MemberArgs & { bucket: string }>({
  product: "storage",
  resource: ({ bucket }) => `b/${bucket}`,
  read: { verb: "GET", suffix: "/iam", query: { optionsRequestedPolicyVersion: "3" } },
  write: { verb: "PUT", suffix: "/iam", wrap: (policy) => policy },
  naming: ["bucket"],
});

/** gcp:serviceaccount/iAMMember:IAMMember */
export const serviceAccountMember = members<MemberArgs & { serviceAccountId: string }>({
  product: "iam",
  resource: ({ serviceAccountId }) => serviceAccountId,
  read: { verb: "POST", suffix: ":getIamPolicy", query: { "options.requestedPolicyVersion": "3" } },
  write: { verb: "POST", suffix: ":setIamPolicy", wrap: wrapped },
  naming: ["serviceAccountId"],
});

/** gcp:projects/iAMMember:IAMMember */
export const projectMember = members<MemberArgs & { project: string }>({
  product: "resourceManager",
  resource: ({ project }) => `projects/${project}`,
  idOf: ({ project }) => project,
  read: { verb: "POST", suffix: ":getIamPolicy", body: { options: { requestedPolicyVersion: 3 } } },
  write: {
    verb: "POST",
    suffix: ":setIamPolicy",
    wrap: (policy) => ({ policy, updateMask: "bindings,etag,auditConfigs" }),
  },
  naming: ["project"],
});
