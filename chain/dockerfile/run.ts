import { posix } from "node:path";
import type { Canonical } from "../canonical.ts";
import type { InstructionOf } from "./instructions.ts";
import { type Mount, parseMounts } from "./mounts.ts";
import { dropTabs } from "./parse.ts";
import { cleanPath, pathFrom } from "./paths.ts";
import { formatPlatform, type Platform } from "./platforms.ts";
import type { StageState } from "./state.ts";
import type { ContextRead, FileSystem, Step } from "./steps.ts";
import { isSymbolic, readable } from "./symbols.ts";
import { heredocOf } from "./syntax.ts";

/** A command with the stage's SHELL, or BuildKit's default, in front. */
export function withShell(state: StageState, parts: readonly string[]): readonly string[] {
  const shell = state.config.shell.length > 0 ? state.config.shell : ["/bin/sh", "-c"];
  return [...shell, parts.join(" ")];
}

/**
 * RUN: a step that gets the environment, folder and user of its place, the command as the shell gets it, and its
 * mounts.
 * @param suppliers what the mounts take files from, in their order; undefined for the context or nothing
 * @param build the platform, the namespace of cache mounts (the build arg BUILDKIT_CACHE_MOUNT_NS), and the host name
 *   that the command sees (BUILDKIT_SANDBOX_HOSTNAME)
 */
export function evaluateRun(
  run: InstructionOf<"RUN">,
  state: StageState,
  suppliers: readonly (FileSystem | undefined)[],
  build: { readonly platform: Platform; readonly cacheNamespace: string; readonly hostname: string },
): Step {
  const at = { file: state.file, line: state.line };
  const { command, script } = commandOf(run, state);
  const mounts = parseMounts(run.mounts, (word) => state.expand(word), at);
  const read = readMounts(mounts, state, suppliers, build.cacheNamespace);
  const operation: Canonical = {
    run: command,
    script,
    env: state.environmentOfStep(),
    folder: state.config.workdir,
    user: state.config.user,
    network: run.network,
    security: run.security,
    devices: run.devices,
    mounts: read.mounts,
    hostname: build.hostname,
    platform: formatPlatform(build.platform),
  };
  const step = state.append(run, { operation, inputs: [state.fileSystem, ...read.inputs], reads: read.reads });
  state.remember(`RUN ${[...argsInHistory(state), ...command].join(" ")}`);
  return step;
}

/** The arguments of the process, and a script that BuildKit mounts for a here-document with a "#!" line. */
function commandOf(
  run: InstructionOf<"RUN">,
  state: StageState,
): { command: readonly string[]; script: string | null } {
  const { arguments: words, shell } = run.command;
  const [first] = run.source.heredocs;
  if (!first) return { command: shell ? withShell(state, words) : words, script: null };
  const text = words[0] ?? "";
  if (!heredocOf(text, { file: state.file, line: state.line })) {
    // More than the here-document: the shell gets the line with the documents below it, as written.
    const bodies = run.source.heredocs.map(({ content, name }) => `\n${content}${name}`).join("");
    return { command: withShell(state, [text + bodies]), script: null };
  }
  const content = first.dropsTabs ? dropTabs(first.content) : first.content;
  if (!content.startsWith("#!")) return { command: withShell(state, [content]), script: null };
  return { command: withShell(state, [`/dev/pipes/${first.name}`]), script: content };
}

/** "|2 A=1 B=2": the declared args with the values that the step sees. */
function argsInHistory(state: StageState): readonly string[] {
  const shown = new Map<string, string>();
  for (const { name, value } of state.args) shown.set(name, state.env.get(name) ?? value);
  if (shown.size === 0) return [];
  return [`|${shown.size}`, ...[...shown].map(([name, value]) => `${name}=${value}`)];
}

/** Mounts as the key has them, the file systems they take files from, and what they read from the context. */
function readMounts(
  mounts: readonly Mount[],
  state: StageState,
  suppliers: readonly (FileSystem | undefined)[],
  cacheNamespace: string,
): { mounts: Canonical; inputs: FileSystem[]; reads: ContextRead[] } {
  const paths = mounts.filter(readsContext).map(({ source }) => contextPath(source, state));
  const ranks = [...new Set(paths)].sort();
  const inputs: FileSystem[] = [];
  const placed = mounts
    .filter(({ type }) => type !== "secret" && type !== "ssh")
    .map((mount) => {
      const target = mountTarget(mount, state);
      const supplier = suppliers[mounts.indexOf(mount)];
      const operation: Canonical = {
        type: mount.type,
        target,
        readOnly: mount.readOnly,
        size: mount.size,
        cache: mount.type === "cache" ? cacheOf(mount, target, cacheNamespace) : null,
        made: contextPath(mount.source, state) === "" ? madeFolder(mount) : null,
        from: null,
      };
      if (mount.type === "tmpfs") return { target, operation };
      // Which of the folders in the context it is; their content counts, their names do not.
      if (readsContext(mount))
        return { target, operation: { ...operation, from: ranks.indexOf(contextPath(mount.source, state)) } };
      if (!supplier) return { target, operation };
      return { target, operation: { ...operation, from: cleanPath(`/${mount.source}`) }, supplier };
    });
  placed.sort((one, other) => (one.target < other.target ? -1 : one.target > other.target ? 1 : 0));
  for (const { supplier } of placed) if (supplier) inputs.push(supplier);
  const secrets = mounts.filter(({ type }) => type === "secret").map((mount) => secretOperation(mount));
  const agents = mounts.filter(({ type }) => type === "ssh").map((mount, index) => agentOperation(mount, index));
  return {
    mounts: [...placed.map(({ operation }) => operation), ...secrets, ...agents],
    inputs,
    reads: ranks.length > 0 ? [{ kind: "mounts", paths: ranks }] : [],
  };
}

function readsContext({ type, from }: Mount): boolean {
  return type === "bind" && from === "";
}

function contextPath(source: string, state: StageState): string {
  if (isSymbolic(source)) {
    throw state.error("the source of a mount is not known before the build", readable(source), {
      fix: "set the variable in this Dockerfile with ARG or ENV",
    });
  }
  return posix.join("/", source).replace(/\/+$/, "").slice(1);
}

function mountTarget({ target }: Mount, state: StageState): string {
  const path = target.startsWith("/") ? target : pathFrom(pathFrom("/", state.config.workdir), target);
  if (path === "/") throw state.error("a mount cannot cover the root", target, { allowed: "a folder or file below /" });
  return path;
}

/**
 * What counts of a cache mount's identity: for the shared cache of its own target the namespace, for any other that it
 * is another one. BuildKit drops ids and sharing from its key.
 */
function cacheOf({ id, sharing, target: written }: Mount, target: string, namespace: string): Canonical {
  const name = id === "" ? posix.normalize(written) : id;
  const usual = name === target && (sharing === "" || sharing === "shared");
  return usual ? { namespace } : "own";
}

/** What a folder that a cache mount makes itself gets: it is made only where one of the three is said. */
function madeFolder({ uid, gid, mode }: Mount): Canonical {
  if (uid === undefined && gid === undefined && mode === undefined) return [null, null, null];
  const [user, ...others] = unlessDefault([uid, gid, mode], [0, 0, 0o755]);
  return [user ?? (others.every((one) => one === null) ? 0 : null), ...others];
}

/** A secret that is only a variable has no owner. */
function secretOperation({ id, source, target, env, uid, gid, mode, required }: Mount): Canonical {
  const name = source || id || posix.basename(target);
  const file = env === undefined ? target || `/run/secrets/${posix.basename(name)}` : target || null;
  const said = unlessDefault([uid, gid, mode], [0, 0, 0o400]).some((one) => one !== null);
  const owner = said && file !== null ? [uid ?? 0, gid ?? 0, mode ?? 0o400] : null;
  return { type: "secret", id: name, target: file, env: env ?? null, owner, required };
}

/** @param index its place among the agents, which its socket is named after where nothing else is said */
function agentOperation({ id, target, uid, gid, mode, required }: Mount, index: number): Canonical {
  const usual = target === `/run/buildkit/ssh_agent.${index}`;
  const owner = unlessDefault([uid, gid, mode], [0, 0, 0o600]);
  return { type: "ssh", id, target: usual ? "" : target, required, owner };
}

/** Values, null in the place of those that are not said or say the default. */
function unlessDefault(values: readonly (number | undefined)[], defaults: readonly number[]): (number | null)[] {
  return values.map((value, index) => (value === undefined || value === defaults[index] ? null : value));
}
