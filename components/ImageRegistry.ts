import { artifactregistry, secretmanager } from "@pulumi/gcp";
import type { input } from "@pulumi/gcp/types/index.js";
import {
  ComponentResource,
  type ComponentResourceOptions,
  type CustomResourceOptions,
  type Input,
  interpolate,
  type Output,
} from "@pulumi/pulumi";
import { parseReference, type Reference } from "../chain/reference.ts";
import type { Environment, Retention, Settings } from "../settings.ts";
import { mayRead } from "./SourceRepository.ts";

export interface ImageRegistryArgs {
  readonly environment: Environment;
  readonly retention: Retention;
  /** Images whose keys are never deleted, whatever their age: the base tier, which costs hours to build again. */
  readonly persistent: readonly string[];
  /** Keys that this environment refers to now; never deleted either. */
  readonly inUse: readonly string[];
  /** The image that builds run in. Where it is one of this registry, it is never deleted: no build could start. */
  readonly tool?: string;
  /** Whether Google scans pushed images for known vulnerabilities. */
  readonly scanning: boolean;
  /** Account for the mirror of Docker Hub; without it the mirror pulls anonymously. */
  readonly dockerHub?: Settings["dockerHub"];
  /** The number of the environment's project; Google's own accounts have it in their names. */
  readonly projectNumber: Input<number>;
  /** Who may push images and layers, and pull everything. */
  readonly publisher: Input<string>;
  /** Who may pull everything and push to scratch. */
  readonly checker: Input<string>;
  /** Members who may pull images. */
  readonly readers: readonly string[];
  /** Whether Pulumi refuses to delete the images. */
  readonly protect: boolean;
}

type CleanupPolicy = input.artifactregistry.RepositoryCleanupPolicy;

/**
 * Versions that one build leaves, as Google counts them, tagged or not: the index that has the key's tag, the image of
 * its one platform, and the attestations. An SBOM lies beside the provenance in the last of them and adds none.
 */
const VERSIONS_OF_A_BUILD = 3;

/** Builds of a target whose checks failed may come this often among its newest keys without displacing one. */
const FAILED_BUILDS = 10;

/**
 * Where images live: four Docker repositories, told apart by who may write them and how long they keep.
 *
 * | repository | written by | tags | keeps |
 * |---|---|---|---|
 * | images | the publisher | immutable | the newest keys of each target, keys in use, the base tier for good |
 * | layers | the publisher | move | BuildKit's layer cache, for days |
 * | scratch | the checker | move | images of pull requests, for days |
 * | Docker Hub | nobody | - | what was pulled through it, so that a throttled upstream does not stop a build |
 *
 * A pull request's images are apart from the layer cache because the publisher builds from that cache: who may write
 * it may change what is published.
 *
 * An environment that promotes from this one takes its images by their keys, which this one does not know: a key that
 * neither the base tier nor this environment's catalogue has is there to be promoted for as long as it is one of the
 * newest of its target, or younger than `retention.supersededDays`. What was promoted is a copy, and stays.
 */
export class ImageRegistry extends ComponentResource {
  /** Address of the images, `REGION-docker.pkg.dev/PROJECT/REPOSITORY`; a target is `ADDRESS/IMAGE…:KEY`. */
  readonly images: Output<string>;
  /** Address of the layer cache. */
  readonly layers: Output<string>;
  /** Address of images of pull requests. */
  readonly scratch: Output<string>;
  /** Address that stands for `docker.io`. */
  readonly dockerHub: Output<string>;

  constructor(name: string, args: ImageRegistryArgs, options?: ComponentResourceOptions) {
    super("strata:index:ImageRegistry", name, {}, options);
    const { project, region, prefix } = args.environment;
    const { retention } = args;

    const repository = (
      part: string,
      rest: Omit<artifactregistry.RepositoryArgs, "format" | "repositoryId">,
      more?: CustomResourceOptions,
    ) =>
      new artifactregistry.Repository(
        `${name}-${part}`,
        { project, location: region, repositoryId: `${prefix}-${part}`, format: "DOCKER", ...rest },
        { parent: this, ...more },
      );
    const images = repository(
      "images",
      {
        description: "Published images: a key's tag exists if and only if its image is built and verified",
        dockerConfig: { immutableTags: true },
        cleanupPolicies: imagePolicies(args),
        vulnerabilityScanningConfig: { enablementConfig: args.scanning ? "INHERITED" : "DISABLED" },
      },
      { protect: args.protect },
    );
    const layers = repository("layers", {
      description: "BuildKit's layer cache",
      cleanupPolicies: [drop("drop-old", "ANY", retention.layerCacheDays)],
      vulnerabilityScanningConfig: { enablementConfig: "DISABLED" },
    });
    const scratch = repository("scratch", {
      description: "Images of pull requests",
      cleanupPolicies: [drop("drop-old", "ANY", retention.scratchDays)],
      vulnerabilityScanningConfig: { enablementConfig: "DISABLED" },
    });
    const dockerHub = repository(
      "dockerhub",
      {
        description: "Pull-through mirror of Docker Hub",
        mode: "REMOTE_REPOSITORY",
        remoteRepositoryConfig: dockerHubUpstream(args.dockerHub),
      },
      // Google keeps a repository's upstream for good, and the name is taken until the old repository is gone.
      { deleteBeforeReplace: true, dependsOn: upstreamLogin(this, name, args) },
    );

    const grant = (part: string, to: artifactregistry.Repository, role: string, who: string, member: Input<string>) =>
      new artifactregistry.RepositoryIamMember(
        `${name}-${part}-${who}`,
        { project, location: region, repository: to.name, role, member },
        { parent: this },
      );
    const reader = "roles/artifactregistry.reader";
    const writer = "roles/artifactregistry.writer";
    grant("images", images, writer, "publisher", args.publisher);
    grant("images", images, reader, "checker", args.checker);
    for (const member of args.readers) grant("images", images, reader, member, member);
    grant("layers", layers, writer, "publisher", args.publisher);
    grant("layers", layers, reader, "checker", args.checker);
    grant("scratch", scratch, writer, "checker", args.checker);
    grant("dockerhub", dockerHub, reader, "publisher", args.publisher);
    grant("dockerhub", dockerHub, reader, "checker", args.checker);

    this.images = images.registryUri;
    this.layers = layers.registryUri;
    this.scratch = scratch.registryUri;
    this.dockerHub = dockerHub.registryUri;
    this.registerOutputs({
      images: this.images,
      layers: this.layers,
      scratch: this.scratch,
      dockerHub: this.dockerHub,
    });
  }
}

/**
 * A version that any keep policy names stays, whatever the delete policies say. What an index consists of has no tag
 * and stays with it: Google refuses to delete a manifest that another one names.
 */
function imagePolicies(args: ImageRegistryArgs): CleanupPolicy[] {
  const { retention, persistent } = args;
  const tool = ownTool(args);
  const inUse = [...new Set([...args.inUse, ...(tool?.tag === undefined ? [] : [tool.tag])])].sort();
  const keepCount = VERSIONS_OF_A_BUILD * (retention.keysPerTarget + FAILED_BUILDS);
  const keep = (id: string, condition: CleanupPolicy["condition"]): CleanupPolicy => ({
    id,
    action: "KEEP",
    condition,
  });
  return [
    { id: "keep-recent", action: "KEEP", mostRecentVersions: { keepCount } },
    ...(inUse.length > 0 ? [keep("keep-in-use", { tagState: "TAGGED", tagPrefixes: inUse })] : []),
    ...(tool?.digest ? [keep("keep-tool", { tagState: "ANY", versionNamePrefixes: [tool.digest] })] : []),
    ...(persistent.length > 0
      ? [keep("keep-base", { tagState: "TAGGED", packageNamePrefixes: [...persistent].sort() })]
      : []),
    drop("drop-superseded", "TAGGED", retention.supersededDays),
    drop("drop-untagged", "UNTAGGED", retention.untaggedDays),
  ];
}

/** The image that builds run in, where it is one of this registry's. */
function ownTool({ environment, tool }: ImageRegistryArgs): Reference | undefined {
  if (tool === undefined) return undefined;
  const reference = parseReference(tool);
  // The path alone is compared: the host is known only after a deployment, and a tag that is kept in vain costs nothing.
  const own = `${environment.project}/${environment.prefix}-images/`;
  return reference.repository.startsWith(own) ? reference : undefined;
}

function drop(id: string, tagState: string, days: number): CleanupPolicy {
  return { id, action: "DELETE", condition: { tagState, olderThan: `${days * 24 * 60 * 60}s` } };
}

/** What the mirror waits for: Artifact Registry reads the account's password when the repository is made. */
function upstreamLogin(
  parent: ImageRegistry,
  name: string,
  { dockerHub, projectNumber }: ImageRegistryArgs,
): secretmanager.SecretIamMember[] {
  if (dockerHub === undefined) return [];
  const agent = interpolate`serviceAccount:service-${projectNumber}@gcp-sa-artifactregistry.iam.gserviceaccount.com`;
  const reads = mayRead(agent, dockerHub.passwordSecret);
  return [new secretmanager.SecretIamMember(`${name}-dockerhub-password`, reads, { parent })];
}

function dockerHubUpstream(account: Settings["dockerHub"]): artifactregistry.RepositoryArgs["remoteRepositoryConfig"] {
  return {
    dockerRepository: { publicRepository: "DOCKER_HUB" },
    ...(account && {
      upstreamCredentials: {
        usernamePasswordCredentials: {
          username: account.username,
          passwordSecretVersion: account.passwordSecret,
        },
      },
    }),
  };
}
