import { readFileSync } from "node:fs";
import { namesIn } from "../../cli/doctor/names.ts";
import { Infrastructure } from "../../components/Infrastructure.ts";
import { parseSettings } from "../../settings.ts";
import { registeredBy } from "../components/mocks.ts";

test("the doctor looks for what the components make, by the names that they give", async () => {
  const source = {
    repository: "https://github.com/acme/images.git",
    installation: 1,
    token: "projects/p/secrets/s/versions/1",
  };
  const values = { "strata:images": "none", "strata:source": JSON.stringify(source) };
  const settings = parseSettings({ stack: "dev", project: "acme-images", region: "us-east4", values });
  const all = await registeredBy(() => {
    new Infrastructure("infrastructure", {
      settings,
      machines: ["c3-standard-176"],
      persistent: [],
      inUse: [],
      readsBeside: false,
      cloudBuild: readFileSync("cloudbuild.yaml", "utf8"),
    });
  });
  const made = (type: string, collection: string, name: string) =>
    all
      .filter((one) => one.type.endsWith(`:${type}`))
      .map(({ inputs }) => `projects/${inputs.project}/locations/${inputs.location}/${collection}/${inputs[name]}`);
  const names = namesIn(settings.environment);
  expect(made("Repository", "repositories", "repositoryId")).toEqual(
    expect.arrayContaining([names.images, names.layers, names.scratch]),
  );
  expect(made("WorkerPool", "workerPools", "name")).toEqual([names.pool("c3-standard-176")]);
  expect(made("Connection", "connections", "name")).toEqual([names.connection()]);
  const buckets = all.filter(({ type }) => type.endsWith(":Bucket")).map(({ inputs }) => inputs.name);
  expect(buckets.sort()).toEqual([names.store, names.compilerCache].sort());
});
