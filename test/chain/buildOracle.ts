/**
 * Builds the fixtures/oracle.go of a folder beside this file (its name is the argument) once per machine and prints where
 * it is as JSON, or why it cannot be had: a test file has to know that while it is being read.
 */
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UserError } from "../../chain/errors.ts";
import { type Cached, cachedFolder } from "../../toolbox/cache.ts";
import { run } from "../../toolbox/command.ts";
import { onStandardError } from "../../toolbox/tool.ts";

const subject = process.argv[2] ?? "";
const source = join(import.meta.dirname, subject, "fixtures", "oracle.go");
const version = "0.34.2";
const goMod = `module strata.invalid/oracle\n\ngo 1.26\n\nrequire github.com/moby/buildkit v${version}\n`;

const oracle: Cached = {
  name: `${subject}-oracle`,
  version,
  inputs: goMod + readFileSync(source, "utf8"),
  about: "2 min",
  async make(folder) {
    const work = mkdtempSync(join(tmpdir(), "strata-oracle-"));
    try {
      writeFileSync(join(work, "go.mod"), goMod);
      copyFileSync(source, join(work, "main.go"));
      await run(
        "go",
        ["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", join(folder, "oracle"), "."],
        {
          cwd: work,
          inTheBackground: true,
          env: { GOFLAGS: "-mod=mod", GOWORK: "off", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
          missing: {
            problem: "BuildKit's own code is compiled with Go, which is not on this machine",
            fix: "install Go",
          },
          failed: { problem: "BuildKit's own code could not be compiled", fix: "make the Go module proxy reachable" },
        },
      );
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  },
};

try {
  process.stdout.write(JSON.stringify({ program: join(await cachedFolder(oracle, onStandardError), "oracle") }));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stdout.write(JSON.stringify({ reason: error.message }));
}
