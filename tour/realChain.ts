import { readFileSync, writeFileSync } from "node:fs";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { UserError } from "../chain/errors.ts";
import { debianLayer, pushLayer } from "../test/chains/debianTree.ts";
import { cachedFolder } from "../toolbox/cache.ts";
import { run } from "../toolbox/command.ts";
import { call, makeRepository } from "./environment.ts";
import type { Narrator } from "./narrator.ts";
import type { Scene } from "./scene.ts";
import { readyTool, shownBy } from "./setUp.ts";

/** The repository of the base image; on the local cloud only. */
const BASES = "bases";

/** What the build worker runs. */
const TOOLS = ["buildkitd", "runc", "buildx"] as const;

/** The package that carries RE2's sources. */
const RE2 = { name: "re2", version: "1.18.0" };

/** Gets ready what real builds need and is made once on a machine: BuildKit, a Debian tree, RE2's sources. */
export async function readyRealBuilds(narrator: Narrator): Promise<void> {
  if (process.getuid?.() !== 0 || process.platform !== "linux") {
    throw new UserError({
      problem: "--worker docker starts BuildKit, which needs root on Linux",
      value: `user ${process.getuid?.() ?? "unknown"} on ${process.platform}`,
      fix: "run it as root, for example in a virtual machine; or play the builds: npm start",
    });
  }
  for (const name of TOOLS) await readyTool(narrator, name);
  await debianLayer();
  await re2Sources(narrator);
}

/**
 * The catalogue of test/chains/re2 in a folder of its own: with RE2's sources, on a base image that is a tree of this
 * machine's Debian packages, pushed to the local cloud, where every account may pull it, as from a public registry.
 *
 * @returns the folder of images, relative to the repository.
 */
export async function makeRealCatalogue(scene: Scene): Promise<string> {
  const { root, folder, cloud, configuration, narrator } = scene;
  const catalogue = join(folder, "re2", "dockerfiles");
  await cp(join(root, "test/chains/re2"), catalogue, { recursive: true });
  await cp(await re2Sources(narrator), catalogue, { recursive: true });
  const [project, region] = [String(configuration["gcp:project"]), String(configuration["gcp:region"])];
  const place = `projects/${project}/locations/${region}`;
  await call(cloud, "POST", `/serviceusage/v1/projects/${project}/services/artifactregistry.googleapis.com:enable`, {});
  await makeRepository(cloud, place, BASES);
  const bindings = [{ role: "roles/artifactregistry.reader", members: ["allAuthenticatedUsers"] }];
  await call(cloud, "POST", `/artifactregistry/v1/${place}/repositories/${BASES}:setIamPolicy`, {
    policy: { bindings },
  });
  const registry = `${cloud.cloud.host}/${project}/${BASES}`;
  const digest = await pushLayer(await debianLayer(), {
    origin: cloud.origin,
    repository: `${project}/${BASES}/debian-tree`,
    tag: "12",
    token: cloud.operatorToken,
  });
  const settings = join(catalogue, "re2-base", "image.yaml");
  writeFileSync(settings, `${readFileSync(settings, "utf8")}args: { REGISTRY: "${registry}" }\n`);
  writeFileSync(join(catalogue, "bases.lock.yaml"), `images:\n  ${registry}/debian-tree:12:\n    digest: ${digest}\n`);
  return relative(root, catalogue);
}

function re2Sources(narrator: Narrator): Promise<string> {
  const { name, version } = RE2;
  return cachedFolder(
    { name: `${name}-sources`, version, inputs: "vendor", about: "5 s", make: fetchSources },
    shownBy(narrator),
  );
}

async function fetchSources(folder: string): Promise<void> {
  const wanted = `${RE2.name}@${RE2.version}`;
  const options = {
    missing: { problem: `${wanted} is fetched with npm and unpacked with tar`, fix: "install both" },
    failed: { problem: `${wanted} could not be fetched`, fix: "make the npm registry reachable and try again" },
  };
  const downloads = await mkdtemp(join(tmpdir(), "strata-re2-"));
  try {
    await run("npm", ["pack", wanted, "--pack-destination", downloads], options);
    const archive = join(downloads, `${RE2.name}-${RE2.version}.tgz`);
    const sources = ["package/vendor/re2", "package/vendor/util"];
    await run("tar", ["-xzf", archive, "-C", folder, "--strip-components=1", ...sources], options);
  } finally {
    await rm(downloads, { recursive: true, force: true });
  }
}
