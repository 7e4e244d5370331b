import type { Cloud } from "../cloud.ts";
import { GoogleError, invalid, notFound } from "../http/errors.ts";
import type { Message } from "../schema/messages.ts";
import { policyMethods } from "./policies.ts";
import { type Behaviours, type Call, type Product, targetOf } from "./product.ts";
import { findProject } from "./projects.ts";
import { fetch, type ResourceKind, resourceMethods, timestamp } from "./resources.ts";

const SECRETS: ResourceKind = {
  collection: "secretmanager.secrets",
  methods: "secretmanager.projects.secrets",
  schema: "Secret",
  plural: "secrets",
  permissions: "secretmanager.secrets",
  idParameter: "secretId",
  onCreate: (_call, name, body) => {
    if (body.replication === undefined) throw invalid("replication is required");
    return { ...body, name, createTime: timestamp(), etag: etag() };
  },
  onPatch: (_call, before, after) => {
    if (JSON.stringify(before.replication) !== JSON.stringify(after.replication))
      throw invalid("replication cannot be changed");
    return { ...after, name: before.name, etag: etag() };
  },
  onDelete: (call, name) => {
    for (const row of call.cloud.documents.list("secretmanager.versions", { prefix: `${name}/versions/` })) {
      call.cloud.documents.delete("secretmanager.versions", row.name);
    }
  },
  shown: (call, secret) => ({ ...secret, name: withNumber(call.cloud, String(secret.name)) }),
};

function etag(): string {
  return `"${Date.now().toString(16)}"`;
}

/** Secret Manager answers with the project's number in every name. */
function withNumber(cloud: Cloud, name: string): string {
  const [, project = ""] = name.split("/");
  return name.replace(project, findProject(cloud.documents, project)?.projectNumber ?? project);
}

interface Version {
  readonly name: string;
  readonly state: "ENABLED" | "DISABLED" | "DESTROYED";
  readonly createTime: string;
  /** Base64; absent once destroyed. */
  readonly data?: string;
}

/** Where a version's copies are: in the places that its secret names, or wherever Google likes. */
function replicationStatus(call: Call, version: string): Message {
  const secret = call.cloud.documents.get<Message>(SECRETS.collection, version.split("/").slice(0, 4).join("/"));
  const { userManaged } = (secret?.replication ?? {}) as { userManaged?: { replicas?: { location?: string }[] } };
  if (!userManaged) return { automatic: {} };
  return { userManaged: { replicas: (userManaged.replicas ?? []).map(({ location }) => ({ location })) } };
}

function shownVersion(call: Call, { data: _data, ...version }: Version): Message {
  const name = withNumber(call.cloud, version.name);
  return { ...version, name, replicationStatus: replicationStatus(call, version.name) };
}

/** Finds a version by its number or as `latest`. */
export function findVersion(cloud: Cloud, name: string): Version | undefined {
  if (!name.endsWith("/versions/latest")) return cloud.documents.get<Version>("secretmanager.versions", name);
  const prefix = name.slice(0, -"latest".length);
  const rows = cloud.documents.list<Version>("secretmanager.versions", { prefix });
  const number = (version: Version) => Number(version.name.split("/").at(-1));
  return rows.map((row) => row.body).sort((a, b) => number(b) - number(a))[0];
}

function requireVersion(call: Call): Version {
  const version = findVersion(call.cloud, targetOf(call));
  if (!version) throw notFound(targetOf(call));
  return version;
}

function setState(state: Version["state"]): (call: Call) => Message {
  return (call) => {
    const version = requireVersion(call);
    if (version.state === "DESTROYED")
      throw new GoogleError("FAILED_PRECONDITION", `${version.name} is in DESTROYED state.`);
    const { data, ...rest } = version;
    const next: Version = { ...rest, state, ...(state !== "DESTROYED" && data !== undefined && { data }) };
    call.cloud.documents.put("secretmanager.versions", version.name, next);
    return shownVersion(call, next);
  };
}

const VERSIONS: Behaviours = {
  "secretmanager.projects.secrets.addVersion": {
    permission: "secretmanager.versions.add",
    run: (call) => {
      const secret = String(fetch(SECRETS, call).name);
      const data = (call.body.payload as { data?: string } | undefined)?.data;
      if (data === undefined) throw invalid("payload.data is required");
      const count = call.cloud.documents.list("secretmanager.versions", { prefix: `${secret}/versions/` }).length;
      const version: Version = {
        name: `${secret}/versions/${count + 1}`,
        state: "ENABLED",
        createTime: timestamp(),
        data,
      };
      call.cloud.documents.put("secretmanager.versions", version.name, version);
      return shownVersion(call, version);
    },
  },
  "secretmanager.projects.secrets.versions.get": {
    permission: "secretmanager.versions.get",
    run: (call) => shownVersion(call, requireVersion(call)),
  },
  "secretmanager.projects.secrets.versions.access": {
    permission: "secretmanager.versions.access",
    run: (call) => {
      const { name, state, data } = requireVersion(call);
      if (state !== "ENABLED") throw new GoogleError("FAILED_PRECONDITION", `${name} is in ${state} state.`);
      return { name: withNumber(call.cloud, name), payload: { data } };
    },
  },
  "secretmanager.projects.secrets.versions.enable": {
    permission: "secretmanager.versions.enable",
    run: setState("ENABLED"),
  },
  "secretmanager.projects.secrets.versions.disable": {
    permission: "secretmanager.versions.disable",
    run: setState("DISABLED"),
  },
  "secretmanager.projects.secrets.versions.destroy": {
    permission: "secretmanager.versions.destroy",
    run: setState("DESTROYED"),
  },
};

/** Secret Manager: secrets of the whole world, not those of one region. */
export const SECRET_MANAGER: Product = {
  prefix: "secretmanager",
  definitions: "secretmanager.v1",
  service: "secretmanager.googleapis.com",
  methods: {
    ...resourceMethods(SECRETS),
    ...policyMethods(SECRETS.methods, SECRETS.permissions, (call, name) => void fetch(SECRETS, call, name)),
    ...VERSIONS,
  },
};
