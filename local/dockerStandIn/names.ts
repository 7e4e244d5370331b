import type { RemoteImageArgs, TagArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { Kind } from "../standIn/kind.ts";
import { type InspectedImage, inspectImage, pullImage, removeImage, tagImage } from "./engineApi.ts";

/** docker:index/tag:Tag. Deletion leaves both names, as with the plugin. */
export const tag: Kind<Unwrap<TagArgs>, { sourceImageId: string }> = {
  immutable: ["sourceImage", "targetImage", "tagTriggers"],
  deleteFirst: false,
  computed: ["sourceImageId"],

  async create({ sourceImage, targetImage }) {
    const colon = targetImage.lastIndexOf(":");
    const tagged = colon > targetImage.lastIndexOf("/");
    await tagImage(
      sourceImage,
      tagged ? targetImage.slice(0, colon) : targetImage,
      tagged ? targetImage.slice(colon + 1) : "latest",
    );
    const { Id } = await present(sourceImage);
    return { id: `${sourceImage}.${targetImage}`, outputs: { sourceImageId: Id } };
  },

  /** The plugin asks nobody. */
  async read(_, state) {
    return state as typeof state & { sourceImageId: string };
  },

  async delete() {},
};

type Pulled = { imageId: string; repoDigest: string };

/** docker:index/remoteImage:RemoteImage, pulled and not built. */
export const remoteImage: Kind<Unwrap<RemoteImageArgs>, Pulled> = {
  immutable: ["name", "platform", "pullTriggers", "triggers", "build"],
  deleteFirst: false,
  computed: ["imageId", "repoDigest"],

  async create({ name, platform }) {
    if (!(await inspectImage(name))) await pullImage(name, platform);
    const outputs = pulledOf(await present(name));
    return { id: `${outputs.imageId}${name}`, outputs };
  },

  async read(_, { name }) {
    const found = await inspectImage(name);
    return found && pulledOf(found);
  },

  async update(_, __, { name }) {
    return pulledOf(await present(name));
  },

  async delete(_, { name, keepLocally }) {
    if (!keepLocally && (await inspectImage(name))) await removeImage(name);
  },
};

function pulledOf({ Id, RepoDigests }: InspectedImage): Pulled {
  return { imageId: Id, repoDigest: RepoDigests[0] ?? "" };
}

async function present(name: string): Promise<InspectedImage> {
  const found = await inspectImage(name);
  if (!found) throw new Error(`Docker has no image ${name}`);
  return found;
}
