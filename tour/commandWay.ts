import { join, relative } from "node:path";
import { runPlan } from "../builder/run.ts";
import { googleEnvironment } from "../builder/services.ts";
import { targetToPublish } from "../builder/targetToPublish.ts";
import { readChainIn } from "../chain/chain.ts";
import { makeEnvironment } from "./environment.ts";
import { type Brought, type Order, type Scene, settingsFile, type Way } from "./scene.ts";

/** Pause between two looks at a build, in milliseconds: nobody limits how often one looks at the local cloud. */
const LOOK_MS = 250;

/**
 * Brings the environment up without Pulumi: calls of Google's APIs make the least that builds need, and the builder
 * builds, as `strata build` does. It is what the tour falls back on, and leaves out what only the stack makes.
 */
export function commandWay(scene: Scene): Way {
  return {
    commands: {
      infrastructure: [],
      images: [`npx strata build --settings ${relative(scene.root, settingsFile(scene))}`],
      preview: [],
    },

    async infrastructure() {
      const started = Date.now();
      const settings = await makeEnvironment(scene);
      return { settings, summary: `two registries, a bucket, worker pools and an account in ${secondsSince(started)}` };
    },

    async images({ catalogue, plan, settings, tell }: Order): Promise<Brought> {
      const started = Date.now();
      const chain = await readChainIn(join(scene.root, catalogue), scene.environment);
      const { services } = googleEnvironment(settings, scene.environment);
      const built: string[] = [];
      const { failed } = await runPlan(
        plan,
        (planned, published) => targetToPublish(planned, chain, published, settings.images),
        services,
        settings,
        (event) => {
          if (event.kind === "PUBLISHED") built.push(event.target);
          tell(event);
        },
        { pollMs: LOOK_MS, quotas: {}, onFailure: "cancel", detach: scene.signal },
      );
      for (const error of failed.values()) throw error;
      return { built, all: chain.chain.targets.size, summary: secondsSince(started) };
    },

    preview: async () => undefined,
  };
}

function secondsSince(started: number): string {
  return `${((Date.now() - started) / 1000).toFixed(1)} s`;
}
