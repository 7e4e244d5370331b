import { type Check, good, wrong } from "../finding.ts";

/** The oldest Node that runs TypeScript as it is. */
const OLDEST = [22, 18] as const;

/** Node of this process: it has to strip types. */
export function nodeCheck(version: string): Check {
  return {
    subject: "Node",
    asksGoogle: false,
    async run() {
      const [major = 0, minor = 0] = version.split(".").map(Number);
      if (major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])) return good(version);
      return wrong(`${version} does not run TypeScript as it is; ${OLDEST.join(".")} or newer does`, "npm ci");
    },
  };
}
