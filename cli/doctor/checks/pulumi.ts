import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { errorCode, errorMessage } from "../../../cloud/systemError.ts";
import { type Check, type Finding, good, type Patient, wrong } from "../finding.ts";

/** The oldest Pulumi that the stack was run on. */
const OLDEST = [3, 259] as const;

const PATIENCE_MS = 10_000;

const INSTALL = "install it as https://www.pulumi.com/docs/install says; `npm run pulumi` brings its own";

/** Pulumi's command on the PATH, and the plugins that a deployment loads. */
export const pulumiCheck: Check = {
  subject: "Pulumi",
  asksGoogle: false,
  async run({ env }) {
    const version = await pulumi(["version"], env);
    if (typeof version !== "string") return version;
    const [, major = "0", minor = "0"] = /^v?(\d+)\.(\d+)\./.exec(version) ?? [];
    if (Number(major) !== OLDEST[0] || Number(minor) < OLDEST[1]) {
      return wrong(`${version.trim()} is on the PATH; strata was run on 3.${OLDEST[1]} and newer`, INSTALL);
    }
    const listed = await pulumi(["plugin", "ls", "--json"], env);
    if (typeof listed !== "string") return listed;
    const plugins: readonly { readonly name: string; readonly version?: string }[] = JSON.parse(listed || "[]");
    const gcp = plugins.find(({ name }) => name === "gcp");
    if (gcp !== undefined) return good(`${version.trim()}, with gcp ${gcp.version ?? ""}`.trim());
    const says = `${version.trim()}; its plugin gcp is not there yet, the first deployment fetches it`;
    return { state: "note", says, fix: "pulumi install" };
  },
};

/** What Pulumi prints, or why it does not. */
async function pulumi(words: readonly string[], env: Patient["env"]): Promise<string | Finding> {
  try {
    const options = { env: { ...env, PULUMI_SKIP_UPDATE_CHECK: "true" }, timeout: PATIENCE_MS };
    return (await promisify(execFile)("pulumi", words, options)).stdout;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return wrong("the command pulumi is not on the PATH", INSTALL);
    return wrong(`pulumi ${words.join(" ")} failed: ${errorMessage(error).split("\n")[0]}`, INSTALL);
  }
}
