import { GoogleError, invalid, notFound } from "../http/errors.ts";
import { type Manifest, RegistryContent } from "../registry/content.ts";
import { isMessage } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { longRunning, operationMethods } from "./operations.ts";
import { policyMethods } from "./policies.ts";
import type { Behaviours, Call, Product } from "./product.ts";
import { fetch, locationOf, page, type ResourceKind, resourceMethods, timestamp } from "./resources.ts";

const ROOT = "artifactregistry.projects.locations";

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

/** `projects/P/locations/L/repositories/R` of the name of something in it. */
function repositoryOf(name: string): string {
  return name.split("/").slice(0, 6).join("/");
}

/** `…/packages/P` of the name of a version or tag. */
function packageOf(name: string): string {
  return name.split("/").slice(0, 8).join("/");
}

function requirePackage(call: Call, name: string): Message {
  const found = call.cloud.documents.get<Message>("registry.packages", name);
  if (!found) throw notFound(name);
  return found;
}

function immutable(call: Call, name: string): boolean {
  const { dockerConfig } = fetch(REPOSITORIES, call, repositoryOf(name));
  return isMessage(dockerConfig) && dockerConfig.immutableTags === true;
}

const PACKAGES: Behaviours = {
  [`${ROOT}.repositories.packages.get`]: {
    permission: "artifactregistry.packages.get",
    run: (call) => requirePackage(call, call.path.name ?? ""),
  },
  [`${ROOT}.repositories.packages.list`]: {
    permission: "artifactregistry.packages.list",
    query: ["pageSize", "pageToken"],
    run: (call) => {
      fetch(REPOSITORIES, call, call.path.parent);
      const { items, nextPageToken } = page(call, "registry.packages", `${call.path.parent}/packages/`);
      return { packages: items, ...(nextPageToken && { nextPageToken }) };
    },
  },
  [`${ROOT}.repositories.packages.delete`]: {
    permission: "artifactregistry.packages.delete",
    run: (call) => {
      const name = call.path.name ?? "";
      requirePackage(call, name);
      return removal(call, () => new RegistryContent(call.cloud).deletePackage(name));
    },
  },
};

function removal(call: Call, effect: () => void): Message {
  const answer = () => {
    effect();
    return { "@type": "type.googleapis.com/google.protobuf.Empty" };
  };
  const metadata = { "@type": "type.googleapis.com/google.devtools.artifactregistry.v1.OperationMetadata" };
  return longRunning(call, locationOf(call.path.name ?? call.path.parent ?? ""), answer, metadata);
}

const VERSIONS: Behaviours = {
  [`${ROOT}.repositories.packages.versions.get`]: {
    permission: "artifactregistry.versions.get",
    query: ["view"],
    run: (call) => shownVersion(call, requireVersion(call, call.path.name ?? "")),
  },
  [`${ROOT}.repositories.packages.versions.list`]: {
    permission: "artifactregistry.versions.list",
    query: ["pageSize", "pageToken", "view"],
    run: (call) => {
      requirePackage(call, call.path.parent ?? "");
      const { items, nextPageToken } = page(call, "registry.versions", `${call.path.parent}/versions/`);
      const versions = items.map((item) => shownVersion(call, item as unknown as Manifest, call.path.parent));
      return { versions, ...(nextPageToken && { nextPageToken }) };
    },
  },
  [`${ROOT}.repositories.packages.versions.delete`]: {
    permission: "artifactregistry.versions.delete",
    query: ["force"],
    run: (call) => removal(call, removeVersions(call, [call.path.name ?? ""], call.query.force === true)),
  },
  [`${ROOT}.repositories.packages.versions.batchDelete`]: {
    permission: "artifactregistry.versions.delete",
    run: (call) => removal(call, removeVersions(call, (call.body.names as string[] | undefined) ?? [], true)),
  },
};

function requireVersion(call: Call, name: string): Manifest {
  const found = call.cloud.documents.get<Manifest>("registry.versions", name);
  if (!found) throw notFound(name);
  return found;
}

/** Checks now that versions may go; the returned function removes them. */
function removeVersions(call: Call, names: readonly string[], force: boolean): () => void {
  const content = new RegistryContent(call.cloud);
  for (const name of names) {
    const { digest } = requireVersion(call, name);
    const tagged = content.tags(packageOf(name)).filter((tag) => tag.digest === digest);
    if (tagged.length > 0 && !force) {
      throw new GoogleError(
        "FAILED_PRECONDITION",
        `${name} has tags (${tagged.map(({ tag }) => tag).join(", ")}): use force`,
      );
    }
  }
  return () => {
    for (const name of names) content.deleteManifest(packageOf(name), name.split("/").at(-1) ?? "");
  };
}

function shownVersion(call: Call, manifest: Manifest, packageName = packageOf(call.path.name ?? "")): Message {
  const tags = new RegistryContent(call.cloud).tags(packageName).filter(({ digest }) => digest === manifest.digest);
  const related = tags.map(({ tag }) => shownTag(packageName, tag, manifest.digest));
  return {
    name: `${packageName}/versions/${manifest.digest}`,
    createTime: manifest.uploadTime,
    updateTime: manifest.uploadTime,
    metadata: {
      name: dockerImageName(packageName, manifest.digest),
      mediaType: manifest.mediaType,
      imageSizeBytes: String(manifest.imageSize),
    },
    ...(call.query.view === "FULL" && related.length > 0 && { relatedTags: related }),
  };
}

const TAGS: Behaviours = {
  [`${ROOT}.repositories.packages.tags.get`]: {
    permission: "artifactregistry.tags.get",
    run: (call) => {
      const name = call.path.name ?? "";
      const digest = call.cloud.documents.get<string>("registry.tags", name);
      if (!digest) throw notFound(name);
      return shownTag(packageOf(name), name.split("/").at(-1) ?? "", digest);
    },
  },
  [`${ROOT}.repositories.packages.tags.list`]: {
    permission: "artifactregistry.tags.list",
    query: ["pageSize", "pageToken"],
    run: (call) => {
      const parent = call.path.parent ?? "";
      const tags = new RegistryContent(call.cloud).tags(parent);
      return { tags: tags.map(({ tag, digest }) => shownTag(parent, tag, digest)) };
    },
  },
  [`${ROOT}.repositories.packages.tags.create`]: {
    permission: "artifactregistry.tags.create",
    query: ["tagId"],
    run: (call) => {
      const parent = call.path.parent ?? "";
      const tag = String(call.query.tagId ?? "");
      const content = new RegistryContent(call.cloud);
      if (content.tag(parent, tag)) throw new GoogleError("ALREADY_EXISTS", `Tag '${tag}' already exists`);
      return pointTag(call, parent, tag);
    },
  },
  [`${ROOT}.repositories.packages.tags.patch`]: {
    permission: "artifactregistry.tags.update",
    query: ["updateMask"],
    run: (call) => {
      const name = call.path.name ?? "";
      if (!call.cloud.documents.get("registry.tags", name)) throw notFound(name);
      refuseImmutable(call, name);
      return pointTag(call, packageOf(name), name.split("/").at(-1) ?? "");
    },
  },
  [`${ROOT}.repositories.packages.tags.delete`]: {
    permission: "artifactregistry.tags.delete",
    run: (call) => {
      const name = call.path.name ?? "";
      if (!call.cloud.documents.get("registry.tags", name)) throw notFound(name);
      refuseImmutable(call, name);
      call.cloud.documents.delete("registry.tags", name);
      return {};
    },
  },
};

function refuseImmutable(call: Call, name: string): void {
  if (!immutable(call, name)) return;
  const message = `cannot change tag ${name.split("/").at(-1)}. The repository has enabled tag immutability`;
  throw new GoogleError("FAILED_PRECONDITION", message);
}

function pointTag(call: Call, packageName: string, tag: string): Message {
  const version = String(call.body.version ?? "");
  if (packageOf(version) !== packageName) throw invalid(`version '${version}' is not in ${packageName}`);
  const { digest } = requireVersion(call, version);
  new RegistryContent(call.cloud).putTag(packageName, tag, digest);
  return shownTag(packageName, tag, digest);
}

function shownTag(packageName: string, tag: string, digest: string): Message {
  return { name: `${packageName}/tags/${tag}`, version: `${packageName}/versions/${digest}` };
}

const DOCKER_IMAGES: Behaviours = {
  [`${ROOT}.repositories.dockerImages.list`]: {
    permission: "artifactregistry.dockerimages.list",
    query: ["pageSize", "pageToken"],
    run: (call) => {
      const parent = call.path.parent ?? "";
      fetch(REPOSITORIES, call, parent);
      const content = new RegistryContent(call.cloud);
      const dockerImages = content.images(parent).flatMap((image) => {
        const packageName = RegistryContent.packageName(parent, image);
        return content.manifests(packageName).map((manifest) => shownDockerImage(call, packageName, manifest));
      });
      return { dockerImages };
    },
  },
  [`${ROOT}.repositories.dockerImages.get`]: {
    permission: "artifactregistry.dockerimages.get",
    run: (call) => {
      const name = call.path.name ?? "";
      const [image = "", digest = ""] = (name.split("/").at(-1) ?? "").split("@");
      const packageName = RegistryContent.packageName(repositoryOf(name), image);
      return shownDockerImage(call, packageName, requireVersion(call, `${packageName}/versions/${digest}`));
    },
  },
};

function dockerImageName(packageName: string, digest: string): string {
  return `${repositoryOf(packageName)}/dockerImages/${packageName.split("/").at(-1)}@${digest}`;
}

function shownDockerImage(call: Call, packageName: string, manifest: Manifest): Message {
  const [, project, , , , repository, , image = ""] = packageName.split("/");
  const tags = new RegistryContent(call.cloud).tags(packageName).filter(({ digest }) => digest === manifest.digest);
  return {
    name: dockerImageName(packageName, manifest.digest),
    uri: `${call.cloud.host}/${project}/${repository}/${image.replaceAll("%2F", "/")}@${manifest.digest}`,
    ...(tags.length > 0 && { tags: tags.map(({ tag }) => tag) }),
    imageSizeBytes: String(manifest.imageSize),
    mediaType: manifest.mediaType,
    ...(manifest.artifactType && { artifactType: manifest.artifactType }),
    uploadTime: manifest.uploadTime,
    updateTime: manifest.uploadTime,
  };
}

/** Artifact Registry's control plane; `registry/` speaks its distribution protocol. */
export const ARTIFACT_REGISTRY: Product = {
  prefix: "artifactregistry",
  definitions: "artifactregistry.v1",
  service: "artifactregistry.googleapis.com",
  protoPackage: "google.devtools.artifactregistry.v1",
  methods: {
    ...resourceMethods(REPOSITORIES),
    ...policyMethods(
      REPOSITORIES.methods,
      REPOSITORIES.permissions,
      (call, name) => void fetch(REPOSITORIES, call, name),
    ),
    ...PACKAGES,
    ...VERSIONS,
    ...TAGS,
    ...DOCKER_IMAGES,
    ...operationMethods(`${ROOT}.operations.get`),
  },
};
