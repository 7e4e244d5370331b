import { UserError } from "../../chain/errors.ts";
import type { ImageRegistry } from "../../cloud/registry/imageRegistry.ts";
import type { ImageInputs } from "../../provider/imageInputs.ts";
import { promote } from "../../provider/promotion.ts";

const key = "a".repeat(64);
const digest = `sha256:${"d".repeat(64)}`;
const from = "registry.example/staging/app/run";
const image: ImageInputs = {
  target: "app:run",
  key,
  reference: `registry.example/prod/app/run:${key}`,
  inputs: {},
  parents: {},
  catalogue: "dockerfiles",
  machines: {},
  mode: "wait",
};

/** A registry that holds these tags, and writes down what is done to it. */
function registry(tags: Readonly<Record<string, string>>) {
  const done: string[] = [];
  const fake: ImageRegistry = {
    digestOf: async (reference) => tags[reference],
    manifestOf: async () => undefined,
    triggersOf: async () => [],
    createTag: async (to, tag) => void done.push(`tag ${to} ${tag}`),
    copy: async (what, to) => void done.push(`copy ${what} ${to}`),
  };
  return { fake, done };
}

test("what is there already is neither copied nor tagged", async () => {
  const { fake, done } = registry({ [image.reference]: digest });
  expect(await promote(fake, image, from)).toMatchObject({ digest, outcome: "reused" });
  expect(done).toEqual([]);
});

test("an image is copied by digest, and its key's tag comes last", async () => {
  const { fake, done } = registry({ [`${from}:${key}`]: digest });
  expect(await promote(fake, image, from)).toEqual({ digest, buildId: "", seconds: 0, outcome: "promoted" });
  expect(done).toEqual([
    `copy ${from}@${digest} registry.example/prod/app/run`,
    `tag registry.example/prod/app/run@${digest} ${key}`,
  ]);
});

test("a key that the other environment has not published is refused, and nothing is written", async () => {
  const { fake, done } = registry({});
  await expect(promote(fake, image, from)).rejects.toThrow(UserError);
  expect(done).toEqual([]);
});
