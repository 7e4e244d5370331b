import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { available } from "../../toolbox/available.ts";
import { type BaseImage, makeBases, Oracle, oracleTools } from "./buildkit.ts";

/** What a test of the ground truth works with. */
export interface GroundTruth {
  readonly bases: readonly BaseImage[];
  /** Runs `work` with a BuildKit daemon of its own, which has the base images. */
  withOracle(work: (oracle: Oracle) => Promise<void>): Promise<void>;
}

/** How long the tests of the ground truth may take, in milliseconds: they build hundreds of images. */
const PATIENCE = 60 * 60_000;

const found = process.getuid?.() === 0 ? available(oracleTools) : { reason: "BuildKit's daemon needs root on Linux" };

/** A test against BuildKit itself; where BuildKit cannot be had it is skipped, and its name says why. */
export function groundTruthTest(name: string, check: (truth: GroundTruth) => Promise<void>): void {
  const { tools } = found;
  if (tools === undefined) {
    test.skip(`${name} (skipped: ${found.reason})`, () => {});
    return;
  }
  test(
    name,
    async () => {
      const folder = mkdtempSync(join(tmpdir(), "strata-bases-"));
      try {
        const bases = await makeBases(tools, folder);
        await check({
          bases,
          async withOracle(work) {
            const oracle = await Oracle.start(tools, bases);
            try {
              await work(oracle);
            } finally {
              await oracle.stop();
            }
          },
        });
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    PATIENCE,
  );
}
