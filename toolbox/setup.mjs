// Installs what package-lock.json names, when it is not installed. Plain JavaScript that any Node from 18 on can
// run, because it runs before the project's own Node 24 is there. Silent when there is nothing to do.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".strata-installed");

/** What an installation depends on: the lock, and the machine that the binaries in it are for. */
function wanted() {
  const lock = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${lock} ${process.platform} ${process.arch}\n`;
}

function installed() {
  return existsSync(stamp) ? readFileSync(stamp, "utf8") : undefined;
}

if (installed() !== wanted()) {
  const started = Date.now();
  process.stderr.write("strata: installing the packages of package-lock.json (npm ci), once per lock file\n");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const run = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  });
  if (run.error || run.status !== 0) {
    const why = run.error ? run.error.message : `exit status ${run.status}`;
    process.stderr.write(
      `strata: the packages could not be installed: "npm ci" ended with ${why}.\n` +
        "  Fix: read npm's message above; with the registry reachable, run the same command again.\n",
    );
    process.exit(1);
  }
  writeFileSync(stamp, wanted());
  process.stderr.write(`strata: installed in ${Math.round((Date.now() - started) / 1000)} s\n`);
}
