import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { catalogue } from "./sandbox.ts";

/** Runs one file of test/catalogue/python with unittest; throws with its output where a test of it fails. */
export function runPythonTests(file: string): void {
  const { status, stderr } = spawnSync("python3", ["-B", "-m", "unittest", file], {
    cwd: join(__dirname, "python"),
    encoding: "utf8",
  });
  if (status !== 0 || !/^Ran [1-9]\d* tests/m.test(stderr)) throw new Error(stderr);
}

/** What a verification script writes, as dockerfiles/shared/verify/report.schema.json describes it. */
export const reportSchema = z.fromJSONSchema(
  JSON.parse(readFileSync(join(catalogue, "shared/verify/report.schema.json"), "utf8")),
);

/** Runs a verification script from the checkout, on a machine without torch; its report has the schema's shape. */
export function verify(script: string, ...args: readonly string[]): { exit: number | null; status: string } {
  const folder = mkdtempSync(join(tmpdir(), "verify-"));
  const json = join(folder, "report.json");
  try {
    const { status } = spawnSync("python3", ["-B", "-S", join(catalogue, script), ...args, "--json", json]);
    const report = JSON.parse(readFileSync(json, "utf8"));
    reportSchema.parse(report);
    return { exit: status, status: report.status };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
