import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { UserError } from "../../chain/errors.ts";

/** How a {@link command} is run. */
export interface CommandOptions {
  /** In a person's words, for the message when it fails. */
  readonly doing: string;
  readonly stdin?: string;
  readonly environment?: NodeJS.ProcessEnv;
  /** Hears each line that the program writes on standard error, which goes to the log all the same. */
  readonly hear?: (line: string) => void;
}

/** Runs a program whose output goes to the build's log. Throws if it does not end with 0. */
export async function command(program: string, args: readonly string[], options: CommandOptions): Promise<void> {
  const child = spawn(program, args, {
    stdio: [
      options.stdin === undefined ? "ignore" : "pipe",
      "inherit",
      options.hear === undefined ? "inherit" : "pipe",
    ],
    env: options.environment ?? process.env,
  });
  // A program that ends without reading its input is judged by how it ends.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin);
  if (child.stderr !== null) {
    child.stderr.pipe(process.stderr, { end: false });
    createInterface({ input: child.stderr }).on("line", (line) => options.hear?.(line));
  }
  const ended = await new Promise<string | undefined>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  if (ended === undefined) return;
  throw new UserError({
    problem: `cannot ${options.doing}: ${program} ended with ${ended}`,
    fix: "read the lines above",
  });
}
