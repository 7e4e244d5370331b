import { setTimeout as sleep } from "node:timers/promises";
import { runProcess } from "../../local/workers/process.ts";
import type { Job } from "../../local/workers/worker.ts";

/** What `runProcess` needs of a build. */
function jobWith(signal: AbortSignal, log: string[]): Job {
  return { signal, log: (line: string) => log.push(line) } as Partial<Job> as Job;
}

const bash = (script: string) => ({
  program: "bash",
  args: ["-c", script],
  folder: "/",
  environment: { PATH: process.env.PATH },
});

function isThere(group: number): boolean {
  try {
    process.kill(-group, 0);
    return true;
  } catch {
    return false;
  }
}

test("cancelling ends a step with what it has started", async () => {
  const cancel = new AbortController();
  const log: string[] = [];
  const running = runProcess(jobWith(cancel.signal, log), "", bash("sleep 60 & echo $$; wait"));
  while (log.length === 0) await sleep(10);
  cancel.abort();
  // Its output is open until all of it has ended.
  expect(await running).not.toBe(0);
});

test("cancelling a step that has ended, whose output a process outside its group still holds, harms nobody", async () => {
  const cancel = new AbortController();
  const log: string[] = [];
  const running = runProcess(jobWith(cancel.signal, log), "", bash("setsid sleep 1 & echo $$"));
  while (log.length === 0 || isThere(Number(log[0]))) await sleep(10);
  cancel.abort();
  expect(await running).toBe(0);
});
