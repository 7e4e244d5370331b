import { type Manifest, RegistryContent } from "../../registry/content.ts";
import type { Message } from "../../schema/messages.ts";
import type { Behaviours, Call } from "../product.ts";
import { dockerImageName, ROOT, repositoryOf } from "./names.ts";
import { requireVersion } from "./packages.ts";
import { requireRepository } from "./repositories.ts";

/** The methods that show versions as images. */
export const DOCKER_IMAGE_METHODS: Behaviours = {
  [`${ROOT}.repositories.dockerImages.list`]: {
    permission: "artifactregistry.dockerimages.list",
    query: ["pageSize", "pageToken"],
    run: (call) => {
      const parent = call.path.parent ?? "";
      requireRepository(call, parent);
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
