import type { ImageInputs, ImageOutputs } from "../../provider/imageInputs.ts";
import { imageProvider, imageType } from "../../provider/imageProvider.ts";
import type { ImagePublisher } from "../../provider/imagePublisher.ts";
import { unknown } from "../../provider/server.ts";

const key = "a".repeat(64);
const digest = `sha256:${"d".repeat(64)}`;

const inputs: ImageInputs = {
  target: "app:run",
  key,
  reference: `registry.example/images/app/run:${key}`,
  inputs: { "file app/data": "0644 aa", "ARG X": "1" },
  parents: { "base:run": digest },
  catalogue: "dockerfiles",
  machines: {},
  mode: "wait",
};

const built: ImageOutputs = { digest, buildId: "b-1", seconds: 60, outcome: "built" };
const state = { ...inputs, ...built };

function provider(publisher: Partial<ImagePublisher> = {}) {
  const asked: string[] = [];
  const told: string[] = [];
  const recording: ImagePublisher = {
    digestOf: async (reference) => {
      asked.push(`digestOf ${reference}`);
      return digest;
    },
    ensure: async (image) => {
      asked.push(`ensure ${image.key}`);
      return built;
    },
    cancel: () => asked.push("cancel"),
    ...publisher,
  };
  return { asked, told, ...imageProvider("1.0.0", recording, (sentence) => told.push(sentence)) };
}

const diff = (news: Partial<ImageInputs>, olds: Partial<typeof state> = {}) =>
  provider().diff(imageType, { inputs, state: { ...state, ...olds } }, { ...inputs, ...news });

test("another key is a change, and the inputs that changed are shown", async () => {
  const news = { key: "b".repeat(64), inputs: { "file app/data": "0644 bb", "ARG Y": "2" } };
  expect(await diff(news)).toEqual({
    changes: true,
    shown: {
      key: "update",
      'inputs["file app/data"]': "update",
      'inputs["ARG X"]': "delete",
      'inputs["ARG Y"]': "add",
    },
  });
});

test("another registry is a change", async () => {
  expect((await diff({ reference: `other.example/app/run:${key}` })).changes).toBe(true);
});

test.each([
  ["what a preview shows", { inputs: {} }],
  ["machines", { machines: { a: "b" } }],
  ["parents' digests", { parents: { "base:run": unknown } }],
  ["the mode", { mode: "submit" as const }],
])("%s alone change nothing", async (_, news) => {
  expect((await diff(news)).changes).toBe(false);
});

test("an image that is not published yet is looked after again", async () => {
  expect((await diff({}, { digest: "", outcome: "submitted" })).changes).toBe(true);
});

test("a preview asks nobody, and knows everything but what the build will say", async () => {
  const { preview, asked } = provider();
  expect(preview(imageType, inputs, undefined)).toMatchObject({ key, digest: unknown, buildId: unknown });
  expect(asked).toEqual([]);
});

test("create and update ensure the image; the target is the id", async () => {
  const { create, update, asked } = provider();
  expect(await create(imageType, inputs)).toEqual({ id: "app:run", state });
  const next = { ...inputs, key: "b".repeat(64) };
  expect(await update(imageType, "app:run", state, next)).toEqual({ ...next, ...built });
  expect(asked).toEqual([`ensure ${key}`, `ensure ${next.key}`]);
});

test("a read takes the registry's word: gone is gone, and another digest is the digest", async () => {
  const gone = provider({ digestOf: async () => undefined });
  expect(await gone.read(imageType, "app:run", state)).toBeUndefined();
  const moved = provider({ digestOf: async () => `sha256:${"e".repeat(64)}` });
  expect(await moved.read(imageType, "app:run", state)).toEqual({
    inputs,
    state: { ...state, digest: `sha256:${"e".repeat(64)}` },
  });
});

test("a registry that does not answer is an error, not an absent image", async () => {
  const dark = provider({ digestOf: () => Promise.reject(new Error("503")) });
  await expect(dark.read(imageType, "app:run", state)).rejects.toThrow("503");
});

test("a delete leaves the image and says so", async () => {
  const { delete: remove, asked, told } = provider();
  await remove(imageType, "app:run", state);
  expect(asked).toEqual([]);
  expect(told.join()).toContain(`${inputs.reference} stays in the registry`);
});

test.each([
  ["key", "a1b2", "64 lower-case hex digits"],
  ["reference", "no reference", "REGISTRY/PATH:TAG"],
  ["target", "app", "IMAGE:STAGE"],
])("a wrong %s is refused with the value and what is allowed", async (property, value, allowed) => {
  const failures = await provider().check(imageType, { ...inputs, [property]: value });
  expect(failures).toEqual([{ property, reason: `received ${JSON.stringify(value)}: ${allowed}` }]);
});

test("what a preview cannot know yet is not refused", async () => {
  const early = { ...inputs, reference: unknown, parents: { "base:run": unknown }, build: unknown };
  expect(await provider().check(imageType, early)).toEqual([]);
});

test("any other type is refused", async () => {
  expect(await provider().check("strata:index:Picture", {})).toHaveLength(1);
});
