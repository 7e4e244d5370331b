import { readFile } from "node:fs/promises";
import { type BuildEnvironment, googleEnvironment } from "../builder/services.ts";
import { type BuildSettings, buildSettings } from "../builder/settings.ts";
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

/** Settings are short; what is longer than this many bytes is something else. */
const longestSettings = 1 << 20;

/** Reads the settings at a place and makes the clients of that environment. */
export async function openEnvironment(place: string | undefined, terminal: Terminal): Promise<BuildEnvironment> {
  const environment = { ...terminal.env };
  const from = place ?? environment.STRATA_SETTINGS;
  if (from === undefined || from === "") {
    throw new UserError({
      problem: "no environment is named",
      value: "nothing",
      allowed: "--settings PLACE or STRATA_SETTINGS: a file, or gs://bucket/object",
      fix: "pulumi stack output build --json >build.json, then the same command with --settings build.json",
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
    allowed: "a file, or gs://bucket/object",
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
    const code = errorCode(error);
    if (code === undefined) throw error;
    throw code === "ENOENT" ? absent : unusable(`the file cannot be read (${code})`, place);
  }
}

function unusable(problem: string, file: string): UserError {
  return new UserError({
    problem: `the settings of the environment cannot be used: ${problem}`,
    allowed: "what `pulumi stack output build --json` prints",
    fix: "write them anew with that command",
    at: { file },
  });
}

function parseSettings(text: string, file: string): BuildSettings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw unusable("they are not JSON", file);
  }
  if (hasNoTool(json)) {
    throw new UserError({
      problem: "this environment has no tool image yet, which the steps of a build run in",
      allowed: "strata:tool with a published image of strata:tool",
      fix: 'make the first one as dockerfiles/strata/README.md says under "The first one", then write the settings anew',
      at: { file },
    });
  }
  // A commit from before a setting was invented still builds: what it does not know is left out.
  const { data, error } = buildSettings.strip().safeParse(json, { reportInput: true });
  if (data !== undefined) return data;
  const wrong = error.issues.map(({ path, input, code, message }) => {
    if (path.length === 0) return "they are not usable";
    const name = path.join(".");
    if (input === undefined) return `${name} is missing`;
    // Of a form the schema says in its own words which one it is.
    return code === "invalid_format" ? `${name} is not ${message}` : `${name} is not usable`;
  });
  throw unusable(wrong.join(", "), file);
}

/** An environment that was brought up before its first tool image leaves its name empty. */
function hasNoTool(settings: unknown): boolean {
  return typeof settings === "object" && settings !== null && "tool" in settings && settings.tool === "";
}
