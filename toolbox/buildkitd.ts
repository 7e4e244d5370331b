import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../chain/errors.ts";
import type { Tool } from "./tool.ts";

/** A BuildKit daemon of this process's own. */
export interface Buildkitd {
  /** What `buildctl --addr` and buildx's remote driver take: "unix:///tmp/...". */
  readonly address: string;
  /** The daemon's log so far. */
  log(): string;
  /** Ends the daemon and whatever it runs, and removes what it kept in a temporary folder. */
  stop(): Promise<void>;
}

/** What the daemon is made of. */
export interface BuildkitdOptions {
  readonly buildkitd: Tool;
  readonly runc: Tool;
  /** The folder that keeps its state from one start to the next; default: in memory, gone when it ends. */
  readonly root?: string;
}

/** How long the daemon may take until it answers, in milliseconds. */
const PATIENCE = 30_000;

/**
 * Starts BuildKit on a socket of its own. Needs root. The daemon lives in process and mount namespaces of its own, with
 * its life tied to a pipe from this process: when this process ends, however it ends, the daemon and its containers
 * end, and no mount is left. RUN steps use this machine's network, where a build asks for it.
 */
export async function startBuildkitd(options: BuildkitdOptions): Promise<Buildkitd> {
  if (process.getuid?.() !== 0)
    throw new UserError({ problem: "a private BuildKit daemon needs root on Linux", fix: "run this as root" });
  // The path of a Unix socket may be 107 bytes long at most: hence a folder directly below the temporary one.
  const folder = mkdtempSync(join(tmpdir(), "strata-buildkit-"));
  const socket = join(folder, "socket");
  const logFile = join(folder, "log");
  const state = options.root ?? join(folder, "state");
  mkdirSync(state, { recursive: true });

  const daemon = spawn("sh", ["-c", KEEPER], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {
      ...process.env,
      folder,
      state,
      memory: options.root === undefined ? "yes" : "",
      buildkitd: options.buildkitd.path,
      // The daemon looks for a "runc" on its PATH even where a flag names the program.
      PATH: `${dirname(options.runc.path)}:${process.env.PATH ?? ""}`,
      inside: INSIDE,
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
    throw new UserError({
      problem: "BuildKit did not start on this machine",
      value,
      fix: "it needs root, unshare, overlay mounts and cgroups, as a virtual machine or a privileged container has them",
    });
  }
  return { address: `unix://${socket}`, log, stop };
}

/** Outside the namespaces: waits for the ends of the daemon and of the pipe, then removes the temporary folder. */
const KEEPER = `
unshare --mount --pid --fork --kill-child --mount-proc sh -c "$inside"
: >"$folder/ended"
cat >/dev/null
rm -rf "$folder"
`;

/** The first process inside the namespaces: when it ends, the kernel ends every other one there. */
const INSIDE = `
exec 3<&0
[ -z "$memory" ] || mount -t tmpfs -o size=50% strata "$state"
"$buildkitd" --root "$state" --addr "unix://$folder/socket" --oci-worker-net host \
  --allow-insecure-entitlement network.host >"$folder/log" 2>&1 3<&- &
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
