import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** How long processes may take to end when asked to, in milliseconds. */
const PATIENCE_MS = 5000;

/**
 * Ends every process that this one has started, and those that they have started: asks them first. Only on Linux can a
 * process's children be found without another program; elsewhere they are left to end with their pipes.
 */
export async function endDescendants(): Promise<void> {
  // Found before the first ends: what an ended process has started is then somebody else's child.
  const found = descendantsOf(process.pid);
  for (const pid of found) send(pid, "SIGTERM");
  for (const giveUp = Date.now() + PATIENCE_MS; found.some(runs) && Date.now() < giveUp; await sleep(50));
  for (const pid of found.filter(runs)) send(pid, "SIGKILL");
}

function descendantsOf(pid: number): readonly number[] {
  const children = new Map<number, number[]>();
  for (const [child, parent] of processes()) children.set(parent, [...(children.get(parent) ?? []), child]);
  const below = (one: number): number[] => (children.get(one) ?? []).flatMap((child) => [child, ...below(child)]);
  return below(pid);
}

/** Each process with its parent. */
function processes(): readonly (readonly [pid: number, parent: number])[] {
  if (process.platform !== "linux") return [];
  return readdirSync("/proc").flatMap((name) => {
    const parent = /^\d+$/.test(name) ? statOf(Number(name))?.parent : undefined;
    return parent === undefined ? [] : [[Number(name), parent] as const];
  });
}

function statOf(pid: number): { readonly state: string; readonly parent: number } | undefined {
  try {
    // The program's name stands in brackets and may hold anything.
    const [state = "", parent = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return { state, parent: Number(parent) };
  } catch {
    // It has ended since it was listed.
    return undefined;
  }
}

function runs(pid: number): boolean {
  const state = statOf(pid)?.state;
  return state !== undefined && state !== "Z";
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}
