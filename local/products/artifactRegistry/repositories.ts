import { invalid } from "../../http/errors.ts";
import { type Manifest, RegistryContent } from "../../registry/content.ts";
import { isMessage } from "../../schema/masks.ts";
import type { Message } from "../../schema/messages.ts";
import { policyMethods } from "../policies.ts";
import type { Behaviours, Call } from "../product.ts";
import { fetch, type ResourceKind, resourceMethods, timestamp } from "../resources.ts";
import { ROOT, repositoryOf } from "./names.ts";

const REPOSITORIES: ResourceKind = {
  collection: "artifactregistry.repositories",
  methods: `${ROOT}.repositories`,
  schema: "Repository",
  plural: "repositories",
  permissions: "artifactregistry.repositories",
  idParameter: "repositoryId",
  operations: ["create", "delete"],
  metadata: { schema: "OperationMetadata" },
  onCreate: (_call, name, body) => {
    const id = name.split("/").at(-1) ?? "";
    if (!/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(id)) throw invalid(`Invalid repository id '${id}'`);
    if (body.format === undefined || body.format === "FORMAT_UNSPECIFIED") throw invalid("format is required");
    if (body.format !== "DOCKER") throw invalid(`The local cloud keeps DOCKER repositories, not ${body.format}`);
    checkMode(body);
    checkCleanup(body);
    const now = timestamp();
    return { mode: "STANDARD_REPOSITORY", ...body, name, createTime: now, updateTime: now };
  },
  onPatch: (_call, before, after) => {
    for (const field of ["format", "mode"]) {
      if (before[field] !== after[field]) throw invalid(`${field} cannot be changed`);
    }
    checkCleanup(after);
    return { ...after, name: before.name, updateTime: timestamp() };
  },
  onDelete: (call, name) => {
    const content = new RegistryContent(call.cloud);
    for (const image of content.images(name)) content.deletePackage(RegistryContent.packageName(name, image));
  },
  shown: (call, repository) => {
    const [, project, , , , id] = String(repository.name).split("/");
    const prefix = `${repository.name}/packages/`;
    const versions = call.cloud.documents.list<Manifest>("registry.versions", { prefix });
    const sizeBytes = versions.reduce((sum, row) => sum + row.body.imageSize, 0);
    return { ...repository, registryUri: `${call.cloud.host}/${project}/${id}`, sizeBytes: String(sizeBytes) };
  },
};

function checkMode({ mode, remoteRepositoryConfig, virtualRepositoryConfig }: Message): void {
  if (mode === "REMOTE_REPOSITORY" && !isMessage(remoteRepositoryConfig))
    throw invalid("remoteRepositoryConfig is required");
  if (mode !== "REMOTE_REPOSITORY" && remoteRepositoryConfig)
    throw invalid("remoteRepositoryConfig needs the mode REMOTE_REPOSITORY");
  if (mode !== "VIRTUAL_REPOSITORY" && virtualRepositoryConfig)
    throw invalid("virtualRepositoryConfig needs the mode VIRTUAL_REPOSITORY");
}

/** A policy either deletes or keeps by a condition, or keeps the most recent versions. */
function checkCleanup({ cleanupPolicies }: Message): void {
  for (const [id, policy] of Object.entries(isMessage(cleanupPolicies) ? cleanupPolicies : {})) {
    const { action, condition, mostRecentVersions } = policy as Message;
    if (action === undefined) throw invalid(`Cleanup policy '${id}' has no action`);
    if (!condition === !mostRecentVersions)
      throw invalid(`Cleanup policy '${id}' needs a condition or mostRecentVersions, not both`);
    if (mostRecentVersions && action !== "KEEP")
      throw invalid(`Cleanup policy '${id}': mostRecentVersions needs the action KEEP`);
  }
}

/** The repository that something is in. */
export function requireRepository(call: Call, name: string): Message {
  return fetch(REPOSITORIES, call, repositoryOf(name));
}

/** The methods of repositories and their policies. */
export const REPOSITORY_METHODS: Behaviours = {
  ...resourceMethods(REPOSITORIES),
  ...policyMethods(
    REPOSITORIES.methods,
    REPOSITORIES.permissions,
    (call, name) => void fetch(REPOSITORIES, call, name),
  ),
};
