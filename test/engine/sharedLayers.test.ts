import { engineTest } from "./engine.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterAll(() => scene?.close());

interface Build {
  readonly createTime: string;
  readonly finishTime: string;
}

engineTest(
  "of two targets of one image that share steps, the second is built once the first is done",
  async () => {
    scene.catalogue.write(
      "other/image.yaml",
      "description: Two that share\nmachine: e2-standard-8\nexpectedMinutes: 1\ntargets: [small, large]\n",
    );
    scene.catalogue.write(
      "other/Dockerfile",
      "FROM scratch AS common\nCOPY other/data /other\nFROM common AS small\nENV SIZE=small\nFROM common AS large\nENV SIZE=large\n",
    );
    const dev = await scene.environment("dev");
    await dev.up();
    const { origin, operatorToken } = scene.engine.cloud;
    const response = await fetch(`${origin}/cloudbuild/v1/projects/acme-images/locations/us-east4/builds`, {
      headers: { Authorization: `Bearer ${operatorToken}` },
    });
    const { builds } = (await response.json()) as { readonly builds: readonly Build[] };
    const twins = builds
      .filter((build) => JSON.stringify(build).includes("strata-dev-images/other/"))
      .sort((a, b) => a.createTime.localeCompare(b.createTime));
    expect(twins).toHaveLength(2);
    expect(Date.parse(twins[1]?.createTime ?? "")).toBeGreaterThanOrEqual(Date.parse(twins[0]?.finishTime ?? ""));
  },
  180_000,
);
