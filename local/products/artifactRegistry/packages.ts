import { GoogleError, notFound } from "../../http/errors.ts";
import { type Manifest, RegistryContent } from "../../registry/content.ts";
import type { Message } from "../../schema/messages.ts";
import { longRunning } from "../operations.ts";
import type { Behaviours, Call } from "../product.ts";
import { locationOf, page } from "../resources.ts";
import { dockerImageName, packageOf, ROOT, shownTag } from "./names.ts";
import { requireRepository } from "./repositories.ts";

function requirePackage(call: Call, name: string): Message {
  const found = call.cloud.documents.get<Message>("registry.packages", name);
  if (!found) throw notFound(name);
  return found;
}

/** The methods of packages: what the registry calls an image's name. */
export const PACKAGE_METHODS: Behaviours = {
  [`${ROOT}.repositories.packages.get`]: {
    permission: "artifactregistry.packages.get",
    run: (call) => requirePackage(call, call.path.name ?? ""),
  },
  [`${ROOT}.repositories.packages.list`]: {
    permission: "artifactregistry.packages.list",
    query: ["pageSize", "pageToken"],
    run: (call) => {
      requireRepository(call, call.path.parent ?? "");
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

/** The methods of versions, one for each manifest. */
export const VERSION_METHODS: Behaviours = {
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

/** The manifest that a version's name names. */
export function requireVersion(call: Call, name: string): Manifest {
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
