import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../chain/errors.ts";
import type { WorkerName } from "./cloud.ts";

/** How a running local cloud is reached; only the user who started it can read it. */
export interface ServerInfo {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** Where its builds are shown. */
  readonly page: string;
  readonly pid: number;
  /** The operator's token. */
  readonly token: string;
}

/** What `up` is told. */
export interface UpOptions {
  readonly directory: string;
  readonly port: number;
  readonly projects: readonly string[];
  /** Whether new projects have every service enabled instead of what Google's new projects have. */
  readonly allServices: boolean;
  readonly timeScale?: number;
  readonly operationDelayMs?: number;
  readonly worker?: WorkerName;
}

/** How long a server may take to listen, in milliseconds; it takes a tenth of a second. */
const START_MS = 10_000;

/** The file that tells where the server of a folder is. */
export function serverFile(directory: string): string {
  return join(directory, "server.json");
}

/** The server of a folder, or undefined where none runs. */
export function findServer(directory: string): ServerInfo | undefined {
  if (!existsSync(serverFile(directory))) return undefined;
  const info = JSON.parse(readFileSync(serverFile(directory), "utf8")) as ServerInfo;
  return isAlive(info.pid) ? info : undefined;
}

/**
 * The server of a folder.
 *
 * @throws UserError where none runs.
 */
export function requireServer(directory: string): ServerInfo {
  const info = findServer(directory);
  if (info) return info;
  throw new UserError({
    problem: "no local cloud is running in this folder",
    value: directory,
    fix: "strata local up",
  });
}

/** Starts a server in a process of its own, or finds the one that runs. Returns once it answers. */
export async function up(options: UpOptions): Promise<ServerInfo> {
  const running = findServer(options.directory);
  if (running) return running;
  mkdirSync(options.directory, { recursive: true });
  rmSync(serverFile(options.directory), { force: true });
  const logFile = join(options.directory, "server.log");
  const log = openSync(logFile, "w");
  const words = [
    ...["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "main.ts")],
    ...["--directory", options.directory, "--port", String(options.port)],
    ...["--services", options.allServices ? "all" : "initial"],
    ...options.projects.flatMap((project) => ["--project", project]),
    ...(options.timeScale === undefined ? [] : ["--time-scale", String(options.timeScale)]),
    ...(options.operationDelayMs === undefined ? [] : ["--operation-delay", String(options.operationDelayMs)]),
    ...(options.worker === undefined ? [] : ["--worker", options.worker]),
  ];
  // Compiled code is kept: the next start takes half the time.
  const env = { NODE_COMPILE_CACHE: join(options.directory, "compiled"), ...process.env };
  const child = spawn(process.execPath, words, { detached: true, stdio: ["ignore", log, log], env });
  child.unref();
  for (const end = Date.now() + START_MS; Date.now() < end; await sleep(10)) {
    const info = findServer(options.directory);
    if (info) return info;
    if (child.exitCode !== null) break;
  }
  throw startFailure(options, readFileSync(logFile, "utf8"));
}

function startFailure({ port }: UpOptions, log: string): UserError {
  const taken = log.includes("EADDRINUSE");
  if (taken || log.includes("listen EACCES")) {
    return new UserError({
      problem: taken ? "another program listens on the port" : "this account may not listen on the port",
      value: String(port),
      allowed: "a free port, 1024 to 65535, or 0: it then takes any",
      fix: "choose another: strata local up --port 0",
    });
  }
  return new UserError({
    problem: `the local cloud did not start: ${log.trim()}`,
    fix: "mend what it says and run strata local up again",
  });
}

/** Stops the server of a folder; its state stays. Returns whether one ran. */
export async function down(directory: string): Promise<boolean> {
  const info = findServer(directory);
  if (!info) return false;
  process.kill(info.pid, "SIGTERM");
  for (const end = Date.now() + START_MS; isAlive(info.pid) && Date.now() < end; await sleep(10));
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Asks a server something under `/_local/`. */
export async function ask<T>(server: ServerInfo, verb: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${server.origin}/_local/${path}`, {
    method: verb,
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = (await response.json()) as { readonly error?: { readonly message: string } };
  if (!response.ok) {
    throw new UserError({
      problem: answer.error?.message ?? `the local cloud answered ${response.status}`,
      fix: "correct what it names; what the local cloud has, `strata local status` says",
    });
  }
  return answer as T;
}
