import { setTimeout as sleep } from "node:timers/promises";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { engineTest } from "./engine.ts";
import { imagesOf, type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterAll(() => scene?.close());

const published = /@sha256:[0-9a-f]{64}$/;

/** Waits until Cloud Build has no build that is not over. */
async function buildsEnded(): Promise<void> {
  const { documents } = scene.engine.cloud.cloud;
  while (documents.list("cloudbuild.unfinished").length > 0) await sleep(50);
}

engineTest(
  "a preview before there is anything shows every image, children too, as to be made, and writes nothing",
  async () => {
    const first = await scene.environment("first");
    const start = scene.now();
    const made: string[] = [];
    await first.preview({
      onEvent: ({ resourcePreEvent }) => {
        const { op, type, urn } = resourcePreEvent?.metadata ?? {};
        if (type === "strata:index:Image") made.push(`${op} ${urn?.split("::").at(-1)}`);
      },
    });
    expect(made.sort()).toEqual(["create app:run", "create base:run", "create other:run", "create tool:run"]);
    expect(scene.since(start).filter(({ write }) => write)).toEqual([]);
  },
  120_000,
);

engineTest(
  "an environment that submits does not wait; each next up takes what is built and submits what waited, once",
  async () => {
    const submits = await scene.environment("submits", { "strata:images": "submit" });
    const start = scene.now();
    const first = imagesOf((await submits.up()).outputs);
    expect(first).toMatchObject({ "app:run": "not published yet", "tool:run": "not published yet" });
    expect(scene.submitted(start)).toHaveLength(2);

    await buildsEnded();
    const second = imagesOf((await submits.up()).outputs);
    expect(second).toMatchObject({ "base:run": expect.stringMatching(published), "tool:run": "not published yet" });
    expect(scene.submitted(start)).toHaveLength(3);

    await buildsEnded();
    await submits.up();
    await buildsEnded();
    expect((await submits.refresh()).summary.resourceChanges?.delete ?? 0).toBe(0);
    const last = imagesOf((await submits.up()).outputs);
    for (const image of Object.values(last)) expect(image).toMatch(published);
    expect(scene.submitted(start)).toHaveLength(4);
  },
  600_000,
);

engineTest(
  "an up that is cancelled leaves its build alone, and the next one follows that build",
  async () => {
    // Long enough to be running still when the second command comes to it.
    scene.catalogue.write(
      "other/image.yaml",
      "description: Takes its time\nmachine: e2-standard-8\nexpectedMinutes: 300\n",
    );
    scene.catalogue.write("base/image.yaml", "description: Quick\nmachine: e2-standard-8\nexpectedMinutes: 1\n");
    const cancelled = await scene.environment("cancels");
    const start = scene.now();
    const cancel = new AbortController();
    const first = cancelled.up({ signal: cancel.signal });
    const ended = expect(first).rejects.toThrow();
    const other = () => scene.submitted(start).length > 0;
    while (!other()) await sleep(50);
    cancel.abort();
    await ended;
    await cancelled.cancel().catch(() => undefined);

    const said: string[] = [];
    const onEvent = ({ diagnosticEvent }: EngineEvent) => void said.push(diagnosticEvent?.message ?? "");
    const { outputs } = await cancelled.up({ onEvent });
    for (const image of Object.values(imagesOf(outputs))) expect(image).toMatch(published);
    expect(scene.submitted(start)).toHaveLength(4);
    expect(said.join("")).toMatch(/other:run: build \S+ of the same key runs already, and is followed/);
  },
  300_000,
);

engineTest(
  "two environments of the same keys come up side by side in one project, each with builds of its own",
  async () => {
    scene.catalogue.write("other/image.yaml", "description: Quick now\nmachine: e2-standard-8\nexpectedMinutes: 1\n");
    const start = scene.now();
    const [east, west] = [await scene.environment("east"), await scene.environment("west")];
    const [one, two] = await Promise.all([east.up(), west.up()]);
    expect(scene.submitted(start)).toHaveLength(8);
    for (const [outputs, name] of [
      [one.outputs, "east"],
      [two.outputs, "west"],
    ] as const) {
      expect(Object.keys(imagesOf(outputs))).toHaveLength(4);
      for (const image of Object.values(imagesOf(outputs))) expect(image).toContain(`/strata-${name}-images/`);
    }
    await west.destroy();
    expect((await east.refresh()).summary.resourceChanges?.delete ?? 0).toBe(0);
    expect(Object.keys((await east.up()).summary.resourceChanges ?? {})).toEqual(["same"]);
  },
  400_000,
);
