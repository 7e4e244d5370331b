#!/usr/bin/env -S node --min-semi-space-size=64 --max-semi-space-size=64
// Starts the command line. The two options give short-lived objects room, so that a short run collects no garbage: a
// fifth of a plan's time. Plain JavaScript, because the Node that finds this file may be too old for TypeScript: then
// the project's own Node takes over.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [major, minor] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // Compiled code is kept between runs; a folder that cannot be written only makes the start slower.
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  module.enableCompileCache?.(join(cache, "strata", "compile"));
  // Whoever reads no more, as `| head -1` does, wants no more: the exit code is that of a program that SIGPIPE ends.
  process.stdout.on("error", (error) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(141);
  });
  // google-auth-library looks for credentials at a machine of Google's too; that this is none is no news to anybody.
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    if (rest[0] !== "MetadataLookupWarning") emitWarning.call(process, warning, ...rest);
  };
  const { runCli } = await import("./run.ts").catch(explainMissing);
  process.exitCode = await runCli(process.argv.slice(2), process);
} else {
  const own = join(here, "..", "node_modules", ".bin", "node");
  if (!existsSync(own)) {
    process.stderr.write(
      `strata: this Node is too old\n  received: ${process.versions.node}\n  allowed:  22.18 or newer\n` +
        "  fix:      run `npm ci` in strata's folder, which installs the right Node beside it\n",
    );
    process.exit(1);
  }
  const run = spawnSync(own, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  if (run.error) explainMissing(run.error);
  process.exitCode = run.status ?? 1;
}

/** A package or the project's own Node that is not there, or half there, is an installation that never ended. */
function explainMissing(error) {
  if (!["ERR_MODULE_NOT_FOUND", "ENOENT", "ENOEXEC", "EACCES"].includes(error.code)) throw error;
  process.stderr.write(
    `strata: its packages are not installed in full\n  received: ${error.message.split("\n")[0]}\n` +
      "  allowed:  what package-lock.json names\n  fix:      run `npm ci` in strata's folder\n",
  );
  process.exit(1);
}
