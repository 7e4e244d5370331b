import { join } from "node:path";
import type { BuildSettings } from "../builder/settings.ts";
import { readChainIn } from "../chain/chain.ts";
import type { LocalCloud } from "../local/server.ts";
import type { Scene } from "./scene.ts";

/** The rights that a build's account has, on the whole project: the stack gives finer ones. */
const ROLES = ["roles/storage.objectUser", "roles/artifactregistry.writer"];

/** Makes what builds need by calls of Google's APIs: an account, a bucket, two repositories, a pool for each machine. */
export async function makeEnvironment(scene: Scene): Promise<BuildSettings> {
  const { cloud, configuration } = scene;
  const project = String(configuration["gcp:project"]);
  const region = String(configuration["gcp:region"]);
  const place = `projects/${project}/locations/${region}`;
  const store = `${project}-strata-tour-builds`;
  const account = await call(cloud, "POST", `/iam/v1/projects/${project}/serviceAccounts`, { accountId: "publisher" });
  const email = String(account.email);
  const bindings = ROLES.map((role) => ({ role, members: [`serviceAccount:${email}`] }));
  await call(cloud, "POST", `/resourcemanager/v1/projects/${project}:setIamPolicy`, { policy: { bindings } });
  await call(cloud, "POST", `/storage/v1/b?project=${project}`, { name: store, location: region.toUpperCase() });
  await makeRepository(cloud, place, "images", { dockerConfig: { immutableTags: true } });
  await makeRepository(cloud, place, "layers");
  const pools = await makePools(scene, place);
  return {
    project,
    region,
    images: `${cloud.cloud.host}/${project}/images`,
    layers: `${cloud.cloud.host}/${project}/layers`,
    store,
    serviceAccount: `projects/${project}/serviceAccounts/${email}`,
    pools,
    tool: String(configuration["strata:tool"] ?? "strata"),
  };
}

/** Makes a Docker repository, named in `place`: `projects/P/locations/L`. */
export async function makeRepository(cloud: LocalCloud, place: string, id: string, more: object = {}): Promise<void> {
  const path = `/artifactregistry/v1/${place}/repositories?repository_id=${id}`;
  await call(cloud, "POST", path, { format: "DOCKER", ...more });
}

async function makePools({ cloud, root, catalogue, environment, configuration }: Scene, place: string) {
  const { catalogue: images } = await readChainIn(join(root, catalogue), environment);
  const substitutes = (configuration["strata:machines"] ?? {}) as Readonly<Record<string, string>>;
  const machines = [...new Set([...images.images.values()].map(({ settings }) => settings.machine))];
  const pools: Record<string, string> = {};
  for (const [index, machine] of machines.entries()) {
    const id = `strata-tour-${index}`;
    const workerConfig = { machineType: substitutes[machine] ?? machine, diskSizeGb: "100" };
    await call(cloud, "POST", `/cloudbuild/v1/${place}/workerPools?workerPoolId=${id}`, {
      privatePoolV1Config: { workerConfig },
    });
    pools[machine] = `${place}/workerPools/${id}`;
  }
  return pools;
}

/** A call of one of Google's APIs on the local cloud, as the operator. */
export async function call(
  { origin, operatorToken }: LocalCloud,
  method: string,
  path: string,
  body: object,
): Promise<Readonly<Record<string, unknown>>> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${operatorToken}` };
  const answer = await fetch(`${origin}${path}`, { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}
