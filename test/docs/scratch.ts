import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/** What a command printed, on both of its streams, and its exit code. */
export interface Ran {
  readonly code: number;
  readonly printed: string;
}

/** A fresh copy of the repository, as a clone would be, and a shell in it that remembers its folder and variables. */
export class Scratch {
  readonly folder = mkdtempSync(join(tmpdir(), "strata-docs-"));
  private readonly checkout = join(this.folder, "strata");
  private readonly state = join(this.folder, "state.sh");

  constructor(root: string) {
    const files = git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0");
    for (const file of files) {
      if (file === "" || !existsSync(join(root, file))) continue;
      mkdirSync(dirname(join(this.checkout, file)), { recursive: true });
      cpSync(join(root, file), join(this.checkout, file), { verbatimSymlinks: true });
    }
    this.installPackages(root);
    git(this.checkout, "init", "--quiet", "--initial-branch", "main");
    git(this.checkout, "add", "--all");
    const who = ["-c", "user.name=docs", "-c", "user.email=docs@example.com", "-c", "commit.gpgsign=false"];
    git(this.checkout, ...who, "commit", "--quiet", "--message", "as cloned");
    // The local cloud of a test takes a free port: the usual one may be in use.
    const shim = `#!/bin/sh\nset -- "$@"\n[ "$1 $2" = "local up" ] && set -- "$@" --port 0\nexec node "${this.checkout}/cli/strata.mjs" "$@"\n`;
    mkdirSync(join(this.folder, "bin"));
    writeFileSync(join(this.folder, "bin/strata"), shim);
    chmodSync(join(this.folder, "bin/strata"), 0o755);
    writeFileSync(this.state, `cd ${this.checkout}\n`);
  }

  /** Runs commands as a person would type them. */
  run(commands: string, timeoutMs: number): Ran {
    const keep = `{ export -p; printf 'cd %q\\n' "$PWD"; } >${this.state}`;
    const before = [`. ${this.state}`, `keep() { ${keep}; }`, "trap keep EXIT", "set -eo pipefail", "exec 2>&1"];
    const script = [...before, commands].join("\n");
    // `timeout` ends all that the commands started, where a signal to the shell would end the shell alone.
    const words = ["--kill-after=5", String(timeoutMs / 1000), "bash", "-c", script];
    const { status, stdout, error } = spawnSync("timeout", words, {
      cwd: this.checkout,
      encoding: "utf8",
      env: { ...withoutCloud(process.env), PATH: this.path(), NO_COLOR: "1", PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    if (error) throw error;
    return { code: status ?? -1, printed: stdout };
  }

  /** Ends what the page started, and removes everything. */
  close(): void {
    spawnSync(process.execPath, [join(this.checkout, "cli/strata.mjs"), "local", "down"], { cwd: this.checkout });
    rmSync(this.folder, { recursive: true, force: true });
  }

  private path(): string {
    return [join(this.folder, "bin"), join(this.checkout, "node_modules/.bin"), process.env.PATH ?? ""].join(delimiter);
  }

  /** Links each package: a set-up that found them stale would remove the links and not the packages. */
  private installPackages(root: string): void {
    const to = join(this.checkout, "node_modules");
    mkdirSync(to);
    for (const name of readdirSync(join(root, "node_modules"))) {
      const from = join(root, "node_modules", name);
      if (name === ".strata-installed") writeFileSync(join(to, name), readFileSync(from));
      else symlinkSync(from, join(to, name));
    }
  }
}

function git(folder: string, ...words: readonly string[]): string {
  return execFileSync("git", ["-C", folder, ...words], { encoding: "utf8", maxBuffer: 64 << 20 });
}

/** The surroundings without anything that would reach a cloud of the person who runs the tests. */
function withoutCloud(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(GOOGLE_|STRATA_|PULUMI_|npm_|NODE_|JEST_)/.test(name)),
  );
}
