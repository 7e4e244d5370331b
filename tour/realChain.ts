import { join, relative } from "node:path";
import { UserError } from "../chain/errors.ts";
import { call, makeRepository } from "./environment.ts";
import type { Narrator } from "./narrator.ts";
import { makeCatalogue, re2Sources } from "./re2/catalogue.ts";
import { debianLayer } from "./re2/debianTree.ts";
import type { Scene } from "./scene.ts";
import { readyTool, shownBy } from "./setUp.ts";

/** The repository of the base image; on the local cloud only. */
const BASES = "bases";

/** What the build worker runs. */
const TOOLS = ["buildkitd", "runc", "buildx"] as const;

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
  await debianLayer(shownBy(narrator));
  await re2Sources(shownBy(narrator));
}

/**
 * The catalogue of `re2/` in a folder of its own. Its base image lies in the local cloud, where every account may pull
 * it, as from a public registry.
 *
 * @returns the folder of images, relative to the repository.
 */
export async function makeRealCatalogue(scene: Scene): Promise<string> {
  const { root, folder, cloud, configuration, narrator } = scene;
  const catalogue = join(folder, "re2", "dockerfiles");
  const [project, region] = [String(configuration["gcp:project"]), String(configuration["gcp:region"])];
  const place = `projects/${project}/locations/${region}`;
  await call(cloud, "POST", `/serviceusage/v1/projects/${project}/services/artifactregistry.googleapis.com:enable`, {});
  await makeRepository(cloud, place, BASES);
  const bindings = [{ role: "roles/artifactregistry.reader", members: ["allAuthenticatedUsers"] }];
  await call(cloud, "POST", `/artifactregistry/v1/${place}/repositories/${BASES}:setIamPolicy`, {
    policy: { bindings },
  });
  const bases = { origin: cloud.origin, repository: `${project}/${BASES}`, token: cloud.operatorToken };
  await makeCatalogue(catalogue, bases, shownBy(narrator));
  return relative(root, catalogue);
}
