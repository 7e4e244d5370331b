import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { promisify } from "node:util";
import type { ToolListener } from "../../toolbox/cache.ts";
import { recipes } from "../../toolbox/recipes.ts";
import { type Tool, tool } from "../../toolbox/tool.ts";

/** Pulumi's command, and what became of one that the machine has. */
export interface FoundPulumi extends Tool {
  /** One sentence, where the machine has a Pulumi that is not used. */
  readonly passedOver?: string;
}

/** How long a program may take to say its version, in milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Pulumi's command: the one on the PATH where it is not older than the one that strata is tested with and of the same
 * major version, otherwise strata's own, which is built once on a machine. The machine's own stays as it is.
 *
 * @param tell hears of the building.
 * @throws UserError where neither is to be had.
 */
export async function findPulumi(tell: ToolListener, path = process.env.PATH ?? ""): Promise<FoundPulumi> {
  const wanted = recipes.pulumi.source.version;
  const installed = programOnPath("pulumi", path);
  if (installed === undefined) return tool("pulumi", tell);
  const version = await versionOf(installed);
  if (version !== undefined && isEnough(version, wanted)) return { path: installed, version };
  const own = await tool("pulumi", tell);
  const found = version === undefined ? `${installed} does not say its version` : `${installed} is ${version}`;
  return { ...own, passedOver: `${found}; ${wanted} is used beside it, which strata is tested with` };
}

function programOnPath(name: string, path: string): string | undefined {
  const files = path.split(delimiter).flatMap((folder) => (folder === "" ? [] : [resolve(join(folder, name))]));
  return files.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

async function versionOf(program: string): Promise<string | undefined> {
  const env = { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" };
  try {
    const { stdout } = await promisify(execFile)(program, ["version"], { env, timeout: PATIENCE_MS });
    return /^v?(\d+\.\d+\.\d+)/.exec(stdout.trim())?.[1];
  } catch {
    // Whatever is wrong with a program that strata can do without is not strata's to report.
    return undefined;
  }
}

function isEnough(version: string, wanted: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  const [wantedMajor = 0, wantedMinor = 0, wantedPatch = 0] = wanted.split(".").map(Number);
  if (major !== wantedMajor) return false;
  return minor > wantedMinor || (minor === wantedMinor && patch >= wantedPatch);
}
