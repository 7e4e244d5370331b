import type { Command } from "commander";
import { Detached, follow } from "../../builder/follow.ts";
import { keyTag } from "../../builder/request.ts";
import { UserError } from "../../chain/errors.ts";
import type { Build, BuildService } from "../../cloud/buildService.ts";
import { openEnvironment, SETTINGS_OPTION } from "../buildEnvironment.ts";
import { EXIT } from "../exit.ts";
import { onInterrupt } from "../interrupt.ts";
import { linesOf } from "../render/buildLines.ts";
import type { Terminal } from "../terminal.ts";
import { POLL_MS } from "./build.ts";

interface Options {
  readonly settings?: string;
}

/** `strata watch`: follows a build that somebody started, from any machine. */
export function watchCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  program
    .command("watch")
    .description("follow a build that runs, from any machine")
    .argument("<build>", "a build's id, or the key that it builds (64 hex digits)")
    .option(...SETTINGS_OPTION)
    .addHelpText(
      "after",
      "\nExit codes: 0 the build succeeded, 1 it failed or a problem, 4 left with Ctrl-C while it goes on.",
    )
    .action(async (name: string, options: Options) => {
      finish(await watch(name, options, terminal, POLL_MS));
    });
}

/** @param pollMs pause between two looks at a build, in milliseconds */
export async function watch(name: string, options: Options, terminal: Terminal, pollMs: number): Promise<number> {
  const { services } = await openEnvironment(options.settings, terminal);
  const build = await find(name, services.builds);
  const print = (line: string) => void terminal.stdout.write(`${line}\n`);
  const leave = new AbortController();
  const stop = onInterrupt(() => leave.abort());
  try {
    const ended = await follow(services.builds, build.id, build, linesOf(print), { pollMs, detach: leave.signal });
    print(`${ended.id}: succeeded`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof Detached)) throw error;
    print(error.message);
    return EXIT.left;
  } finally {
    stop();
  }
}

async function find(name: string, builds: BuildService): Promise<Build> {
  if (!/^[0-9a-f]{64}$/.test(name)) return findById(name, builds);
  const running = await builds.running(keyTag(name));
  if (running !== undefined) return running;
  throw new UserError({
    problem: "no build of this key runs",
    value: name,
    fix: "`strata plan` says whether the key is published; `strata build` builds it if it is not",
  });
}

async function findById(id: string, builds: BuildService): Promise<Build> {
  // An id goes into an address: what cannot be one is not asked for.
  const build = /^[\w-]+$/.test(id) ? await builds.find(id) : undefined;
  if (build !== undefined) return build;
  throw new UserError({
    problem: "there is no such build in this environment",
    value: id,
    allowed: "the id of one of its builds, or the key that a running build builds (64 hex digits)",
    fix: "copy the id from what `strata build` printed, or follow all that runs with `strata build`",
  });
}
