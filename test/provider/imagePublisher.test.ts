import type { ImageInputs } from "../../provider/imageInputs.ts";
import { type ImagePublisher, whenAsked } from "../../provider/imagePublisher.ts";

function recorded() {
  const seen: string[] = [];
  const loaded: ImagePublisher = {
    digestOf: async (reference) => void seen.push(`digestOf ${reference}`),
    ensure: async () => {
      seen.push("ensure");
      return { digest: "", buildId: "", seconds: 0, outcome: "waits" };
    },
    cancel: () => void seen.push("cancel"),
  };
  const publisher = whenAsked(async () => {
    seen.push("loaded");
    return loaded;
  });
  return { seen, publisher };
}

test("a publisher is loaded once, when it is first asked for something", async () => {
  const { seen, publisher } = recorded();
  expect(seen).toEqual([]);
  await Promise.all([publisher.digestOf("a"), publisher.ensure({} as ImageInputs)]);
  expect(seen.toSorted()).toEqual(["digestOf a", "ensure", "loaded"]);
});

test("a command that is cancelled before it asked anything loads nothing, and one that asked is told", async () => {
  const { seen, publisher } = recorded();
  publisher.cancel();
  expect(seen).toEqual([]);
  await publisher.digestOf("a");
  publisher.cancel();
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual(["loaded", "digestOf a", "cancel"]);
});
