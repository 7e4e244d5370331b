import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSettings } from "../../builder/settings.ts";
import { openEnvironment } from "../../cli/buildEnvironment.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-settings-"));
afterAll(() => rmSync(folder, { recursive: true }));

const settings = {
  project: "acme-images",
  region: "us-east4",
  images: "us-east4-docker.pkg.dev/acme-images/images",
  layers: "us-east4-docker.pkg.dev/acme-images/layers",
  store: "acme-builds",
  serviceAccount: "projects/acme-images/serviceAccounts/publisher@acme-images.iam.gserviceaccount.com",
  pools: {},
  tool: "us-east4-docker.pkg.dev/acme-images/tools/strata:1",
};

async function opened(written: unknown) {
  const file = join(folder, "settings.json");
  writeFileSync(file, JSON.stringify(written));
  const nowhere = { write: () => {} };
  return (await openEnvironment(file, { stdout: nowhere, stderr: nowhere, env: {} })).settings;
}

test("the command line reads the settings of a newer stack, and leaves out what it does not know", async () => {
  expect(await opened({ ...settings, inventedLater: true })).toEqual(settings);
});

test.each([
  ["no store", { ...settings, store: undefined }, /store/],
  ["an account by its address", { ...settings, serviceAccount: "publisher@acme.com" }, /serviceAccounts\/EMAIL/],
  ["an empty tool", { ...settings, tool: "" }, /tool/],
])(
  "settings with %s are refused by the command line, which names what is wrong, and by the resource",
  async (_, wrong, said) => {
    await expect(opened(wrong)).rejects.toThrow(said);
    expect(buildSettings.safeParse(wrong).success).toBe(false);
  },
);
