import docker from "@pulumi/docker/package.json" with { type: "json" };
import { standIn } from "../standIn/provider.ts";
import { image } from "./image.ts";
import { remoteImage, tag } from "./names.ts";

/**
 * Stands in for pulumi-docker where that plugin cannot be had: each resource asks a real Docker daemon for what the
 * plugin, version 5, asks it for. It differs from the plugin where strata does not look: it pushes nothing, has no
 * credentials, and keeps a build's progress to itself.
 */
export const dockerStandIn = standIn("pulumi-docker", docker.version, {
  "docker:index/image:Image": image,
  "docker:index/tag:Tag": tag,
  "docker:index/remoteImage:RemoteImage": remoteImage,
});
