import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cached } from "./cache.ts";
import { run } from "./command.ts";

/** Commands of one Go module at one version, built from the Go module proxy. */
export interface GoProgram {
  readonly name: string;
  readonly version: string;
  /** Packages of the commands, such as "github.com/moby/buildkit/cmd/buildctl". Each ends up as a file in the folder. */
  readonly packages: readonly string[];
  /** Modules by path and version, as in go.mod. */
  readonly requires: Readonly<Record<string, string>>;
  /** Modules that the main module's own go.mod replaces: a replacement does not carry over to who requires it. */
  readonly replaces?: Readonly<Record<string, string>>;
  /** Go variables set at link time, such as a version. */
  readonly variables?: Readonly<Record<string, string>>;
  readonly about: string;
}

/**
 * How to build it: from a go.mod of its own in a temporary folder, so neither this checkout nor the user's Go settings
 * matter; without C (the program then runs on any Linux of this processor) and without fetching another Go.
 */
export function goProgram(program: GoProgram): Cached {
  const goMod = goModText(program);
  const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  const flags = ["-trimpath", "-buildvcs=false", "-ldflags", ["-s", "-w", ...variables].join(" ")];
  return {
    name: program.name,
    version: program.version,
    inputs: JSON.stringify([goMod, flags, program.packages]),
    about: program.about,
    async make(folder) {
      const what = `${program.name} ${program.version}`;
      const source = mkdtempSync(join(tmpdir(), "strata-go-"));
      try {
        writeFileSync(join(source, "go.mod"), goMod);
        await run("go", ["build", ...flags, "-o", `${folder}/`, ...program.packages], {
          cwd: source,
          inTheBackground: true,
          env: { GOFLAGS: "-mod=mod", GOWORK: "off", GOTOOLCHAIN: "local", CGO_ENABLED: "0" },
          missing: {
            problem: `${what} is built with Go, which is not on this machine`,
            fix: "install Go 1.26 or newer",
          },
          failed: {
            problem: `${what} could not be built with Go`,
            fix: "make the Go module proxy reachable (go env GOPROXY), with the Go that the message asks for, and try again",
          },
        });
      } finally {
        rmSync(source, { recursive: true, force: true });
      }
    },
  };
}

function goModText({ requires, replaces = {} }: GoProgram): string {
  return [
    "module strata.invalid/tool",
    "",
    "go 1.26",
    "",
    ...Object.entries(requires).map(([path, version]) => `require ${path} ${version}`),
    ...Object.entries(replaces).map(([path, other]) => `replace ${path} => ${other}`),
    "",
  ].join("\n");
}
