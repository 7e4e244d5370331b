import type { OutputMap, Stack } from "@pulumi/pulumi/automation/index.js";
import stack from "../../index.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

let engine: Engine;
let catalogue: TestCatalogue;
let dev: Stack;

const settings = () => ({
  "gcp:project": "acme-images",
  "gcp:region": "us-east4",
  "strata:catalogue": catalogue.folder,
  "strata:tool": "us-east4-docker.pkg.dev/acme-images/tools/strata:1",
});

beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
  catalogue = testCatalogue();
  dev = await engine.stack("dev", settings(), stack);
}, 600_000);
afterAll(async () => {
  await engine?.close();
  catalogue?.remove();
});

const journal = (start = 0) => engine.cloud.cloud.journal.since(start);
const submitted = (start: number) => journal(start).filter(({ method }) => method.endsWith("builds.create"));
const now = () => engine.cloud.cloud.journal.count;

const imagesOf = (outputs: OutputMap): Record<string, string> => outputs.images?.value;

engineTest(
  "the first up builds every image, parents before children, and says where they are",
  async () => {
    const { outputs } = await dev.up();
    const images = imagesOf(outputs);
    expect(Object.keys(images).sort()).toEqual(["app:run", "base:run", "other:run", "tool:run"]);
    for (const [target, image] of Object.entries(images)) {
      const path = `${engine.cloud.cloud.host}/acme-images/strata-dev-images/${target.replace(":", "/")}`;
      expect(image.split("@")[0]).toBe(path);
      expect(image.split("@")[1]).toMatch(/^sha256:[0-9a-f]{64}$/);
    }
    expect(submitted(0)).toHaveLength(4);
    expect(journal().filter(({ refused }) => refused)).toEqual([]);
  },
  120_000,
);

engineTest(
  "a second up has nothing to do",
  async () => {
    const start = now();
    const { summary } = await dev.up();
    expect(Object.keys(summary.resourceChanges ?? {})).toEqual(["same"]);
    expect(submitted(start)).toEqual([]);
  },
  60_000,
);

engineTest(
  "an edit of one file is previewed as that image and its descendants, and writes nothing",
  async () => {
    const start = now();
    catalogue.write("app/data", "changed\n");
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
      /2 of 4 images are published; to be built: app:run, tool:run\. .*longest chain: app:run -> tool:run/,
    );
    expect(journal(start).filter(({ write }) => write)).toEqual([]);
  },
  60_000,
);

engineTest(
  "an edit of one file builds that image and its descendants, nothing else",
  async () => {
    const start = now();
    await dev.up();
    expect(submitted(start)).toHaveLength(2);
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
    const { status } = await fetch(`${engine.cloud.origin}/artifactregistry/v1/${path}?force=true`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${engine.cloud.operatorToken}` },
    });
    expect(status).toBe(200);
    expect((await dev.refresh()).summary.resourceChanges?.delete).toBe(1);
    const start = now();
    expect(Object.keys(imagesOf((await dev.up()).outputs))).toHaveLength(4);
    expect(submitted(start)).toHaveLength(1);
  },
  120_000,
);

engineTest(
  "an update that was killed while it built is taken up again, and nothing is built twice",
  async () => {
    catalogue.write("base/data", "another base\n");
    const start = now();
    const killed = dev.up({ signal: AbortSignal.timeout(6000) });
    await expect(killed).rejects.toThrow();
    await dev.cancel().catch(() => undefined);
    const { outputs } = await dev.up();
    expect(Object.keys(imagesOf(outputs))).toHaveLength(4);
    expect(submitted(start)).toHaveLength(3);
  },
  180_000,
);

engineTest(
  "an environment that promotes copies by digest and builds nothing",
  async () => {
    const { "strata:tool": _, ...common } = settings();
    const prod = await engine.stack("prod", { ...common, "strata:promoteFrom": "dev" }, stack);
    const start = now();
    const there = imagesOf(await dev.outputs());
    const here = imagesOf((await prod.up()).outputs);
    expect(submitted(start)).toEqual([]);
    for (const [target, image] of Object.entries(here)) {
      expect(image).toContain("/strata-prod-images/");
      expect(image.split("@")[1]).toBe(there[target]?.split("@")[1]);
    }
    expect(Object.keys(here)).toHaveLength(4);

    catalogue.write("other/data", "not built anywhere\n");
    await expect(prod.up()).rejects.toThrow("other:run cannot be promoted");
    catalogue.write("other/data", "other\n");
  },
  120_000,
);

engineTest(
  "destroy leaves the services that were enabled, and no repository and no bucket",
  async () => {
    const prod = await engine.stack("prod", { ...settings(), "strata:promoteFrom": "dev" }, stack);
    expect((await prod.destroy()).summary.result).toBe("succeeded");
    expect((await dev.destroy()).summary.result).toBe("succeeded");
    const { documents } = engine.cloud.cloud;
    for (const kind of ["artifactregistry.repositories", "storage.buckets"]) expect(documents.list(kind)).toEqual([]);
  },
  120_000,
);
