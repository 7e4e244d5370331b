import { mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cached } from "./cache.ts";
import { run } from "./command.ts";

/** The file in the folder that holds the version which the release had when it was fetched. */
export const versionFile = "VERSION";

/** A program of the Debian (or Ubuntu) release that this machine runs. */
export interface DebianProgram {
  readonly name: string;
  readonly package: string;
  /** Where the program lies in the package, such as "usr/sbin/runc". */
  readonly program: string;
  /** Packages that it is of no use without and that its own does not name, such as fonts. */
  readonly also?: readonly string[];
  readonly about: string;
}

/**
 * How to get its files without being root and without installing anything: the package and those of its dependencies
 * that this machine lacks are downloaded and unpacked beside each other; where there are such dependencies, the program
 * is started by a small script that adds their libraries and programs. The version is the release's: an archive of a
 * distribution keeps only its newest.
 */
export function debianProgram(program: DebianProgram): Cached {
  return {
    name: program.name,
    version: "debian",
    inputs: JSON.stringify(["debian", program.package, program.also ?? [], launcher(program.program)]),
    about: program.about,
    async make(folder) {
      const packages = await lackingPackages(program.package, program.also ?? []);
      const downloads = mkdtempSync(join(tmpdir(), "strata-debian-"));
      try {
        await apt("apt-get", ["download", ...packages], program.package, downloads);
        for (const file of readdirSync(downloads).filter((name) => name.endsWith(".deb"))) {
          const archive = join(downloads, file);
          await apt("dpkg-deb", ["--extract", archive, folder], program.package);
          if (file.startsWith(`${program.package}_`))
            writeFileSync(
              join(folder, versionFile),
              await apt("dpkg-deb", ["--field", archive, "Version"], program.package),
            );
        }
      } finally {
        rmSync(downloads, { recursive: true, force: true });
      }
      const start = join(folder, program.name);
      if (packages.length === 1) symlinkSync(program.program, start);
      else writeFileSync(start, launcher(program.program), { mode: 0o755 });
    },
  };
}

/** The package, and what would have to be installed with it on this machine. */
async function lackingPackages(name: string, also: readonly string[]): Promise<string[]> {
  const plan = await apt("apt-get", ["install", "--simulate", "--no-install-recommends", name], name);
  const planned = [...plan.matchAll(/^Inst (\S+)/gm)].map((match) => match[1] ?? "");
  return [...new Set([name, ...planned, ...also])];
}

function apt(program: string, args: readonly string[], name: string, cwd?: string): Promise<string> {
  return run(program, args, {
    cwd,
    env: { LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    missing: {
      problem: `the Debian package ${name} is needed, and this machine has no ${program}`,
      fix: "run this on Debian or Ubuntu",
    },
    failed: {
      problem: `the Debian package ${name} could not be fetched`,
      fix: `run "apt-get update" as root, and see that "apt-get download ${name}" works`,
    },
  });
}

/** Starts the program beside it with the libraries and programs beside it, wherever the folder lies. */
function launcher(program: string): string {
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
for folder in "$here"/lib "$here"/usr/lib "$here"/lib/*-linux-gnu* "$here"/usr/lib/*-linux-gnu* \\
  "$here"/usr/lib/*-linux-gnu*/*; do
  [ -d "$folder" ] && LD_LIBRARY_PATH="$folder\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
done
PATH="$here/usr/sbin:$here/usr/bin:$here/sbin:$here/bin:$PATH"
export LD_LIBRARY_PATH PATH
exec "$here/${program}" "$@"
`;
}
