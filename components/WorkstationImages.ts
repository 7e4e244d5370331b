import { Image, RemoteImage, Tag } from "@pulumi/docker";
import { ComponentResource, type ComponentResourceOptions, type Output, type Resource } from "@pulumi/pulumi";
import { HINTS } from "../builder/job.ts";
import type { Chain } from "../chain/chain.ts";
import { imagesUsed } from "../chain/dockerfile/imagesUsed.ts";
import { resolveStages } from "../chain/dockerfile/stages.ts";
import { findParent, type GraphTarget, optionsFor } from "../chain/graph.ts";
import type { TargetInputs } from "../chain/inputs.ts";
import { jobsFor, type MachineShape } from "../chain/machines.ts";
import { formatReference, parseReference } from "../chain/reference.ts";
import { formatTarget, publishedReference } from "../chain/target.ts";
import { DOCKERFILE } from "./workstationContexts.ts";

export interface WorkstationImagesArgs {
  /** The catalogue; targets that cannot be keyed are left out. */
  readonly chain: Chain;
  /** The folder with the unpacked context of each target that has a key. */
  readonly contexts: ReadonlyMap<string, string>;
  /** What Docker may use of this machine: it decides how many compile jobs run at once. */
  readonly machine: MachineShape;
}

/** Stands where a registry's address stands. The name can belong to no host, so nothing is pulled or pushed by mistake. */
const HERE = "strata.invalid";

/**
 * The chain, built by this machine's Docker and kept in it.
 *
 * - An image is tagged with its key. Another key is another image, which replaces it and is built with the args of now.
 *   While the key stays, build args are left as they were: another number of jobs is no reason to build.
 * - Dockerfiles name parents and bases by plain names. Docker takes an image that it has before it asks a registry, so
 *   each parent is given the names that its children use, and each base is pulled by the locked digest and then named.
 * - Targets are built one after the other: each is given the whole machine.
 *
 * Nothing is published, so an image's own checks are not run. Docker's plugin sends a Dockerfile within the context: an
 * image that copies the whole context would get it, too.
 */
export class WorkstationImages extends ComponentResource {
  /** Each target as this Docker has it: `sha256:…` of the image. */
  readonly images: Readonly<Record<string, Output<string>>>;

  /** What gives an image of this Docker a plain name, by that name. */
  readonly #named = new Map<string, Tag>();

  constructor(name: string, { chain, contexts, machine }: WorkstationImagesArgs, options?: ComponentResourceOptions) {
    super("strata:index:WorkstationImages", name, {}, options);

    const images = new Map<string, Image>();
    let before: Image | undefined;
    for (const one of chain.graph.values()) {
      const inputs = chain.chain.targets.get(one.name)?.inputs;
      const context = contexts.get(one.name);
      if (!inputs || context === undefined) continue;
      this.#pullBases(inputs);
      const imageName = publishedReference(HERE, one.name, inputs.key);
      const image: Image = new Image(
        one.name,
        { imageName, build: buildOf(one, inputs, context, machine), skipPush: true },
        {
          parent: this,
          dependsOn: [...this.#namesUsed(one, inputs), ...(before ? [before] : [])],
          replaceOnChanges: ["imageName"],
          ignoreChanges: ["build.args"],
        },
      );
      for (const plain of namesOf(one, chain)) this.#name(imageName, plain, image, image.repoDigest);
      images.set(one.name, image);
      before = image;
    }

    this.images = Object.fromEntries([...images].map(([target, { repoDigest }]) => [target, repoDigest]));
    this.registerOutputs({ images: this.images });
  }

  /** Bases that no target before has pulled. One that is written with its digest needs no help. */
  #pullBases({ bases, platform }: TargetInputs): void {
    for (const [base, digest] of Object.entries(bases)) {
      const { registry, repository, digest: written } = parseReference(base);
      if (written !== undefined || this.#named.has(base)) continue;
      const pinned = formatReference({ registry, repository, digest });
      const pulled = new RemoteImage(base, { name: pinned, platform, keepLocally: true }, { parent: this });
      this.#name(pinned, base, pulled, pulled.imageId);
    }
  }

  #name(sourceImage: string, targetImage: string, made: Resource, id: Output<string>): void {
    const tag = new Tag(
      targetImage,
      { sourceImage, targetImage, tagTriggers: [id] },
      { parent: this, dependsOn: made },
    );
    this.#named.set(targetImage, tag);
  }

  /** The names that must be there before a target is built. */
  #namesUsed(one: GraphTarget, { bases }: TargetInputs): readonly Tag[] {
    return [...imagesNamed(one), ...Object.keys(bases)].flatMap((plain) => this.#named.get(plain) ?? []);
  }
}

/** The plugin's arguments of a build: args are in the key, the number of jobs is not. */
function buildOf({ image, stage }: GraphTarget, { platform }: TargetInputs, context: string, machine: MachineShape) {
  const { args, hints, peakGbPerJob } = image.settings;
  const all: Record<string, string> = { ...args };
  if (hints.includes(HINTS.jobs)) all[HINTS.jobs] = String(jobsFor(machine, peakGbPerJob));
  return { context, dockerfile: `${context}/${DOCKERFILE}`, target: stage, platform, args: all };
}

/** Names of images from outside that a target's Dockerfile uses, as written. */
function imagesNamed({ image, stage }: GraphTarget): readonly string[] {
  return imagesUsed(resolveStages(image.dockerfile, optionsFor(image, stage))).map(({ name }) => name);
}

/** A target's own name, and those by which Dockerfiles of the catalogue mean it: `app:run`, `app`. */
function namesOf({ name }: GraphTarget, { graph, catalogue }: Chain): ReadonlySet<string> {
  const meant = [...graph.values()].flatMap(imagesNamed).filter((used) => {
    const parent = findParent(used, catalogue);
    return parent && formatTarget({ image: parent.image.name, stage: parent.stage }) === name;
  });
  return new Set([name, ...meant]);
}
