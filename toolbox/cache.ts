import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FileLock, tryLock } from "./lock.ts";

/** One thing that is made once per machine and then found again: a folder that `make` fills. */
export interface Cached {
  /** What it is, in a word that can stand in a file name. */
  readonly name: string;
  /** Its version; stands in the folder's name. */
  readonly version: string;
  /** Everything else that decides what the folder will hold: a change of it makes another folder. */
  readonly inputs: string;
  /** How long making it takes the first time, as a person would say it: "2 min". */
  readonly about: string;
  /** Fills the empty folder; whatever it leaves half done when it throws is thrown away. */
  make(folder: string): Promise<void>;
}

/** What happens while a tool is got ready. Nothing at all happens when it is there already. */
export type ToolEvent =
  | { readonly kind: "making"; readonly name: string; readonly version: string; readonly about: string }
  | { readonly kind: "waiting"; readonly name: string; readonly version: string }
  | { readonly kind: "made"; readonly name: string; readonly version: string; readonly seconds: number };

export type ToolListener = (event: ToolEvent) => void;

/** The folder that holds the tools of every checkout on this machine: `$XDG_CACHE_HOME/strata/tools`. */
export function toolsFolder(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "strata", "tools");
}

/**
 * The folder of `wanted`, made now if this machine has not made it yet. It is filled under another name and published
 * by a rename, so a folder that can be found is whole. Of several processes that want it at once one makes it, the
 * others wait; when that one dies, the next takes over.
 */
export async function cachedFolder(wanted: Cached, tell: ToolListener, tools = toolsFolder()): Promise<string> {
  const { name, version } = wanted;
  const finished = join(tools, folderName(wanted));
  if (isFolder(finished)) return finished;

  mkdirSync(tools, { recursive: true });
  const lock = await acquire(join(tools, `.${folderName(wanted)}.lock`), () =>
    tell({ kind: "waiting", name, version }),
  );
  try {
    if (isFolder(finished)) return finished;
    const unfinished = `.${folderName(wanted)}.part-`;
    for (const left of readdirSync(tools).filter((entry) => entry.startsWith(unfinished)))
      rmSync(join(tools, left), { recursive: true, force: true });

    const started = Date.now();
    tell({ kind: "making", name, version, about: wanted.about });
    const folder = mkdtempSync(join(tools, unfinished));
    try {
      await wanted.make(folder);
      renameSync(folder, finished);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
    tell({ kind: "made", name, version, seconds: Math.round((Date.now() - started) / 1000) });
    return finished;
  } finally {
    lock.release();
  }
}

function folderName({ name, version, inputs }: Cached): string {
  const hash = createHash("sha256").update(JSON.stringify([inputs, process.platform, process.arch]));
  return `${name}-${version}-${hash.digest("hex").slice(0, 8)}`;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Waits for a lock of which another process may be the holder. */
async function acquire(file: string, waiting: () => void): Promise<FileLock> {
  for (let told = false; ; told = true) {
    const lock = tryLock(file);
    if (lock) return lock;
    if (!told) waiting();
    await sleep(200);
  }
}
