import type { OutputMap, Stack } from "@pulumi/pulumi/automation/index.js";
import stack from "../../index.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Engine, startEngine } from "./engine.ts";

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

test("the first up builds every image, parents before children, and says where they are", async () => {
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
}, 120_000);

test("a second up has nothing to do", async () => {
  const start = now();
  const { summary } = await dev.up();
  expect(Object.keys(summary.resourceChanges ?? {})).toEqual(["same"]);
  expect(submitted(start)).toEqual([]);
}, 60_000);

test("an edit of one file is previewed as that image and its descendants, and writes nothing", async () => {
  const start = now();
  catalogue.write("app/data", "changed\n");
  const seen: string[] = [];
  await dev.preview({
    onEvent: ({ resourcePreEvent }) => {
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
  expect(journal(start).filter(({ write }) => write)).toEqual([]);
}, 60_000);

test("an edit of one file builds that image and its descendants, nothing else", async () => {
  const start = now();
  await dev.up();
  expect(submitted(start)).toHaveLength(2);
}, 60_000);
