import { once } from "node:events";
import { mkdirSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { UserError } from "../chain/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { environmentOf } from "../local/environment.ts";
import { type Configuration, configurationOf } from "../local/gcpStandIn/configuration.ts";
import { type LocalCloud, startLocalCloud } from "../local/server.ts";
import { tryLock } from "../toolbox/lock.ts";
import { playActs } from "./acts.ts";
import { commandWay } from "./commandWay.ts";
import type { Narrator } from "./narrator.ts";
import { TourPage } from "./page.ts";
import { pulumiWay } from "./pulumiWay.ts";
import { makeRealCatalogue, readyRealBuilds } from "./realChain.ts";
import type { Scene, Worker } from "./scene.ts";
import { readyPulumi } from "./setUp.ts";

/** How a tour is played. */
export interface TourOptions {
  /** The repository. */
  readonly root: string;
  /** What the tour keeps: emptied first. */
  readonly folder: string;
  readonly worker: Worker;
  /** The port of the page on 127.0.0.1, 0 for a free one; undefined for no page. */
  readonly pagePort?: number;
  /** Aborted when the tour is to end early. */
  readonly signal: AbortSignal;
}

/**
 * Plays the tour: a local Google Cloud, the environment `dev`, the plan, the builds, the second run, an edit.
 *
 * @returns the exit code: 1 where an act had to be left out.
 */
export async function playTour(options: TourOptions, narrator: Narrator): Promise<number> {
  const { root, folder, signal } = options;
  const lock = takeFolder(folder);
  const page =
    options.pagePort === undefined ? undefined : new TourPage(options.worker === "simulated", options.pagePort);
  let cloud: LocalCloud | undefined;
  try {
    const pulumi = await readyPulumi(narrator).catch((error: unknown) => {
      if (signal.aborted || !(error instanceof UserError)) throw error;
      return error;
    });
    if (options.worker === "docker") await readyRealBuilds(narrator);
    if (pulumi instanceof UserError) tellMissing(narrator, pulumi);
    else if (pulumi.passedOver) narrator.say(pulumi.passedOver);
    const configuration = settingsFor(options.worker, configurationOf(root, "dev"));
    cloud = await cloudAct(options, String(configuration["gcp:project"]), narrator, pulumi instanceof UserError);
    const environment = { ...process.env, ...environmentOf(cloud.origin, cloud.operatorToken) };
    // The stack's program runs in this process, and asks the registry itself.
    Object.assign(process.env, environment);
    const catalogue = String(configuration["strata:catalogue"] ?? "dockerfiles");
    const seeds: Scene = { ...options, narrator, cloud, environment, configuration, catalogue, ...(page && { page }) };
    const scene = options.worker === "docker" ? { ...seeds, catalogue: await makeRealCatalogue(seeds) } : seeds;
    await playActs(scene, pulumi instanceof UserError ? commandWay(scene) : await pulumiWay(scene, pulumi.path));
    epilogue(scene, pulumi instanceof UserError);
    if (page?.url) await keepPage(narrator, page.url, signal);
    return pulumi instanceof UserError ? EXIT.problem : EXIT.done;
  } finally {
    narrator.settle();
    await page?.close();
    await cloud?.close();
    lock.release();
  }
}

/** The chain that is built for real has machines of its own, so there are none to substitute. */
function settingsFor(worker: Worker, { "strata:machines": machines, ...others }: Configuration): Configuration {
  return worker === "simulated" && machines !== undefined ? { ...others, "strata:machines": machines } : others;
}

/** Empties the folder, when no other tour is in it. */
function takeFolder(folder: string) {
  mkdirSync(folder, { recursive: true });
  const lock = tryLock(`${folder}.lock`);
  if (lock === undefined) {
    throw new UserError({
      problem: "another tour is being played in this folder",
      value: folder,
      fix: "wait for its end or press Ctrl-C there; or play this one elsewhere: npm start -- --directory <folder>",
    });
  }
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return lock;
}

function tellMissing(narrator: Narrator, { message }: UserError): void {
  narrator.warn(`Pulumi's command cannot be had on this machine: ${message}`);
  narrator.warn("  or:       install Pulumi itself; a version that is new enough on the PATH is used");
  narrator.warn("The tour goes on without it: the builder alone builds, as `strata build` does.");
}

async function cloudAct(
  { root, folder, worker }: TourOptions,
  project: string,
  narrator: Narrator,
  alone: boolean,
): Promise<LocalCloud> {
  const directory = join(folder, "cloud");
  narrator.begin(
    "Google Cloud on this machine",
    "A server on 127.0.0.1 that answers the APIs that strata calls. Nothing leaves this machine, nothing costs anything.",
    `npx strata local up --project ${project}`,
  );
  const started = Date.now();
  const cloud = await startLocalCloud({
    directory,
    projects: [project],
    services: alone ? "all" : "initial",
    settings: { worker: worker === "docker" ? "buildkit" : "simulated" },
  });
  narrator.result(`${cloud.origin} after ${Date.now() - started} ms; its state is in ${relative(root, directory)}`);
  return cloud;
}

/** Leaves the page, and the local cloud, until Ctrl-C. */
async function keepPage(narrator: Narrator, url: string, signal: AbortSignal): Promise<void> {
  narrator.title("", `The page stays at ${url} until Ctrl-C.`);
  if (!signal.aborted) await once(signal, "abort");
}

function epilogue({ narrator, root, folder }: Scene, alone: boolean): void {
  const next: readonly (readonly [command: string, what: string])[] = [
    ...(alone ? [] : [[relative(root, join(folder, "pulumi.log")), "all that Pulumi printed"] as const]),
    ["npx strata plan --against HEAD", "edit something under dockerfiles/, then ask what it would rebuild"],
    ["npx strata explain <image>", "everything that is in a key (inputs), and why it changed"],
    ["npx strata local up", "the local Google Cloud, to keep …"],
    ["npm run pulumi -- up dev", "… and the environment dev on it"],
    ["npm start -- --serve", "this tour with a page that shows the builds while they run"],
    ["npm start -- --worker docker", "this tour with a small chain that is compiled for real"],
    ["docs/concepts.md", "keys, plans, tiers, trust"],
    ["docs/getting-started.md", "from here to a real Google project"],
  ];
  const width = Math.max(...next.map(([command]) => command.length));
  narrator.title("\nWhere to look next", ...next.map(([command, what]) => `     ${command.padEnd(width)}  ${what}`));
  if (alone)
    narrator.title("\nLeft out: the acts of the Pulumi engine, because its command cannot be had (see above).");
}
