import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { BuildServices } from "../builder/ensure.ts";
import type { BuildSettings } from "../builder/settings.ts";
import { UserError } from "../chain/errors.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { Bucket } from "../cloud/google/bucket.ts";
import { CloudBuild } from "../cloud/google/cloudBuild.ts";
import { buildCpuQuota } from "../cloud/google/quota.ts";
import { ObjectLocks } from "../cloud/objectLocks.ts";
import { readAll } from "../cloud/objectStore.ts";
import { defaultLogins } from "../cloud/registry/credentials.ts";
import { OciRegistry } from "../cloud/registry/ociRegistry.ts";
import { errorCode } from "../cloud/systemError.ts";
import type { Terminal } from "./terminal.ts";

/** The environment that a command builds in: its settings, and clients that call it. */
export interface BuildEnvironment {
  readonly settings: BuildSettings;
  readonly services: BuildServices;
  readonly api: GoogleApi;
}

/** The option of every command that builds. */
export const SETTINGS_OPTION = [
  "--settings <place>",
  "the environment: a file or gs:// object with the stack's output `build` (or STRATA_SETTINGS)",
] as const;

const settingsSchema = z.object({
  project: z.string().min(1),
  region: z.string().min(1),
  images: z.string().min(1),
  layers: z.string().min(1),
  store: z.string().min(1),
  compilerCache: z.string().optional(),
  serviceAccount: z.string().regex(/^projects\/[^/]+\/serviceAccounts\/[^/]+$/, "projects/P/serviceAccounts/EMAIL"),
  pools: z.record(z.string(), z.string()),
  tool: z.string().min(1),
});

/** Settings are short; what is longer than this many bytes is something else. */
const longestSettings = 1 << 20;

/** Reads the settings at a place and makes the clients of that environment. */
export async function openEnvironment(place: string | undefined, terminal: Terminal): Promise<BuildEnvironment> {
  const environment = { ...terminal.env };
  const from = place ?? environment.STRATA_SETTINGS;
  if (from === undefined || from === "") {
    throw new UserError({
      problem: "no environment is named to build in",
      allowed: "--settings PLACE or STRATA_SETTINGS: a file, or gs://bucket/object",
      fix: "pulumi stack output build --json >build.json && strata build --settings build.json",
    });
  }
  const api = new GoogleApi({ environment });
  const settings = parseSettings(await readPlace(from, api), from);
  const store = new Bucket(api, settings.store);
  const { project, region } = settings;
  const services = {
    registry: new OciRegistry({ logins: defaultLogins(environment) }),
    store,
    builds: new CloudBuild(api, { project, region, logsBucket: `gs://${settings.store}/logs` }),
    locks: new ObjectLocks(store, "locks/"),
  };
  return { settings, services, api };
}

async function readPlace(place: string, api: GoogleApi): Promise<string> {
  const [, bucket, name] = /^gs:\/\/([^/]+)\/(.+)$/.exec(place) ?? [];
  const absent = new UserError({
    problem: "the settings of the environment are not there",
    value: place,
    fix: "write them: pulumi stack output build --json >build.json",
  });
  if (bucket !== undefined && name !== undefined) {
    const bytes = await new Bucket(api, bucket).read(name, (object) => readAll(object, longestSettings));
    if (bytes === undefined) throw absent;
    return Buffer.from(bytes).toString("utf8");
  }
  try {
    return await readFile(place, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") throw absent;
    throw error;
  }
}

function parseSettings(text: string, file: string): BuildSettings {
  const wrong = (problem: string) =>
    new UserError({
      problem: `the settings of the environment cannot be used: ${problem}`,
      allowed: "what `pulumi stack output build --json` prints",
      fix: "write them anew with that command",
      at: { file },
    });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw wrong("they are not JSON");
  }
  const { data, error } = settingsSchema.safeParse(json);
  if (data === undefined)
    throw wrong(error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "));
  const { compilerCache, ...rest } = data;
  return { ...rest, ...(compilerCache !== undefined && { compilerCache }) };
}

/** The machine types that the pools have in truth, by the machine that the catalogue names. */
export async function machinesOf({ api, settings }: BuildEnvironment): Promise<Readonly<Record<string, string>>> {
  const entries = Object.entries(settings.pools).map(async ([machine, pool]) => {
    const call = { method: "GET", path: pool, doing: `read the pool ${pool}` } as const;
    const { privatePoolV1Config } = await api.json<Pool>("cloudBuild", call);
    return [machine, privatePoolV1Config?.workerConfig?.machineType ?? machine] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The part of Cloud Build's WorkerPool that is read. */
interface Pool {
  readonly privatePoolV1Config?: { readonly workerConfig?: { readonly machineType?: string } };
}

/** vCPUs that may be in use at once, by quota, for the quotas that Google states. */
export async function quotasOf(
  { api, settings }: BuildEnvironment,
  names: readonly string[],
): Promise<Readonly<Record<string, number>>> {
  const answers = names.map(async (name) => [name, await buildCpuQuota(api, settings, name)] as const);
  const stated = (await Promise.all(answers)).flatMap(([name, limit]) => (limit === undefined ? [] : [[name, limit]]));
  return Object.fromEntries(stated);
}
