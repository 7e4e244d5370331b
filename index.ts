import { readFileSync } from "node:fs";
import { availableParallelism, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { all, type Input, log, StackReference } from "@pulumi/pulumi";
import { machinesIn } from "./chain/catalogue.ts";
import { type Chain, readChainIn } from "./chain/chain.ts";
import { type Plan, planChain } from "./chain/plan.ts";
import { announcePlan } from "./components/announcePlan.ts";
import { ImageChain } from "./components/ImageChain.ts";
import { Infrastructure } from "./components/Infrastructure.ts";
import { WorkstationImages } from "./components/WorkstationImages.ts";
import { unpackContexts } from "./components/workstationContexts.ts";
import { readSettings, type Settings } from "./settings.ts";

/** One environment: settings, then infrastructure, then images, then what others need to know of it. */
export default async function stack() {
  const settings = readSettings();
  const chain = await readChainIn(settings.catalogue, process.env);
  // Planned as if nothing were published: in an order that is right whichever images turn out to be missing.
  const exists = new Map([...chain.chain.targets.keys()].map((target) => [target, false]));
  const plan = planChain(chain.graph, chain.chain, { machines: settings.machines, exists });
  for (const { target, action, reasons } of plan.targets) {
    if (action === "refused") log.warn(`${target} is left out: ${reasons.map(({ text }) => text).join("; ")}`);
  }
  return settings.builder === "docker" ? onThisMachine(chain) : onGoogleCloud(settings, chain, plan);
}

/** Built by this machine's Docker and kept in it; nothing else is needed. */
async function onThisMachine(chain: Chain) {
  const contexts = await unpackContexts(chain, ".strata/contexts");
  const machine = { name: hostname(), vCpus: availableParallelism(), memoryGb: totalmem() / 2 ** 30 };
  const { images } = new WorkstationImages("images", { chain, contexts, machine });
  return { images };
}

function onGoogleCloud(settings: Settings, chain: Chain, plan: Plan) {
  const { registry, store, build } = new Infrastructure("infrastructure", {
    settings,
    machines: machinesIn(chain.catalogue),
    persistent: baseTier(chain),
    inUse: plan.targets.flatMap(({ key }) => (key === undefined ? [] : [key])),
    readsBeside: [...chain.catalogue.images.values()].some((image) => image.settings.context === ".."),
    cloudBuild: readFileSync(join(import.meta.dirname, "cloudbuild.yaml"), "utf8"),
  });
  if (settings.images === "none") return { registry: registry.images, build };
  // Images wait for their address, so it is told what is missing before the first of them is looked after.
  const announced = all([registry.images, store.bucket]).apply(([address, bucket]) =>
    announcePlan(address, bucket, chain, settings),
  );
  const { images } = new ImageChain("images", {
    plan,
    inputs: new Map([...chain.chain.targets].map(([target, { inputs }]) => [target, inputs])),
    catalogue: settings.catalogue,
    machines: settings.machines,
    registry: announced,
    mode: settings.images,
    ...(settings.promoteFrom ? { promoteFrom: registryOf(settings.promoteFrom) } : { build }),
  });
  return { registry: registry.images, build, images };
}

/** Images without a parent in the catalogue that others are built on: what takes longest, and changes least. */
function baseTier({ graph }: Chain): readonly string[] {
  const parents = new Set([...graph.values()].flatMap((target) => target.parents));
  const bases = [...graph.values()].filter(({ tier, name }) => tier === 0 && parents.has(name));
  return [...new Set(bases.map(({ image }) => image.name))];
}

function registryOf(environment: NonNullable<Settings["promoteFrom"]>): Input<string> {
  return new StackReference(environment).requireOutput("registry");
}
