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
  readonly options: { readonly env: readonly string[] };
}

engineTest(
  "of two targets of one image that share steps, the second is built once the first is done, and expected to take less",
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
    const expected = twins.map(({ options }) =>
      options.env.find((line) => line.startsWith("STRATA_EXPECTED_MINUTES=")),
    );
    const [first = 0, second = 1] = expected.map((line) => Number(line?.split("=")[1]));
    expect(first).toBe(1);
    expect(second).toBeLessThan(1);
    expect(Date.parse(twins[1]?.createTime ?? "")).toBeGreaterThanOrEqual(Date.parse(twins[0]?.finishTime ?? ""));
  },
  180_000,
);
