import { available } from "../../toolbox/available.ts";
import { accountOf, type PushScene, pushTest, startPushScene } from "./pushScene.ts";

const found = process.getuid?.() === 0 ? available(["buildkitd", "buildx", "runc"]) : { reason: "it needs root" };

function realTest(name: string, check: () => Promise<void>): void {
  if (found.reason === undefined) pushTest(name, check, 300_000);
  else test.skip(`${name} (skipped: ${found.reason})`, () => {});
}

// As push.test.ts, with BuildKit in the place of the simulated builds: from a push to layers in the registry.
describe("a push whose images are really built", () => {
  let scene: PushScene;
  beforeAll(async () => {
    scene = await startPushScene({ worker: "buildkit" });
  }, 180_000);
  afterAll(() => scene?.close());

  /** The names of the layers' digests that a target's newest image has. */
  async function layersOf(target: string): Promise<readonly string[]> {
    const { cloud, operatorToken } = scene.engine.cloud;
    const image = `${cloud.origin}/v2/acme-images/strata-dev-images/${target}`;
    const accept = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json";
    const headers = { authorization: `Bearer ${operatorToken}`, accept };
    const read = async (path: string) => (await fetch(`${image}/${path}`, { headers })).json();
    const { tags } = (await read("tags/list")) as { tags: readonly string[] };
    const index = (await read(`manifests/${tags.at(-1)}`)) as Manifest;
    const own = index.manifests?.find(({ platform }) => platform?.os === "linux");
    const { layers = [] } = own ? ((await read(`manifests/${own.digest}`)) as Manifest) : index;
    return layers.map(({ digest }) => digest);
  }

  realTest("the whole catalogue is built by BuildKit, and a child has its parent's layers below its own", async () => {
    const { result, targets } = await scene.pushed();
    expect([result.status, result.log]).toEqual(["SUCCESS", expect.stringContaining("All 4 targets are published.")]);
    expect(targets).toEqual(["app.run", "base.run", "other.run", "tool.run"]);
    const [base, app, tool] = await Promise.all(["base/run", "app/run", "tool/run"].map(layersOf));
    expect([base?.length, app?.slice(0, 1), tool?.slice(0, 2)]).toEqual([1, base, app]);
  });

  realTest("an edit builds its image and what is built on it; the parent stays as it is", async () => {
    const before = await layersOf("base/run");
    scene.repository.write("dockerfiles/app/data", "other words\n");
    scene.repository.commit("edit app");
    const { result, targets } = await scene.pushed();
    expect([result.status, targets]).toEqual(["SUCCESS", ["app.run", "tool.run"]]);
    expect(await layersOf("base/run")).toEqual(before);
    const images = (await scene.builds()).filter(({ tags }) => tags?.includes("strata"));
    expect(new Set(images.map(accountOf))).toEqual(new Set(["strata-dev-publisher"]));
  });
});

interface Manifest {
  readonly manifests?: readonly { readonly digest: string; readonly platform?: { readonly os?: string } }[];
  readonly layers?: readonly { readonly digest: string }[];
}
