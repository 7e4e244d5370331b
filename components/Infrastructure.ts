import { secretmanager, storage } from "@pulumi/gcp";
import { ComponentResource, type ComponentResourceOptions, jsonStringify, type Output, output } from "@pulumi/pulumi";
import type { BuildSettings } from "../builder/settings.ts";
import type { Settings } from "../settings.ts";
import { BuildIdentities } from "./BuildIdentities.ts";
import { BuildPools } from "./BuildPools.ts";
import { BuildStore, SETTINGS_OBJECT } from "./BuildStore.ts";
import { BuildTriggers } from "./BuildTriggers.ts";
import { CompilerCache } from "./CompilerCache.ts";
import { ImageRegistry } from "./ImageRegistry.ts";
import { ProjectServices } from "./ProjectServices.ts";
import { mayRead, SourceRepository } from "./SourceRepository.ts";

export interface InfrastructureArgs {
  readonly settings: Settings;
  /** Machines that the catalogue names, each once. */
  readonly machines: readonly string[];
  /** Images of the base tier, whose keys are kept for good. */
  readonly persistent: readonly string[];
  /** Keys that this environment refers to now. */
  readonly inUse: readonly string[];
  /** Whether an image is built from the folder that holds the catalogue (`context: ..`). */
  readonly readsBeside: boolean;
  /** The text of cloudbuild.yaml, as the build of a pull request is to run it. */
  readonly cloudBuild: string;
}

/**
 * All that an environment's images are built with and kept in. An environment that promotes another's images has
 * nothing to build with: no pools, no compiler cache, no triggers.
 */
export class Infrastructure extends ComponentResource {
  readonly identities: BuildIdentities;
  readonly registry: ImageRegistry;
  readonly store: BuildStore;
  readonly pools: BuildPools | undefined;
  readonly compilerCache: CompilerCache | undefined;
  /** Where builds run and publish, as whoever starts one needs to know it. */
  readonly build: Output<BuildSettings>;

  constructor(name: string, args: InfrastructureArgs, options?: ComponentResourceOptions) {
    super("strata:index:Infrastructure", name, {}, options);
    const { settings } = args;
    const { environment, retention, protect } = settings;
    const builds = settings.promoteFrom === undefined;

    const services = new ProjectServices("services", { environment, settings }, { parent: this });
    const child = { parent: this, dependsOn: services };

    this.identities = new BuildIdentities("identities", { environment, publishers: settings.publishers }, child);
    const { publisher, checker } = this.identities;
    const { readers, scanning, dockerHub, tool } = settings;
    const { persistent, inUse } = args;
    const kept = { environment, retention, publisher, checker };

    this.store = new BuildStore("store", { ...kept, protect }, child);
    const { projectNumber } = this.store;
    this.registry = new ImageRegistry(
      "registry",
      { ...kept, readers, scanning, dockerHub, projectNumber, protect, persistent, inUse, tool },
      child,
    );
    if (builds) {
      const { machines: substitutes, diskGb, egress } = settings;
      this.pools = new BuildPools(
        "pools",
        { environment, machines: args.machines, substitutes, diskGb, egress },
        child,
      );
      this.compilerCache = new CompilerCache("ccache", kept, child);
    }
    this.build = this.#buildSettings(settings);
    if (builds) {
      this.#tellBuilds(child);
      this.#startOnPush(args, child);
    }

    this.registerOutputs({ registry: this.registry.images, store: this.store.bucket, build: this.build });
  }

  #buildSettings({ environment, tool = "", sbomScanner, buildkit }: Settings): Output<BuildSettings> {
    const { registry, store, compilerCache, pools, identities } = this;
    return output({
      project: environment.project,
      region: environment.region,
      images: registry.images,
      layers: registry.layers,
      store: store.bucket,
      compilerCache: compilerCache?.bucket,
      serviceAccount: identities.publisherAccount,
      pools: pools?.pools ?? {},
      tool,
      sbomScanner,
      buildkit,
      dockerHub: registry.dockerHub,
    });
  }

  /** Leaves the settings where cloudbuild.yaml looks for them. */
  #tellBuilds(child: ComponentResourceOptions): void {
    new storage.BucketObject(
      "settings",
      {
        bucket: this.store.bucket,
        name: SETTINGS_OBJECT,
        content: jsonStringify(this.build),
        contentType: "application/json",
      },
      // Made anew under the same name: deleted afterwards, the new one would go with the old.
      { ...child, deleteBeforeReplace: true },
    );
  }

  #startOnPush({ settings, readsBeside, cloudBuild }: InfrastructureArgs, child: ComponentResourceOptions): void {
    const { source, environment, catalogue, approval, refresh } = settings;
    if (!source) return;
    const { checker, publisherAccount, checkerAccount } = this.identities;
    const { repository } = new SourceRepository(
      "source",
      { environment, source, projectNumber: this.store.projectNumber },
      child,
    );
    new BuildTriggers(
      "triggers",
      {
        environment,
        repository,
        branch: source.branch,
        catalogue,
        readsBeside,
        approval,
        refresh,
        publisherAccount,
        checkerAccount,
        images: this.registry.images,
        store: this.store.bucket,
        cloudBuild,
        commentToken: source.commentToken,
      },
      child,
    );
    if (source.commentToken === undefined) return;
    new secretmanager.SecretIamMember("comment-token", mayRead(checker, source.commentToken), child);
  }
}
