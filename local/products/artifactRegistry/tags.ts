import { GoogleError, invalid, notFound } from "../../http/errors.ts";
import { RegistryContent } from "../../registry/content.ts";
import { isMessage } from "../../schema/masks.ts";
import type { Message } from "../../schema/messages.ts";
import type { Behaviours, Call } from "../product.ts";
import { packageOf, ROOT, shownTag } from "./names.ts";
import { requireVersion } from "./packages.ts";
import { requireRepository } from "./repositories.ts";

/** The methods of tags. */
export const TAG_METHODS: Behaviours = {
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

function immutable(call: Call, name: string): boolean {
  const { dockerConfig } = requireRepository(call, name);
  return isMessage(dockerConfig) && dockerConfig.immutableTags === true;
}

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
