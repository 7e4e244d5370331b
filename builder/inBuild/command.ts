import { spawn } from "node:child_process";
import { UserError } from "../../chain/errors.ts";

/** Runs a program whose output goes to the build's log. Throws if it does not end with 0. */
export async function command(
  program: string,
  args: readonly string[],
  options: { readonly stdin?: string; readonly doing: string; readonly environment?: NodeJS.ProcessEnv },
): Promise<void> {
  const child = spawn(program, args, {
    stdio: [options.stdin === undefined ? "ignore" : "pipe", "inherit", "inherit"],
    env: options.environment ?? process.env,
  });
  child.stdin?.end(options.stdin);
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
