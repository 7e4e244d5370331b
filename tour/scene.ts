import { join } from "node:path";
import type { BuildListener } from "../builder/events.ts";
import type { BuildSettings } from "../builder/settings.ts";
import type { Plan } from "../chain/plan.ts";
import type { Configuration } from "../local/gcpStandIn/configuration.ts";
import type { LocalCloud } from "../local/server.ts";
import type { Narrator } from "./narrator.ts";
import type { TourPage } from "./page.ts";

/** Who runs the builds of a tour: a player that runs no step, or BuildKit. */
export type Worker = "simulated" | "docker";

/** What every act has to do with. */
export interface Scene {
  /** The repository. */
  readonly root: string;
  /** What the tour keeps: made anew by every tour, left there for a look at its end. */
  readonly folder: string;
  readonly narrator: Narrator;
  readonly cloud: LocalCloud;
  /** This process's variables, turned to the local cloud. */
  readonly environment: NodeJS.ProcessEnv;
  /** What the environment `dev` configures. */
  readonly configuration: Configuration;
  /** The folder of images, relative to the repository. */
  readonly catalogue: string;
  readonly worker: Worker;
  /** The page, where one is wanted. */
  readonly page?: TourPage;
  /** Aborted when the tour is to end early. */
  readonly signal: AbortSignal;
}

/** The file that tells commands by hand where and as whom builds run: what the stack's output `build` has. */
export function settingsFile({ folder }: Scene): string {
  return join(folder, "build.json");
}

/** What is to be built, and where. */
export interface Order {
  /** The folder of images, relative to the repository. */
  readonly catalogue: string;
  /** What is expected to be built. */
  readonly plan: Plan;
  readonly settings: BuildSettings;
  /** Hears how the builds get on. */
  readonly tell: BuildListener;
}

/** What bringing the images up came to. */
export interface Brought {
  /** Targets that were built, and how many there are. */
  readonly built: readonly string[];
  readonly all: number;
  /** One line that says what was done and in how many seconds. */
  readonly summary: string;
}

/** How an environment is brought up: by Pulumi, or where that cannot be had by the command line alone. */
export interface Way {
  /** The commands that do the same by hand. */
  readonly commands: {
    readonly infrastructure: readonly string[];
    readonly images: readonly string[];
    readonly preview: readonly string[];
  };
  /** Makes what the builds need; returns where and as whom they run, and a line about what was made. */
  infrastructure(): Promise<{ readonly settings: BuildSettings; readonly summary: string }>;
  /** Builds what is not published. */
  images(order: Order): Promise<Brought>;
  /** What an update with this catalogue would build, a line each, asking and writing nothing; undefined if it cannot say. */
  preview(catalogue: string): Promise<readonly string[] | undefined>;
}
