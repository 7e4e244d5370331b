import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

export const catalogue = join(__dirname, "../../dockerfiles");

/** What a script did. */
export interface Ended {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
}

/** A folder with scripts of the catalogue side by side, as a build step mounts them, and fakes for programs they call. */
export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "catalogue-"));
  private readonly programs = join(this.folder, "programs");

  /** @param scripts paths below dockerfiles/. */
  constructor(scripts: readonly string[]) {
    mkdirSync(this.programs);
    for (const script of scripts) copyFileSync(join(catalogue, script), this.path(basename(script)));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, content: string): string {
    writeFileSync(this.path(name), content);
    return this.path(name);
  }

  makeFolder(name: string): string {
    mkdirSync(this.path(name));
    return this.path(name);
  }

  makeExecutable(name: string): void {
    chmodSync(this.path(name), 0o755);
  }

  /** Puts a Bash program first in PATH; returns its path. */
  program(name: string, body: string): string {
    const path = join(this.programs, name);
    writeFileSync(path, `#!/usr/bin/env bash\n${body}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** Runs one of the scripts with nothing in its environment but PATH, HOME and `env`. */
  run(script: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ended {
    const { status, stdout, stderr, error } = spawnSync(this.path(script), args, {
      encoding: "utf8",
      env: { PATH: `${this.programs}:${process.env.PATH}`, HOME: this.folder, ...env },
    });
    if (error) throw error;
    return { exit: status, out: stdout, err: stderr };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
