import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../chain/errors.ts";

/** A daemon of this process's own. */
export interface Daemon {
  /** Where it listens, as programs that talk to it take it: "unix:///tmp/...". */
  readonly address: string;
  /** The daemon's log so far. */
  log(): string;
  /** Ends the daemon and whatever it runs, and removes what it kept in a temporary folder. */
  stop(): Promise<void>;
}

/** How a daemon is started. */
export interface DaemonOptions {
  /** What a person calls it: "BuildKit". */
  readonly name: string;
  /**
   * The last lines of a shell script, which run the daemon: it keeps its state in `$state`, listens on
   * `$folder/socket`, and `$folder` is its own to write to.
   */
  readonly script: string;
  /** Added to this process's environment, for the script. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it is kept off this machine's network: it then has one of its own, with nothing but loopback. */
  readonly apart?: boolean;
  /** The folder that keeps its state from one start to the next; default: in memory, gone when it ends. */
  readonly root?: string;
  /** What the machine needs for it, for the error where it does not start. */
  readonly needs: string;
}

/** How long a daemon may take until it answers, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Starts a daemon on a socket of its own. Needs root. The daemon lives in process and mount namespaces of its own, with
 * its life tied to a pipe from this process: when this process ends, however it ends, the daemon and its containers
 * end, and no mount is left.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { name } = options;
  if (process.getuid?.() !== 0) {
    throw new UserError({ problem: `a private ${name} daemon needs root on Linux`, fix: "run this as root" });
  }
  // The path of a Unix socket may be 107 bytes long at most: hence a folder directly below the temporary one.
  const folder = mkdtempSync(join(tmpdir(), `strata-${name.toLowerCase()}-`));
  const socket = join(folder, "socket");
  const logFile = join(folder, "log");
  const state = options.root ?? join(folder, "state");
  const temporary = join(folder, "tmp");
  for (const one of [state, temporary]) mkdirSync(one, { recursive: true });

  const daemon = spawn("sh", ["-c", KEEPER], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {
      ...process.env,
      ...options.env,
      folder,
      state,
      // BuildKit makes a folder for each mount there, and leaves those that it has when it is ended.
      TMPDIR: temporary,
      memory: options.root === undefined ? "yes" : "",
      namespaces: options.apart ? "--net" : "",
      inside: INSIDE,
      script: options.script,
    },
  });
  const ended = new Promise<void>((resolve) => daemon.once("close", () => resolve()));
  // Neither the daemon nor the pipe to it keeps this process from ending.
  daemon.unref();
  if (daemon.stdin && "unref" in daemon.stdin && typeof daemon.stdin.unref === "function") daemon.stdin.unref();

  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  const stop = async () => {
    daemon.ref();
    daemon.stdin?.end();
    await ended;
  };
  if (!(await answers(socket, join(folder, "ended")))) {
    const value = log().trim().split("\n").slice(-4).join("\n") || "nothing in its log";
    await stop();
    throw new UserError({ problem: `${name} did not start on this machine`, value, fix: `it needs ${options.needs}` });
  }
  return { address: `unix://${socket}`, log, stop };
}

/**
 * Outside the namespaces: waits for the ends of the daemon and of the pipe, then removes the temporary folder, and the
 * control groups that are named after it.
 */
const KEEPER = `
unshare --mount --pid $namespaces --fork --kill-child --mount-proc sh -c "$inside"
: >"$folder/ended"
cat >/dev/null
find /sys/fs/cgroup -depth -type d -path "*/\${folder##*/}*" -exec rmdir {} + 2>/dev/null
rm -rf "$folder"
`;

/** The first process inside the namespaces: when it ends, the kernel ends every other one there. */
const INSIDE = `
exec 3<&0
[ -z "$memory" ] || mount -t tmpfs -o size=50% strata "$state"
sh -c "$script" >"$folder/log" 2>&1 3<&- &
daemon=$!
{ cat <&3 >/dev/null; kill -TERM $daemon; sleep 10; kill -KILL $daemon; } &
wait $daemon
`;

/** Waits until something listens on the socket; false if the daemon ends before, or takes too long. */
async function answers(socket: string, ended: string): Promise<boolean> {
  for (const giveUp = Date.now() + PATIENCE; Date.now() < giveUp && !existsSync(ended); await sleep(25))
    if (await connects(socket)) return true;
  return false;
}

function connects(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", () => resolve(false));
  });
}
