import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEnvironment } from "../../cli/buildEnvironment.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-settings-"));
const file = join(folder, "build.json");
const silent = { write: () => true };
const terminal = { stdout: silent, stderr: silent, env: {} };

afterAll(() => rmSync(folder, { recursive: true }));

const complete = {
  project: "acme-images-dev",
  region: "us-east4",
  images: "us-east4-docker.pkg.dev/acme-images-dev/images",
  layers: "us-east4-docker.pkg.dev/acme-images-dev/layers",
  store: "acme-images-dev-store",
  serviceAccount: "projects/acme-images-dev/serviceAccounts/publisher@acme-images-dev.iam.gserviceaccount.com",
  pools: {},
  tool: "us-east4-docker.pkg.dev/acme-images-dev/images/strata/tool:0123456789ab",
};

async function opened(settings: object): Promise<unknown> {
  writeFileSync(file, JSON.stringify(settings));
  return openEnvironment(file, terminal).catch((error: unknown) => String(error));
}

test("an environment without its first tool image says how one is made", async () => {
  expect(await opened({ ...complete, tool: "" })).toMatch(/no tool image yet[\s\S]*dockerfiles\/strata\/README\.md/);
  expect(await opened(complete)).toHaveProperty("services");
});
