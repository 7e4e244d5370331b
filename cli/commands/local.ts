import type { Command } from "commander";
import { UserError } from "../../chain/errors.ts";
import { WORKER_NAMES, type WorkerName } from "../../local/cloud.ts";
import { environmentOf } from "../../local/environment.ts";
import { ask, down, findServer, requireServer, up } from "../../local/process.ts";
import { readRepositoryEvent } from "../../local/repositoryEvent.ts";
import { openInBrowser } from "../openInBrowser.ts";
import type { Terminal } from "../terminal.ts";

interface Common {
  readonly directory: string;
}

interface UpWords extends Common {
  readonly port: string;
  readonly project: readonly string[];
  readonly allServices?: boolean;
  readonly timeScale?: string;
  readonly operationDelay?: string;
  readonly worker: string;
  readonly open?: boolean;
}

interface FaultWords extends Common {
  readonly status?: string;
  readonly retryAfter?: string;
  readonly delay?: string;
  readonly drop?: boolean;
  readonly lose?: boolean;
  readonly count?: string;
  readonly skip?: string;
}

interface PushWords extends Common {
  readonly repository: string;
  readonly branch: string;
  readonly checkout: string;
  readonly commit: string;
  readonly before?: string;
  readonly pullRequest?: string;
  readonly run?: boolean;
}

/** `strata local`: Google Cloud on this machine, for trying, testing and offline work. */
export function localCommand(program: Command, terminal: Terminal, finish: (code: number) => void): void {
  const print = (text: string) => {
    terminal.stdout.write(`${text}\n`);
  };
  const local = program.command("local").description("Google Cloud on this machine: for trying, testing, offline work");
  const add = (name: string, description: string) =>
    local
      .command(name)
      .description(description)
      .option("--directory <folder>", "where its state is kept", ".strata/local");

  add("up", "start it, or find the one that runs")
    .option("--port <number>", "the port on 127.0.0.1", "9931")
    .option("--project <id>", "a project to have, any number of times", collect, [])
    .option("--all-services", "let new projects have every service enabled")
    .option("--time-scale <factor>", "how many times faster simulated builds run; 0 ends them at once")
    .option("--operation-delay <ms>", "how long a long-running operation takes")
    .option("--worker <name>", `who runs builds: ${WORKER_NAMES.join(" or ")}, which takes Linux and root`, "simulated")
    .option("--open", "open the page of its builds in a browser")
    .action(async (words: UpWords) => {
      const { origin, page } = await up(upOptions(words));
      print(`The local cloud answers at ${origin}. Turn a shell to it: eval "$(strata local env)"`);
      print(`Its builds are shown at ${page}`);
      if (words.open && !(await openInBrowser(page)))
        print("No browser could be started here: open the page yourself.");
    });

  add("down", "stop it; its state stays").action(async ({ directory }: Common) => {
    print((await down(directory)) ? "The local cloud is stopped; its state stays." : "No local cloud was running.");
  });

  add("status", "say whether it runs and what it has").action(async ({ directory }: Common) => {
    const server = findServer(directory);
    if (server) print(JSON.stringify(await ask(server, "GET", "status"), null, 2));
    else {
      print("No local cloud is running.");
      finish(1);
    }
  });

  add("env", "print the variables that turn programs to it: eval $(strata local env)")
    .option("--as <account>", "a service account whose rights the calls have; by default the operator's")
    .action(async ({ directory, as }: Common & { readonly as?: string }) => {
      const server = requireServer(directory);
      const minted = as && (await ask<{ readonly token: string }>(server, "POST", "tokens", { account: as }));
      const variables = environmentOf(server.origin, minted ? minted.token : server.token);
      for (const [name, value] of Object.entries(variables)) print(`export ${name}='${value}'`);
    });

  add("push-event", "tell it that a branch was pushed: the triggers of the repository run")
    .requiredOption("--repository <name>", "projects/P/locations/L/connections/C/repositories/R")
    .option("--branch <name>", "the branch, or what a pull request is to go into", "main")
    .option("--checkout <folder>", "a Git checkout that has the commit", ".")
    .option("--commit <id>", "what was pushed", "HEAD")
    .option("--before <id>", "what the branch was before; by default the commit's first parent")
    .option("--pull-request <number>", "this is a pull request, not a push")
    .option("--run", "run the steps of the builds that start for real, as processes of this machine in a clone")
    .action(async (words: PushWords) => {
      const server = requireServer(words.directory);
      const event = await readRepositoryEvent(words);
      print(JSON.stringify(await ask(server, "POST", "repository-events", event), null, 2));
    });

  add("faults", "list, add or clear bad weather")
    .argument("[action]", "list, add or clear", "list")
    .argument("[route]", "what it meets: a method id or 'VERB /path', * for any characters")
    .option("--status <code>", "answer this HTTP status")
    .option("--retry-after <seconds>", "with this Retry-After")
    .option("--delay <ms>", "answer late")
    .option("--drop", "cut the connection before anything is done")
    .option("--lose", "do what was asked, then cut the connection")
    .option("--count <number>", "meet so many requests, then end")
    .option("--skip <number>", "leave so many requests alone first")
    .action(async (action: string, route: string | undefined, words: FaultWords) => {
      print(JSON.stringify(await changeFaults(action, route, words), null, 2));
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

function upOptions({ directory, port, project, allServices, timeScale, operationDelay, worker }: UpWords) {
  return {
    directory,
    port: wholeNumber("--port", port),
    projects: project,
    allServices: allServices === true,
    worker: workerNamed(worker),
    ...(timeScale !== undefined && { timeScale: wholeNumber("--time-scale", timeScale) }),
    ...(operationDelay !== undefined && { operationDelayMs: wholeNumber("--operation-delay", operationDelay) }),
  };
}

function workerNamed(word: string): WorkerName {
  const worker = WORKER_NAMES.find((name) => name === word);
  if (worker) return worker;
  throw new UserError({
    problem: "--worker names nobody who runs builds",
    value: word,
    allowed: WORKER_NAMES.join(", "),
    fix: "name one of them, or leave --worker out: builds are simulated then",
  });
}

function wholeNumber(option: string, word: string): number {
  if (/^\d+$/.test(word)) return Number(word);
  throw new UserError({ problem: `${option} is not a whole number`, value: word, allowed: "0 or more" });
}

function changeFaults(action: string, route: string | undefined, words: FaultWords): Promise<unknown> {
  const server = requireServer(words.directory);
  if (action === "list") return ask(server, "GET", "faults");
  if (action === "clear") return ask(server, "DELETE", "faults");
  if (action !== "add" || route === undefined) {
    throw new UserError({
      problem: action === "add" ? "the fault has no route" : "the action is not known",
      value: action,
      allowed: "list, add <route>, clear",
    });
  }
  const common = {
    route,
    ...(words.count !== undefined && { count: wholeNumber("--count", words.count) }),
    ...(words.skip !== undefined && { skip: wholeNumber("--skip", words.skip) }),
  };
  return ask(server, "POST", "faults", { ...common, ...faultKind(words) });
}

function faultKind({ status, retryAfter, delay, drop, lose }: FaultWords) {
  if (drop) return { kind: "drop" };
  if (lose) return { kind: "lose" };
  if (delay !== undefined) return { kind: "delay", delayMs: wholeNumber("--delay", delay) };
  return {
    kind: "status",
    status: wholeNumber("--status", status ?? "503"),
    ...(retryAfter !== undefined && { retryAfter: wholeNumber("--retry-after", retryAfter) }),
  };
}
