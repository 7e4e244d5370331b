import { readFile } from "node:fs/promises";
import { z } from "zod";
import { type BuildEnvironment, googleEnvironment } from "../builder/services.ts";
import type { BuildSettings } from "../builder/settings.ts";
import { UserError } from "../chain/errors.ts";
import { GoogleApi } from "../cloud/google/api.ts";
import { Bucket } from "../cloud/google/bucket.ts";
import { readAll } from "../cloud/objectStore.ts";
import { errorCode } from "../cloud/systemError.ts";
import type { Terminal } from "./terminal.ts";

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
  return googleEnvironment(parseSettings(await readPlace(from, api), from), environment, api);
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
