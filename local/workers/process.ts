import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Job } from "./worker.ts";

/** A program of this machine, as a step of a build. */
export interface StepProcess {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** All that it gets: nothing of this process's own environment is added. */
  readonly environment: NodeJS.ProcessEnv;
}

/** Runs a step as a process whose output goes to the build's log, and gives its exit code; cancelling the build ends it. */
export async function runProcess({ log, signal }: Job, prefix: string, step: StepProcess): Promise<number> {
  if (signal.aborted) return 1;
  const child = spawn(step.program, step.args, {
    cwd: step.folder,
    env: step.environment,
    // A group of its own: cancelling the build ends what the step has started, too.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const stop = () => child.pid !== undefined && endGroup(child.pid);
  signal.addEventListener("abort", stop, { once: true });
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => log(`${prefix}${line}`));
  }
  try {
    const [code] = await once(child, "close");
    return code ?? 1;
  } catch (error) {
    log(`${prefix}${step.program} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
    return 127;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** Ends a process and all that it has started in its group. */
function endGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGTERM");
  } catch (error) {
    // Nobody is left in it, and its output is held open by a process that has left it.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** What `env` of a build or of a step says, by name. */
export function variablesOf(lines: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    lines.map((line) => {
      const [name = "", ...value] = line.split("=");
      return [name, value.join("=")] as const;
    }),
  );
}
