import { join } from "node:path";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import type { BuildListener } from "../builder/events.ts";
import type { BuildSettings } from "../builder/settings.ts";
import { dollarsFor } from "../chain/estimate.ts";
import { machineShape } from "../chain/machines.ts";
import type { Plan } from "../chain/plan.ts";
import stackProgram from "../index.ts";
import { configure } from "../local/gcpStandIn/configuration.ts";
import { openStack } from "../local/gcpStandIn/engine.ts";
import { type EngineImage, type EngineReport, runEngine } from "./engineRun.ts";
import { followBuilds } from "./followBuilds.ts";
import type { Brought, Order, Scene, Way } from "./scene.ts";

/** The environment of the tour. */
const ENVIRONMENT = "dev";

/**
 * Brings the environment up with the real Pulumi engine.
 *
 * @param command Pulumi's command, as an absolute path.
 */
export async function pulumiWay(scene: Scene, command: string): Promise<Way> {
  const folder = join(scene.folder, "pulumi");
  const configuration = { ...scene.configuration, "strata:catalogue": scene.catalogue };
  const options = { folder, root: scene.root, environment: ENVIRONMENT, configuration, program: stackProgram, command };
  return new PulumiWay(scene, folder, await openStack(options));
}

class PulumiWay implements Way {
  readonly commands = {
    infrastructure: ["npm run pulumi -- up dev     # with strata:images: none in Pulumi.dev.yaml"],
    images: ["npm run pulumi -- up dev"],
    preview: ["npm run pulumi -- preview dev"],
  };
  private readonly scene: Scene;
  private readonly folder: string;
  private readonly stack: Stack;

  constructor(scene: Scene, folder: string, stack: Stack) {
    this.scene = scene;
    this.folder = folder;
    this.stack = stack;
  }

  async infrastructure() {
    const { changes, outputs, seconds } = await this.run("up", this.scene.catalogue, { "strata:images": "none" });
    const summary = `${counts(changes)} in ${seconds.toFixed(1)} s: registry, buckets, worker pools, accounts and their rights, triggers`;
    return { settings: outputs.build as BuildSettings, summary };
  }

  async images({ catalogue, plan, settings, tell }: Order): Promise<Brought> {
    const seen = new Set<string>();
    const hear: BuildListener = (event) => {
      seen.add(event.target);
      tell(event);
    };
    const stopFollowing = followBuilds(plan, settings, this.scene.environment, hear);
    try {
      const published = (image: EngineImage) => tellPublished(image, plan, hear, seen);
      const { images, changes, seconds } = await this.run("up", catalogue, {}, published);
      const built = images.filter(({ op, outputs }) => op !== "same" && outputs.outcome === "built");
      return {
        built: built.map(({ target }) => target),
        all: images.length,
        summary: `${counts(changes)} in ${seconds.toFixed(1)} s`,
      };
    } finally {
      stopFollowing();
    }
  }

  async preview(catalogue: string) {
    const { images, others, changes } = await this.run("preview", catalogue, {});
    const lines = images
      .filter(({ op }) => op !== "same")
      .map(
        ({ target, op, changed }) => `${op} ${target}: ${changed.filter((name) => name !== "reference").join(", ")}`,
      );
    // The clean-up policies name the keys in use, the triggers the catalogue's folder.
    if (others.length > 0) lines.push(`besides, for other keys in use and another folder: ${others.join(", ")}`);
    return [...lines, counts(changes)];
  }

  private run(
    command: "up" | "preview",
    catalogue: string,
    more: Readonly<Record<string, unknown>>,
    published?: (image: EngineImage) => void,
  ): Promise<EngineReport> {
    const { configuration, signal } = this.scene;
    configure(this.folder, ENVIRONMENT, { ...configuration, ...more, "strata:catalogue": catalogue });
    const log = join(this.scene.folder, "pulumi.log");
    return runEngine(this.stack, command, { log, signal, ...(published && { published }) });
  }
}

/** @param seen - targets of which something was told; a build that was over between two looks is told here alone. */
function tellPublished(
  { target, op, outputs }: EngineImage,
  plan: Plan,
  tell: BuildListener,
  seen: ReadonlySet<string>,
): void {
  const { digest, buildId: build = "" } = outputs;
  if (op === "same" || typeof digest !== "string" || digest === "") return;
  const seconds = Number(outputs.seconds);
  const shape = machineShape(plan.targets.find((one) => one.target === target)?.machine ?? "");
  const dollars = shape === undefined ? 0 : dollarsFor(shape, seconds / 60);
  if (build !== "" && !seen.has(target)) tell({ kind: "QUEUED", target, build: String(build) });
  tell({ kind: "PUBLISHED", target, build: String(build), digest, seconds, dollars });
}

const WORDS: Readonly<Record<string, string>> = { create: "created", update: "changed", same: "unchanged" };

/** "3 to change, 62 unchanged": resources by what was done with them. */
function counts(changes: Readonly<Record<string, number>>): string {
  const parts = Object.entries(changes).map(([op, count]) => `${count} ${WORDS[op] ?? op}`);
  return `resources: ${parts.join(", ")}`;
}
