import type { Stack } from "@pulumi/pulumi/automation/index.js";
import program from "../../index.ts";
import { engineTest } from "./engine.ts";
import { imagesOf, type Scene, settings, startScene } from "./scene.ts";

let scene: Scene;
let dev: Stack;
beforeAll(async () => {
  scene = await startScene();
  dev = await scene.environment("dev");
}, 120_000);
afterAll(() => scene?.close());

/** An environment that takes what dev has built, and so needs no tool to build with. */
function production(): Promise<Stack> {
  const { "strata:tool": _, ...common } = settings(scene.catalogue);
  return scene.engine.stack("prod", { ...common, "strata:promoteFrom": "dev" }, program);
}

engineTest(
  "the first up builds every image, parents before children, and says where they are",
  async () => {
    const { outputs } = await dev.up();
    const images = imagesOf(outputs);
    expect(Object.keys(images).sort()).toEqual(["app:run", "base:run", "other:run", "tool:run"]);
    for (const [target, image] of Object.entries(images)) {
      const path = `${scene.engine.cloud.cloud.host}/acme-images/strata-dev-images/${target.replace(":", "/")}`;
      expect(image.split("@")[0]).toBe(path);
      expect(image.split("@")[1]).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    expect(scene.submitted(0)).toHaveLength(4);
    expect(scene.since(0).filter(({ refused }) => refused)).toEqual([]);
  },
  120_000,
);

engineTest(
  "a second up has nothing to do",
  async () => {
    const start = scene.now();
    const { summary } = await dev.up();
    expect(Object.keys(summary.resourceChanges ?? {})).toEqual(["same"]);
    expect(scene.submitted(start)).toEqual([]);
  },
  60_000,
);

engineTest(
  "an edit of one file is previewed as that image and its descendants, and writes nothing",
  async () => {
    const start = scene.now();
    scene.catalogue.write("app/data", "changed\n");
    const seen: string[] = [];
    const said: string[] = [];
    await dev.preview({
      onEvent: ({ resourcePreEvent, diagnosticEvent }) => {
        said.push(diagnosticEvent?.message ?? "");
        const { op, type, urn, detailedDiff } = resourcePreEvent?.metadata ?? {};
        if (type !== "strata:index:Image" || op !== "update") return;
        seen.push(
          `${urn?.split("::").at(-1)} ${Object.keys(detailedDiff ?? {})
            .sort()
            .join(" ")}`,
        );
      },
    });
    expect(seen.sort()).toEqual([
      'app:run inputs["file app/data"] key reference',
      'tool:run inputs["parent app:run"] key reference',
    ]);
    expect(said.join("")).toMatch(
      /2 of 4 images are published; to be built: app:run \(app\/data changed, read by COPY .*\), tool:run \(parent app:run will be rebuilt\)\. .*longest chain: app:run -> tool:run/,
    );
    expect(scene.since(start).filter(({ write }) => write)).toEqual([]);
  },
  60_000,
);

engineTest(
  "an edit of one file builds that image and its descendants, nothing else",
  async () => {
    const start = scene.now();
    await dev.up();
    expect(scene.submitted(start)).toHaveLength(2);
  },
  60_000,
);

engineTest(
  "an image that somebody deleted is found by a refresh and published again under the same key",
  async () => {
    const { outputs } = await dev.up();
    const image = imagesOf(outputs)["other:run"] ?? "";
    const [, version] = image.split("@");
    const path = `projects/acme-images/locations/us-east4/repositories/strata-dev-images/packages/other%2Frun/versions/${version}`;
    const { status } = await fetch(`${scene.engine.cloud.origin}/artifactregistry/v1/${path}?force=true`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${scene.engine.cloud.operatorToken}` },
    });
    expect(status).toBe(200);
    expect((await dev.refresh()).summary.resourceChanges?.delete).toBe(1);
    const start = scene.now();
    expect(Object.keys(imagesOf((await dev.up()).outputs))).toHaveLength(4);
    expect(scene.submitted(start)).toHaveLength(1);
  },
  120_000,
);

engineTest(
  "an environment that promotes copies by digest and builds nothing",
  async () => {
    const prod = await production();
    const start = scene.now();
    const there = imagesOf(await dev.outputs());
    const here = imagesOf((await prod.up()).outputs);
    expect(scene.submitted(start)).toEqual([]);
    for (const [target, image] of Object.entries(here)) {
      expect(image).toContain("/strata-prod-images/");
      expect(image.split("@")[1]).toBe(there[target]?.split("@")[1]);
    }
    expect(Object.keys(here)).toHaveLength(4);

    scene.catalogue.write("other/data", "not built anywhere\n");
    await expect(prod.up()).rejects.toThrow("other:run cannot be promoted");
    scene.catalogue.write("other/data", "other\n");
  },
  120_000,
);

engineTest(
  "destroy leaves the services that were enabled, and no repository and no bucket",
  async () => {
    const prod = await production();
    expect((await prod.destroy()).summary.result).toBe("succeeded");
    expect((await dev.destroy()).summary.result).toBe("succeeded");
    const { documents } = scene.engine.cloud.cloud;
    for (const kind of ["artifactregistry.repositories", "storage.buckets"]) expect(documents.list(kind)).toEqual([]);
  },
  120_000,
);
