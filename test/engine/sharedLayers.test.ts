import stack from "../../index.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

let engine: Engine;
let catalogue: TestCatalogue;
beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
  catalogue = testCatalogue();
}, 60_000);
afterAll(async () => {
  await engine?.close();
  catalogue?.remove();
});

interface Build {
  readonly createTime: string;
  readonly finishTime: string;
}

engineTest(
  "of two targets of one image that share steps, the second is built once the first is done",
  async () => {
    catalogue.write(
      "other/image.yaml",
      "description: Two that share\nmachine: e2-standard-8\nexpectedMinutes: 1\ntargets: [small, large]\n",
    );
    catalogue.write(
      "other/Dockerfile",
      "FROM scratch AS common\nCOPY other/data /other\nFROM common AS small\nENV SIZE=small\nFROM common AS large\nENV SIZE=large\n",
    );
    const dev = await engine.stack(
      "dev",
      {
        "gcp:project": "acme-images",
        "gcp:region": "us-east4",
        "strata:catalogue": catalogue.folder,
        "strata:tool": "us-east4-docker.pkg.dev/acme-images/tools/strata:1",
      },
      stack,
    );
    await dev.up();
    const response = await fetch(
      `${engine.cloud.origin}/cloudbuild/v1/projects/acme-images/locations/us-east4/builds`,
      {
        headers: { Authorization: `Bearer ${engine.cloud.operatorToken}` },
      },
    );
    const { builds } = (await response.json()) as { readonly builds: readonly Build[] };
    const twins = builds
      .filter((build) => JSON.stringify(build).includes("strata-dev-images/other/"))
      .sort((a, b) => a.createTime.localeCompare(b.createTime));
    expect(twins).toHaveLength(2);
    expect(Date.parse(twins[1]?.createTime ?? "")).toBeGreaterThanOrEqual(Date.parse(twins[0]?.finishTime ?? ""));
  },
  120_000,
);
