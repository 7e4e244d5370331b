import { createHash } from "node:crypto";
import { ComponentResource, type ComponentResourceOptions, type Input, type Output, output } from "@pulumi/pulumi";
import type { BuildSettings } from "../builder/settings.ts";
import type { TargetInputs } from "../chain/inputs.ts";
import type { Plan } from "../chain/plan.ts";
import { formatReference, parseReference } from "../chain/reference.ts";
import { publishedReference } from "../chain/target.ts";
import { Image } from "../provider/Image.ts";

export interface ImageChainArgs {
  /** Targets in an order in which parents come before their children. */
  readonly plan: Plan;
  /** Inputs by target, for the preview to say what changed. */
  readonly inputs: ReadonlyMap<string, TargetInputs>;
  /** The catalogue's folder, relative to the repository. */
  readonly catalogue: string;
  /** Machines used in place of those that the catalogue names. */
  readonly machines: Readonly<Record<string, string>>;
  /** Address of the registry that images are published to. */
  readonly registry: Input<string>;
  /** Whether `pulumi up` waits for builds. */
  readonly mode: "wait" | "submit";
  /** Where images are built; for an environment that builds. */
  readonly build?: Input<BuildSettings>;
  /** Address of the registry that images are promoted from; for an environment that never builds. */
  readonly promoteFrom?: Input<string>;
}

/**
 * One resource for each target of the chain. A child gets its parents' digests, so Pulumi builds siblings in parallel
 * and children after their parents; a target waits for the one of its image whose layers it takes. Keys are known before
 * anything is built, so a preview shows the whole cascade.
 */
export class ImageChain extends ComponentResource {
  /** Each target as published: `REGISTRY/PATH@sha256:…`. */
  readonly images: Readonly<Record<string, Output<string>>>;

  constructor(name: string, args: ImageChainArgs, options?: ComponentResourceOptions) {
    super("strata:index:ImageChain", name, {}, options);

    const made = new Map<string, Image>();
    for (const { target, key, parents, sharesWith } of args.plan.targets) {
      const inputs = args.inputs.get(target);
      if (key === undefined || !inputs) continue;
      const digests = parents.flatMap((parent) => {
        const image = made.get(parent);
        return image ? [[parent, image.digest] as const] : [];
      });
      // Built at the same time, both would do the steps that they have in common; a copy has no steps.
      const before = args.build && sharesWith !== undefined ? made.get(sharesWith) : undefined;
      const image = new Image(
        target,
        {
          target,
          key,
          reference: output(args.registry).apply((address) => publishedReference(address, target, key)),
          inputs: inShort(inputs),
          parents: Object.fromEntries(digests),
          catalogue: args.catalogue,
          machines: args.machines,
          mode: args.mode,
          ...(args.build && { build: args.build }),
          ...(args.promoteFrom && { promoteFrom: withoutTag(args.promoteFrom, target) }),
        },
        { parent: this, ...(before && { dependsOn: before }) },
      );
      made.set(target, image);
    }

    this.images = Object.fromEntries([...made].map(([target, image]) => [target, pinned(image)]));
    this.registerOutputs({ images: this.images });
  }
}

function pinned({ reference, digest }: Image): Output<string> {
  return output([reference, digest]).apply(([where = "", what = ""]) => {
    const { registry, repository } = parseReference(where);
    return what === "" ? "not published yet" : formatReference({ registry, repository, digest: what });
  });
}

function withoutTag(address: Input<string>, target: string): Output<string> {
  return output(address).apply((registry) => publishedReference(registry, target, "").replace(/:$/, ""));
}

/** What a key was computed from, one line for each thing that can change by itself. */
function inShort({ instructions, args, files, parents, bases, platform, epoch, algorithm }: TargetInputs) {
  const lines: [string, string][] = [
    ["algorithm", algorithm],
    ["platform", platform],
    ["epoch", `${epoch}`],
    ...Object.entries(args).map(([arg, value]): [string, string] => [`ARG ${arg}`, value]),
    ...Object.entries(parents).map(([parent, key]): [string, string] => [`parent ${parent}`, key.slice(0, 12)]),
    ...Object.entries(bases).map(([base, digest]): [string, string] => [`base ${base}`, digest]),
    ...files.map((file): [string, string] => [
      `file ${file.path}`,
      "link" in file ? `link to ${file.link}` : `${file.mode} ${file.sha256.slice(0, 12)}`,
    ]),
  ];
  const stages = Map.groupBy(instructions, ({ stage }) => stage);
  for (const [stage, used] of stages) {
    for (const [index, { text }] of used.entries()) lines.push([`${stage} ${index + 1}`, brief(text)]);
  }
  return Object.fromEntries(lines);
}

/** An instruction of one line that a preview has room for. */
function brief(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 180)}… (${text.length} characters, sha256 ${sha256(text)})`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
