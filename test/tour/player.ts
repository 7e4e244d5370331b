import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A tour, or a part of its start, as a process of its own with a folder of its own. */
export interface Played {
  readonly code: number | null;
  /** Standard output and standard error together, in the order in which they came. */
  readonly out: string;
  readonly seconds: number;
  /** The page that was read, where one was to be. */
  readonly page?: string;
}

/** How a program is started. */
export interface Start {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Sends SIGINT, as Ctrl-C does, to all of its processes once this is on the screen. */
  readonly interruptAt?: RegExp;
  /** Reads the page whose address is the first group of this, once it is on the screen, and then sends SIGINT. */
  readonly visitAt?: RegExp;
  /** Stops reading what it writes once this is on the screen, as a closed terminal does. */
  readonly deafAt?: RegExp;
}

const MARK = "STRATA_TOUR_TEST";

/** A temporary folder for one test file; `remove` takes it away. */
export function temporary(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "strata-tour-"));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Plays `tour/main.ts` of this checkout. */
export function playTour(folder: string, words: readonly string[] = [], start: Start = {}): Promise<Played> {
  const main = join(process.cwd(), "tour", "main.ts");
  return play(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", main, "--directory", folder, ...words],
    start,
  );
}

/** Runs a program to its end, in a group of processes of its own, and fails if any process of it is left. */
export async function play(program: string, words: readonly string[], start: Start = {}): Promise<Played> {
  const id = randomUUID();
  const env = { ...process.env, PULUMI_CONFIG_PASSPHRASE: undefined, ...start.env, [MARK]: id };
  const options = { cwd: start.cwd ?? process.cwd(), env, detached: true } as const;
  const started = Date.now();
  const child = spawn(program, words, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let interrupted = false;
  let visiting: Promise<string> | undefined;
  const interrupt = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGINT");
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      out += data;
      if (start.deafAt?.test(out)) for (const one of [child.stdout, child.stderr]) one.destroy();
      const [, url] = start.visitAt?.exec(out) ?? [];
      if (url !== undefined && visiting === undefined) {
        visiting = fetch(url).then((response) => response.text());
        visiting.then(interrupt, interrupt);
      }
      if (interrupted || !start.interruptAt?.test(out)) return;
      interrupted = true;
      interrupt();
    });
  }
  const code = await exitOf(child);
  const seconds = (Date.now() - started) / 1000;
  const left = await remaining(id);
  if (left.length > 0) throw new Error(`left running: ${left.join("; ")}\n${out}`);
  return { code, out, seconds, ...(visiting && { page: await visiting }) };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, "close");
  return code;
}

/** Processes that were started with the mark of a test, whoever their parent is by now. */
async function remaining(id: string): Promise<readonly string[]> {
  let found: readonly string[] = [];
  for (let looked = 0; looked < 20; looked++) {
    found = readdirSync("/proc").flatMap((pid) => {
      if (!/^\d+$/.test(pid)) return [];
      const environment = readIfThere(`/proc/${pid}/environ`);
      return environment.includes(`${MARK}=${id}`) ? [`${pid} ${readIfThere(`/proc/${pid}/cmdline`)}`] : [];
    });
    if (found.length === 0) return [];
    await sleep(100);
  }
  return found;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
