/** `npm start`: the tour of strata on this machine. Everything it starts has ended when it ends. */
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { UserError } from "../chain/errors.ts";
import { EXIT } from "../cli/exit.ts";
import { ACTS } from "./acts.ts";
import { endDescendants } from "./descendants.ts";
import { Narrator } from "./narrator.ts";
import type { Worker } from "./scene.ts";
import { playTour } from "./tour.ts";
import { troubleOf } from "./trouble.ts";

const USAGE = `npm start [-- options]

Plays a tour of strata on this machine: a local Google Cloud, the environment dev on the real Pulumi engine, the plan of
the catalogue, its builds, a second run that does nothing, and what an edit would rebuild.

  --worker <simulated|docker>   simulated (the default) runs no build step; docker compiles a small chain with BuildKit
  --serve                       shows the builds as a page too, live, until Ctrl-C
  --port <number>               the page's port on 127.0.0.1 (default: a free one)
  --directory <folder>          what the tour keeps; emptied first (default: .strata/tour)
  --help                        this text

Exit codes: 0 all acts were played, 1 a problem or an act left out, 2 the command line cannot be read, 130 Ctrl-C.
`;

/** How long what is under way may take to end after Ctrl-C, in milliseconds. */
const PATIENCE_MS = 5000;

const root = join(import.meta.dirname, "..");

async function main(words: readonly string[]): Promise<number> {
  const { worker, directory, serve, port, help } = optionsOf(words);
  if (help) {
    process.stdout.write(USAGE);
    return EXIT.done;
  }
  process.chdir(root);
  const folder = resolve(directory);
  const narrator = new Narrator(process, ACTS);
  const { signal, late } = stopOnSignal(narrator);
  narrator.title("strata: a chain of images, from their sources to a registry");
  const options = { root, folder, worker, signal, ...(serve && { pagePort: port }) };
  try {
    return await Promise.race([playTour(options, narrator), late]);
  } catch (error) {
    narrator.settle();
    if (signal.aborted) {
      const where = narrator.act === 0 ? "before its first act" : `in act ${narrator.act}`;
      narrator.title(`\nThe tour was stopped ${where}. Nothing goes on; \`npm start\` begins anew.`);
      return EXIT.interrupted;
    }
    const shown = troubleOf(error, relative(root, folder)) ?? error;
    if (!(shown instanceof UserError)) throw error;
    process.stderr.write(`strata: ${shown.message}\n`);
    return EXIT.problem;
  }
}

function optionsOf(words: readonly string[]) {
  const options = {
    worker: { type: "string", default: "simulated" },
    directory: { type: "string", default: ".strata/tour" },
    serve: { type: "boolean", default: false },
    port: { type: "string", default: "0" },
    help: { type: "boolean", default: false },
  } as const;
  try {
    const { values } = parseArgs({ args: [...words], options });
    return { ...values, worker: workerNamed(values.worker), port: portNamed(values.port) };
  } catch (error) {
    if (error instanceof UserError || !(error instanceof TypeError)) throw error;
    throw new UserError({ problem: error.message, fix: "npm start -- --help" });
  }
}

function workerNamed(name: string): Worker {
  if (name === "simulated" || name === "docker") return name;
  throw new UserError({ problem: "there is no such worker", value: name, allowed: "simulated, docker" });
}

function portNamed(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UserError({ problem: "--port is no port", value: text, allowed: "1024 to 65535, or 0 for a free one" });
}

/** Ends the tour at Ctrl-C, when somebody else says so, and when nobody reads any more: the terminal or pipe is gone. */
function stopOnSignal(narrator: Narrator) {
  const controller = new AbortController();
  const late = new Promise<never>((_, reject) => {
    const stop = () => {
      if (controller.signal.aborted) return;
      controller.abort();
      narrator.settle();
      setTimeout(() => reject(controller.signal.reason), narrator.act === 0 ? 0 : PATIENCE_MS);
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, stop);
    for (const stream of [process.stdout, process.stderr]) stream.on("error", stop);
  });
  return { signal: controller.signal, late };
}

let code: number;
try {
  code = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`strata: ${error.message}\n`);
  code = EXIT.usage;
}
await endDescendants();
process.exit(code);
