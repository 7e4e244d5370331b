import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pushLayer } from "../../tour/re2/pushLayer.ts";
import { startRegistry, type TestRegistry } from "../cloud/registryServer.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { builds, changes, startWorkstation, type Workstation, workstationTest } from "./workstation.ts";

let registry: TestRegistry;
let catalogue: TestCatalogue;
let workstation: Workstation;

beforeAll(async () => {
  registry = await startRegistry();
  catalogue = testCatalogue();
  workstation = await startWorkstation(catalogue.folder, "pulls");
}, 120_000);

afterAll(async () => {
  await workstation?.close();
  await registry?.close();
  catalogue?.remove();
});

/** Pushes an image with one file, /version, and gives its digest. */
async function push(tag: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "strata-layer-"));
  try {
    mkdirSync(join(folder, "root"));
    writeFileSync(join(folder, "root/version"), `${tag}\n`);
    const layer = join(folder, "layer.tar.gz");
    await once(spawn("tar", ["-czf", layer, "-C", join(folder, "root"), "."]), "close");
    return await pushLayer(layer, { origin: `http://${registry.host}`, repository: "bases/system", tag, token: "" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const lock = (digest: string) => `images:\n  ${registry.host}/bases/system:newest:\n    digest: ${digest}\n`;

workstationTest("an image stands on the locked base, whatever its tag has come to mean", async () => {
  const [locked, newest] = [await push("locked"), await push("newest")];
  expect(newest).not.toBe(locked);
  catalogue.write("base/Dockerfile", `FROM ${registry.host}/bases/system:newest AS run\nCOPY base/data /base\n`);
  catalogue.write("bases.lock.yaml", lock(locked));
  expect(builds(await changes(workstation.stack, "up"))).toEqual(["app:run", "base:run", "other:run", "tool:run"]);
  expect(await workstation.docker.fileIn("tool:run", "/version")).toBe("locked\n");
  expect(await changes(workstation.stack, "up")).toEqual([]);

  catalogue.write("bases.lock.yaml", lock(newest));
  expect(builds(await changes(workstation.stack, "up"))).toEqual(["app:run", "base:run", "tool:run"]);
  expect(await workstation.docker.fileIn("tool:run", "/version")).toBe("newest\n");
});
