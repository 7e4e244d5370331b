import { spawn } from "node:child_process";
import { constants, setPriority } from "node:os";
import { UserError } from "../chain/errors.ts";

/** How a program is to be run. */
export interface CommandOptions {
  readonly cwd?: string;
  /** Lets everything else on this machine go first. */
  readonly inTheBackground?: boolean;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What to say when the program itself is not on this machine. */
  readonly missing: { readonly problem: string; readonly fix: string };
  /** What to say when it ends with another status than 0; its last lines of standard error are added. */
  readonly failed: { readonly problem: string; readonly fix: string };
}

/** Runs a program to its end and returns its standard output; throws a UserError that says what to do. */
export function run(program: string, args: readonly string[], options: CommandOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (options.inTheBackground && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_LOW);
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.on("error", (cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") reject(new UserError(options.missing, { cause }));
      else reject(cause);
    });
    child.on("close", (status, signal) => {
      if (status === 0) return resolve(Buffer.concat(out).toString("utf8"));
      const said = lastLines(Buffer.concat(err).toString("utf8"), 6);
      const { problem, fix } = options.failed;
      reject(new UserError({ problem, value: said || `${program} ended with ${signal ?? `status ${status}`}`, fix }));
    });
  });
}

function lastLines(text: string, count: number): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  return lines.slice(-count).join("\n            ");
}
