import { ComponentResource, type ComponentResourceOptions, type Output } from "@pulumi/pulumi";
import type { Settings } from "../settings.ts";
import { BuildIdentities } from "./BuildIdentities.ts";
import { BuildPools } from "./BuildPools.ts";
import { BuildStore } from "./BuildStore.ts";
import { BuildTriggers } from "./BuildTriggers.ts";
import { CompilerCache } from "./CompilerCache.ts";
import { ImageRegistry } from "./ImageRegistry.ts";
import { ProjectServices } from "./ProjectServices.ts";
import { SourceRepository } from "./SourceRepository.ts";

export interface InfrastructureArgs {
  readonly settings: Settings;
  /** Machines that the catalogue names, each once. */
  readonly machines: readonly string[];
  /** Images of the base tier, whose keys are kept for good. */
  readonly persistent: readonly string[];
  /** Keys that this environment refers to now. */
  readonly inUse: readonly string[];
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

  constructor(name: string, args: InfrastructureArgs, options?: ComponentResourceOptions) {
    super("strata:index:Infrastructure", name, {}, options);
    const { settings } = args;
    const { environment, retention, protect } = settings;
    const builds = settings.promoteFrom === undefined;

    const services = new ProjectServices("services", { environment, triggers: !!settings.source }, { parent: this });
    const child = { parent: this, dependsOn: services };

    this.identities = new BuildIdentities("identities", { environment, publishers: settings.publishers }, child);
    const { publisher, checker } = this.identities;
    const { readers, scanning, dockerHub } = settings;
    const { persistent, inUse } = args;
    const kept = { environment, retention, publisher, checker };

    this.registry = new ImageRegistry(
      "registry",
      { ...kept, readers, scanning, dockerHub, protect, persistent, inUse },
      child,
    );
    this.store = new BuildStore("store", { ...kept, protect }, child);
    if (builds) {
      const { machines: substitutes, diskGb, egress } = settings;
      this.pools = new BuildPools(
        "pools",
        { environment, machines: args.machines, substitutes, diskGb, egress },
        child,
      );
      this.compilerCache = new CompilerCache("ccache", kept, child);
      this.#startOnPush(settings, child);
    }

    this.registerOutputs({ registry: this.registry.images, store: this.store.bucket });
  }

  #startOnPush(settings: Settings, child: ComponentResourceOptions): void {
    const { source, environment, catalogue, approval, refresh } = settings;
    if (!source) return;
    const { publisherAccount, checkerAccount } = this.identities;
    const { repository } = new SourceRepository("source", { environment, source }, child);
    new BuildTriggers(
      "triggers",
      {
        environment,
        repository,
        branch: source.branch,
        catalogue,
        approval,
        refresh,
        publisherAccount,
        checkerAccount,
        substitutions: this.#substitutions(settings),
      },
      child,
    );
  }

  /** What a build that a trigger starts needs to know of its environment. */
  #substitutions({ environment }: Settings): Record<string, Output<string> | string> {
    const { registry, store, compilerCache } = this;
    return {
      _ENVIRONMENT: environment.name,
      _REGION: environment.region,
      _IMAGES: registry.images,
      _LAYERS: registry.layers,
      _SCRATCH: registry.scratch,
      _DOCKERHUB: registry.dockerHub,
      _STORE: store.bucket,
      ...(compilerCache && { _CCACHE: compilerCache.bucket }),
    };
  }
}
