import { randomUUID } from "node:crypto";
import { GoogleError, invalid } from "../../http/errors.ts";
import type { Message } from "../../schema/messages.ts";
import { operationMethods } from "../operations.ts";
import { policyMethods } from "../policies.ts";
import type { Product } from "../product.ts";
import { fetch, type ResourceKind, resourceMethods, timestamp } from "../resources.ts";

const ROOT = "cloudbuild.projects.locations";

/** The hosts of which a connection names exactly one. */
const HOSTS = [
  "githubConfig",
  "githubEnterpriseConfig",
  "gitlabConfig",
  "bitbucketCloudConfig",
  "bitbucketDataCenterConfig",
];

function checkHost(connection: Message): void {
  if (HOSTS.filter((host) => connection[host] !== undefined).length !== 1)
    throw invalid(`A connection has exactly one of ${HOSTS.join(", ")}`);
}

const CONNECTIONS: ResourceKind = {
  collection: "cloudbuild.connections",
  methods: `${ROOT}.connections`,
  schema: "Connection",
  plural: "connections",
  permissions: "cloudbuild.connections",
  idParameter: "connectionId",
  operations: ["create", "patch", "delete"],
  metadata: { schema: "OperationMetadata", fields: (target) => ({ target, apiVersion: "v2" }) },
  unmaskedPatch: true,
  onCreate: (_call, name, body) => {
    checkHost(body);
    const now = timestamp();
    return {
      ...body,
      name,
      installationState: { stage: "COMPLETE" },
      createTime: now,
      updateTime: now,
      etag: randomUUID(),
    };
  },
  onPatch: (call, before, after) => {
    const { etag } = call.body;
    if (etag !== undefined && etag !== before.etag)
      throw new GoogleError("ABORTED", `Connection ${before.name} has been changed since it was read`);
    checkHost(after);
    return { ...after, name: before.name, updateTime: timestamp(), etag: randomUUID() };
  },
  onDelete: (call, name) => {
    if (
      call.cloud.documents.list("cloudbuild.repositories", { prefix: `${name}/repositories/`, limit: 1 }).length > 0
    ) {
      throw new GoogleError("FAILED_PRECONDITION", `Connection ${name} still has repositories`);
    }
  },
};

const { [`${ROOT}.connections.repositories.patch`]: _none, ...repositoryMethods } = resourceMethods({
  collection: "cloudbuild.repositories",
  methods: `${ROOT}.connections.repositories`,
  schema: "Repository",
  plural: "repositories",
  permissions: "cloudbuild.repositories",
  idParameter: "repositoryId",
  operations: ["create", "delete"],
  metadata: { schema: "OperationMetadata", fields: (target) => ({ target, apiVersion: "v2" }) },
  onCreate: (call, name, body) => {
    fetch(CONNECTIONS, call, name.split("/").slice(0, 6).join("/"));
    if (!/^https:\/\/.+\.git$/.test(String(body.remoteUri ?? "")))
      throw invalid(`remoteUri '${body.remoteUri}' must be https://….git`);
    const now = timestamp();
    return { ...body, name, createTime: now, updateTime: now, etag: randomUUID() };
  },
});

/**
 * The second generation of Cloud Build's connections to Git hosts. A connection is COMPLETE at once here: the click of
 * a person at the Git host, which the real one waits for, is taken as done.
 */
export const CLOUD_BUILD_V2: Product = {
  prefix: "cloudbuild",
  definitions: "cloudbuild.v2",
  service: "cloudbuild.googleapis.com",
  protoPackage: "google.devtools.cloudbuild.v2",
  methods: {
    ...resourceMethods(CONNECTIONS),
    ...repositoryMethods,
    ...policyMethods(CONNECTIONS.methods, CONNECTIONS.permissions, (call, name) => void fetch(CONNECTIONS, call, name)),
    ...operationMethods(`${ROOT}.operations.get`),
  },
};
