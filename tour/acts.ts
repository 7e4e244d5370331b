import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { BuildEvent } from "../builder/events.ts";
import type { BuildSettings } from "../builder/settings.ts";
import { type Chain, readChainIn } from "../chain/chain.ts";
import { type Plan, planChain } from "../chain/plan.ts";
import { buildScreen } from "../cli/render/buildLive.ts";
import { runCli } from "../cli/run.ts";
import { type EditedCopy, editedCopy } from "./editedCopy.ts";
import { indentedTerminal } from "./narrator.ts";
import { type Order, type Scene, settingsFile, type Way } from "./scene.ts";

/** How many acts there are; the first, the local cloud, is played before there is a scene. */
export const ACTS = 6;

/** Plays the acts that follow the local cloud. */
export async function playActs(scene: Scene, way: Way): Promise<void> {
  const { signal, catalogue } = scene;
  const settings = await environmentAct(scene, way);
  signal.throwIfAborted();
  await planAct(scene);
  signal.throwIfAborted();
  const plan = await imagesAct(scene, way, settings);
  signal.throwIfAborted();
  await againAct(scene, way, { catalogue, plan, settings, tell: () => {} });
  signal.throwIfAborted();
  await editAct(scene, way, settings);
  signal.throwIfAborted();
}

async function environmentAct(scene: Scene, way: Way): Promise<BuildSettings> {
  const { narrator } = scene;
  narrator.begin(
    "The environment",
    "Registry, buckets, worker pools, accounts, triggers: what builds need, from Pulumi.dev.yaml, without images yet.",
    ...way.commands.infrastructure,
  );
  const waiting = narrator.wait("bringing it up", "5 s");
  const { settings, summary } = await way.infrastructure();
  waiting.done();
  writeFileSync(settingsFile(scene), JSON.stringify(settings));
  narrator.result(summary);
  return settings;
}

async function planAct(scene: Scene): Promise<void> {
  const { narrator, root, catalogue, environment } = scene;
  const command = ["plan", "--catalogue", catalogue, "--settings", relative(root, settingsFile(scene))];
  narrator.begin(
    "The plan",
    "A target's key is a hash of all that goes into it. The registry is asked which keys it has; the rest is built.",
    `npx strata ${command.join(" ")}`,
  );
  await runCli(command, { ...indentedTerminal(narrator.terminal), env: environment });
}

async function imagesAct(scene: Scene, way: Way, settings: BuildSettings): Promise<Plan> {
  const { narrator, worker, catalogue } = scene;
  narrator.begin(
    "The images",
    worker === "simulated"
      ? "Parents first, siblings at once. These builds are SIMULATED: no step runs, one minute passes in a tenth of a second."
      : "Parents first, siblings at once. These builds are real: BuildKit compiles RE2 with the C++ compiler of this machine's Debian.",
    ...way.commands.images,
  );
  const { built, summary, plan } = await bringUp(scene, way, settings, catalogue, new Map());
  const kind = worker === "simulated" ? "simulated" : "built, verified";
  narrator.result(`${built.length} images ${kind} and published; ${summary}`);
  return plan;
}

async function againAct({ narrator }: Scene, way: Way, order: Order): Promise<void> {
  narrator.begin("Once more", "Nothing has changed, so nothing is built.", ...way.commands.images);
  const waiting = narrator.wait("the same again");
  const { built, all, summary } = await way.images(order);
  waiting.done();
  if (built.length > 0) narrator.warn(`${built.length} of ${all} images were built again: ${built.join(", ")}`);
  else narrator.result(`0 of ${all} images built; ${summary}`);
}

async function editAct(scene: Scene, way: Way, settings: BuildSettings): Promise<void> {
  const { narrator, root, folder, catalogue, worker } = scene;
  const chain = await readChainIn(join(root, catalogue), scene.environment);
  const copy = editedCopy(join(root, catalogue), join(folder, "edited"), chain);
  if (copy === undefined) {
    narrator.begin("One line changes", "No file of this catalogue is read for some of its images only.");
    return;
  }
  const edited = relative(root, copy.catalogue);
  const planned = ["plan", "--catalogue", edited, "--against", "HEAD", ...youngest(chain)];
  narrator.begin(
    "One line changes",
    "In a copy of the catalogue; yours stays as it is. What would be rebuilt, and why?",
    `echo '${copy.line}' >>${join(edited, copy.file)}`,
    ...(copy.committed ? [`npx strata ${planned.join(" ")}`] : []),
  );
  if (copy.committed) await runCli(planned, { ...indentedTerminal(narrator.terminal), env: scene.environment });
  scene.signal.throwIfAborted();
  if (worker === "docker") await rebuild(scene, way, settings, copy);
  else await preview(scene, way, edited);
}

/** Images that no other is built on, so that they stand for all that can be keyed; none where all can. */
function youngest({ graph, chain }: Chain): readonly string[] {
  if (chain.refused.size === 0) return [];
  const keyed = [...graph.values()].filter(({ name }) => chain.targets.has(name));
  const parents = new Set(keyed.flatMap((target) => target.parents));
  return [...new Set(keyed.filter(({ name }) => !parents.has(name)).map(({ image }) => image.name))];
}

/** What the engine itself would do about the edit. */
async function preview({ narrator }: Scene, way: Way, edited: string): Promise<void> {
  const waiting = narrator.wait("asking the engine");
  const lines = await way.preview(edited);
  waiting.done();
  if (lines === undefined) return;
  narrator.say("");
  narrator.say("The same in a preview of the real engine, which builds and writes nothing:");
  for (const command of way.commands.preview) narrator.say(`$ ${command}`);
  for (const line of lines) narrator.result(line);
}

/** Builds the edited copy: with a worker that builds for real it takes seconds. */
async function rebuild(scene: Scene, way: Way, settings: BuildSettings, copy: EditedCopy): Promise<void> {
  const before = await readChainIn(join(scene.root, scene.catalogue), scene.environment);
  const keys = new Map([...before.chain.targets].map(([name, { inputs }]) => [name, inputs.key]));
  const { built, all, summary } = await bringUp(scene, way, settings, relative(scene.root, copy.catalogue), keys);
  scene.narrator.result(`${built.length} of ${all} images built again: ${[...built].sort().join(", ")}; ${summary}`);
}

/**
 * Builds a catalogue, and shows each build while it runs.
 *
 * @param published the keys that are published already, by target.
 */
async function bringUp(
  { root, narrator, configuration, environment, worker, page }: Scene,
  way: Way,
  settings: BuildSettings,
  catalogue: string,
  published: ReadonlyMap<string, string>,
) {
  // As a person names it: what is wrong with an image is shown with the path of its file.
  const { graph, chain } = await readChainIn(relative(process.cwd(), join(root, catalogue)), environment);
  const isThere = ([target, { inputs }]: [string, { inputs: { key: string } }]) =>
    [target, published.get(target) === inputs.key] as const;
  const machines = configuration["strata:machines"] as Readonly<Record<string, string>> | undefined;
  const exists = new Map([...chain.targets].map(isThere));
  const plan = planChain(graph, chain, { exists, ...(machines && { machines }) });
  const tellPage = await page?.watch(plan);
  if (page?.url) narrator.result(`The page of these builds, live: ${page.url}`);
  const screen = buildScreen(plan, indentedTerminal(narrator.terminal));
  const over = new Set<string>();
  const tell = (event: BuildEvent) => {
    if (over.has(event.target)) return;
    if (event.kind === "PUBLISHED") over.add(event.target);
    tellPage?.(event);
    // A log is not filled with the steps of what is only played.
    if (event.kind === "BUILDING" && worker === "simulated" && !narrator.live) return;
    screen.tell(event);
  };
  try {
    return { ...(await way.images({ catalogue, plan, settings, tell })), plan };
  } finally {
    screen.close();
  }
}
