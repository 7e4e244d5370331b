import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { startTestCloud } from "./testCloud.ts";

const run = promisify(execFile);

test.each(["storage", "cloudbuild", "artifact-registry"])(
  "@google-cloud/%s works unchanged, and none of its calls is refused as malformed",
  async (scenario) => {
    const cloud = await startTestCloud({ settings: { timeScale: 0 } });
    try {
      const words = [join(__dirname, "realClients.ts"), scenario, cloud.origin, cloud.running.operatorToken];
      const { stdout } = await run(process.execPath, words);
      expect(stdout).toBe("done\n");
      expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
    } finally {
      await cloud.close();
    }
  },
  60_000,
);
