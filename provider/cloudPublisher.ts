import { resolve } from "node:path";
import { ensure, start } from "../builder/ensure.ts";
import type { BuildEvent } from "../builder/events.ts";
import { secondsOf } from "../builder/follow.ts";
import type { TargetToPublish } from "../builder/job.ts";
import { type BuildEnvironment, googleEnvironment } from "../builder/services.ts";
import type { BuildSettings } from "../builder/settings.ts";
import { targetToPublish } from "../builder/targetToPublish.ts";
import { type Chain, readChainIn } from "../chain/chain.ts";
import { UserError } from "../chain/errors.ts";
import { planChain } from "../chain/plan.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import type { ImageInputs, ImageOutputs } from "./imageInputs.ts";
import type { Tell } from "./imageProvider.ts";
import type { ImagePublisher } from "./imagePublisher.ts";
import { promote } from "./promotion.ts";

/** Pause between two looks at a build, in milliseconds: Google limits how often a project may look. */
const pollMs = 5000;

/**
 * Publishes on Google Cloud, as whoever runs the command.
 *
 * @param root - the folder that the catalogue's folder is relative to.
 */
export function cloudPublisher(root: string, tell: Tell): ImagePublisher {
  const registry = new OciRegistry();
  const detach = new AbortController();
  const chains = new Map<string, Promise<Chain>>();
  const environments = new Map<string, BuildEnvironment>();
  /** Targets that were not there when this command began: those of the same image take layers of their builds. */
  const missing = new Set<string>();

  /** A catalogue is read once in the life of a command. */
  function chainIn(folder: string): Promise<Chain> {
    const chain = chains.get(folder) ?? readChainIn(resolve(root, folder), process.env);
    chains.set(folder, chain);
    return chain;
  }

  /** Neither is an environment opened once for each image: what it says of its quotas is asked once. */
  function environmentOf(settings: BuildSettings): BuildEnvironment {
    const name = JSON.stringify(settings);
    const environment = environments.get(name) ?? googleEnvironment(settings, process.env);
    environments.set(name, environment);
    return environment;
  }

  async function build(image: ImageInputs, settings: BuildSettings): Promise<ImageOutputs> {
    if (Object.values(image.parents).includes("")) return notYet("", "waits");
    const target = prepared(image, await chainIn(image.catalogue), settings.images, missing);
    const { services } = environmentOf(settings);
    const listener = (event: BuildEvent) => tellOf(event, tell);
    if (image.mode === "submit") {
      const started = await start(target, services, settings, listener);
      if ("digest" in started) return reused(started.digest);
      missing.add(image.target);
      return notYet(started.build.id, "submitted");
    }
    const published = await ensure(target, services, settings, listener, { pollMs, detach: detach.signal });
    if (!published.build) return reused(published.digest);
    missing.add(image.target);
    const { id: buildId } = published.build;
    return { digest: published.digest, buildId, seconds: secondsOf(published.build), outcome: "built" };
  }

  return {
    digestOf: (reference) => registry.digestOf(reference),
    ensure(image) {
      if (image.promoteFrom) return promote(registry, image, image.promoteFrom);
      if (image.build) return build(image, image.build);
      throw new UserError({
        problem: `${image.target} has neither an environment that it is promoted from nor one that it is built in`,
        allowed: "promoteFrom or build",
      });
    },
    cancel: () => detach.abort(),
  };
}

/**
 * What the builder needs, from the catalogue as it is now. The key was decided by the program; should a file have
 * changed since, the image is refused rather than built under the wrong key.
 *
 * @param missing - targets that were built by the same command, so that the minutes are those of its whole plan.
 */
function prepared(
  { target, key, parents, machines }: ImageInputs,
  chain: Chain,
  images: string,
  missing: ReadonlySet<string>,
): TargetToPublish {
  const exists = new Map([...missing, target].map((one) => [one, false]));
  const plan = planChain(chain.graph, chain.chain, { machines, exists });
  const planned = plan.targets.find((one) => one.target === target);
  if (planned?.key === key) return targetToPublish(planned, chain, new Map(Object.entries(parents)), images);
  throw new UserError({
    problem: `the catalogue changed while ${target} was being brought up`,
    value: planned?.key ?? "no such target any more",
    allowed: key,
    fix: "run the command again, and leave the catalogue alone until it has ended",
  });
}

const reused = (digest: string): ImageOutputs => ({ digest, buildId: "", seconds: 0, outcome: "reused" });

const notYet = (buildId: string, outcome: "submitted" | "waits"): ImageOutputs => ({
  digest: "",
  buildId,
  seconds: 0,
  outcome,
});

/** What a person who waits wants to hear, once each; a build's progress is in its log. */
function tellOf(event: BuildEvent, tell: Tell): void {
  const { target, kind } = event;
  if (kind === "QUEUED") tell(`${target}: build ${event.build} is submitted ${event.logUrl ?? ""}`.trimEnd());
  if (kind === "ATTACHED") tell(`${target}: build ${event.build} of the same key runs already, and is followed`);
  if (kind === "VERIFIED") tell(`${target}: its checks have passed`);
  if (kind === "PUBLISHED") tell(`${target}: published after ${Math.round(event.seconds)} s, ${event.digest}`);
}
