import type { Chain } from "../chain/chain.ts";
import { packContext } from "../chain/context/pack.ts";
import { imagesUsed } from "../chain/dockerfile/imagesUsed.ts";
import { resolveStages } from "../chain/dockerfile/stages.ts";
import { UserError } from "../chain/errors.ts";
import { declaredMinutes } from "../chain/estimate.ts";
import { findParent, optionsFor } from "../chain/graph.ts";
import type { PlannedTarget } from "../chain/plan.ts";
import { parseReference } from "../chain/reference.ts";
import { formatTarget, publishedReference } from "../chain/target.ts";
import { HINTS, type TargetToPublish } from "./job.ts";

/**
 * Everything that it takes to publish a planned target.
 * @param published digests of its parents, by target
 * @param images address of the repository that images are published in
 */
export function targetToPublish(
  planned: PlannedTarget,
  { catalogue, graph, chain }: Chain,
  published: ReadonlyMap<string, string>,
  images: string,
): TargetToPublish {
  const one = graph.get(planned.target);
  const collected = chain.targets.get(planned.target);
  if (one === undefined || collected === undefined) throw new Error(`${planned.target} is not in the chain`);
  const { image, stage, name } = one;
  const { inputs, contextPaths } = collected;
  const { hints, args, verify } = image.settings;
  const imageOf = (used: string): string => {
    const parent = findParent(used, catalogue);
    if (parent === undefined) {
      const { registry, repository } = parseReference(used);
      return `${registry}/${repository}@${inputs.bases[used]}`;
    }
    const target = formatTarget({ image: parent.image.name, stage: parent.stage });
    const digest = published.get(target);
    if (digest === undefined) {
      throw new UserError({
        problem: `${name} cannot be built, because its parent is not in the registry`,
        value: target,
        fix: "plan again: the parent was published when the plan was made, and is gone",
      });
    }
    return `${repositoryOf(images, target)}@${digest}`;
  };
  const used = imagesUsed(resolveStages(image.dockerfile, optionsFor(image, stage))).map(
    ({ name: written }) => written,
  );
  return {
    target: name,
    key: inputs.key,
    reference: publishedReference(images, name, inputs.key),
    inputs,
    dockerfile: image.dockerfileBytes,
    stage,
    siblings: image.targets.filter((one) => one !== stage),
    args,
    hints: hints.includes(HINTS.jobs) ? { [HINTS.jobs]: String(planned.jobs) } : {},
    compiles: hints.includes(HINTS.compilerCache),
    checks: verify,
    // Bases that no instruction names are pinned, too: the image that a `# syntax=` line names is one.
    images: Object.fromEntries([...new Set([...used, ...Object.keys(inputs.bases)])].map((one) => [one, imageOf(one)])),
    machine: image.settings.machine,
    poolMachine: planned.machine,
    expectedMinutes: planned.minutes,
    coldMinutes: declaredMinutes(image.settings, planned.machine),
    pack: (file) => packContext(image.context, contextPaths, file),
  };
}

function repositoryOf(images: string, target: string): string {
  const { registry, repository } = parseReference(publishedReference(images, target, "any"));
  return `${registry}/${repository}`;
}
