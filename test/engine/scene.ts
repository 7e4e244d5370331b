import type { OutputMap, Stack } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";
import type { JournalEntry } from "../../local/http/journal.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Engine, startEngine } from "./engine.ts";

/** An engine, a catalogue of four images in a temporary folder, and environments that build them. */
export interface Scene {
  readonly engine: Engine;
  readonly catalogue: TestCatalogue;
  /** An environment of the whole program; `config` adds to what every environment is set to. */
  environment(name: string, config?: Readonly<Record<string, string>>): Promise<Stack>;
  /** The number of the latest request: where `since` and `submitted` begin to count. */
  now(): number;
  since(start: number): readonly JournalEntry[];
  /** Builds that were accepted. */
  submitted(start: number): readonly JournalEntry[];
  close(): Promise<void>;
}

/** The settings without which no environment builds. */
export const settings = (catalogue: TestCatalogue): Readonly<Record<string, string>> => ({
  "gcp:project": "acme-images",
  "gcp:region": "us-east4",
  "strata:catalogue": catalogue.folder,
  "strata:tool": "us-east4-docker.pkg.dev/acme-images/tools/strata:1",
});

/** Starts it all in temporary folders, with the projects acme-images and acme-staging. */
export async function startScene(): Promise<Scene> {
  const engine = await startEngine(["acme-images", "acme-staging"]);
  const catalogue = testCatalogue();
  const { journal } = engine.cloud.cloud;
  return {
    engine,
    catalogue,
    environment: (name, config) => engine.stack(name, { ...settings(catalogue), ...config }, program),
    now: () => journal.count,
    since: (start) => journal.since(start),
    submitted: (start) =>
      journal.since(start).filter(({ method, status }) => method.endsWith("builds.create") && status === 200),
    async close() {
      await engine.close();
      catalogue.remove();
    },
  };
}

/** The images that an environment says it has, by target. */
export function imagesOf(outputs: OutputMap): Readonly<Record<string, string>> {
  return outputs.images?.value ?? {};
}
