import { type Command, InvalidArgumentError, Option } from "commander";
import { UserError } from "../../chain/errors.ts";
import { nearest } from "../../chain/nearest.ts";
import { WORKER_NAMES, type WorkerName } from "../../local/cloud.ts";
import { environmentOf } from "../../local/environment.ts";
import { patternOf } from "../../local/http/faults.ts";
import { ask, down, findServer, requireServer, type ServerInfo, up } from "../../local/process.ts";
import { readRepositoryEvent } from "../../local/repositoryEvent.ts";
import { numberFrom } from "../numberFrom.ts";
import { openInBrowser } from "../openInBrowser.ts";
import type { Terminal } from "../terminal.ts";

interface Common {
  readonly directory: string;
}

interface UpWords extends Common {
  readonly port: number;
  readonly project: readonly string[];
  readonly allServices?: boolean;
  readonly timeScale?: number;
  readonly operationDelay?: number;
  readonly worker: WorkerName;
  readonly open?: boolean;
}

interface FaultWords extends Common {
  readonly status?: number;
  readonly retryAfter?: number;
  readonly delay?: number;
  readonly drop?: boolean;
  readonly lose?: boolean;
  readonly count?: number;
  readonly skip?: number;
}

interface PushWords extends Common {
  readonly repository: string;
  readonly branch: string;
  readonly checkout: string;
  readonly commit: string;
  readonly before?: string;
  readonly pullRequest?: number;
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
    .option("--port <number>", "the port on 127.0.0.1; 0 takes a free one", numberFrom(0, 65_535), 9931)
    .option("--project <id>", "a project to have, any number of times", projectId, [])
    .option("--all-services", "let new projects have every service enabled")
    .option("--time-scale <factor>", "how many times faster simulated builds run; 0 ends them at once", numberFrom(0))
    .option("--operation-delay <ms>", "how long a long-running operation takes", numberFrom(0))
    .addOption(
      new Option("--worker <name>", "who runs builds; buildkit takes Linux and root")
        .choices(WORKER_NAMES)
        .default("simulated"),
    )
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
      const variables = environmentOf(server.origin, as === undefined ? server.token : await tokenOf(as, server));
      for (const [name, value] of Object.entries(variables)) print(`export ${name}='${value}'`);
    });

  add("push-event", "tell it that a branch was pushed: the triggers of the repository run")
    .requiredOption("--repository <name>", "projects/P/locations/L/connections/C/repositories/R")
    .option("--branch <name>", "the branch, or what a pull request is to go into", "main")
    .option("--checkout <folder>", "a Git checkout that has the commit", ".")
    .option("--commit <id>", "what was pushed", "HEAD")
    .option("--before <id>", "what the branch was before; by default the commit's first parent")
    .option("--pull-request <number>", "this is a pull request, not a push", numberFrom(1))
    .option("--run", "run the steps of the builds that start for real, as processes of this machine in a clone")
    .action(async (words: PushWords) => {
      const server = requireServer(words.directory);
      await requireRepository(words.repository, server);
      const event = await readRepositoryEvent(words);
      print(JSON.stringify(await ask(server, "POST", "repository-events", event), null, 2));
    });

  add("faults", "list, add or clear bad weather")
    .argument("[action]", "list, add or clear", "list")
    .argument("[route]", "what it meets: a method id or 'VERB /path', * for any characters")
    .option("--status <code>", "answer this HTTP status", numberFrom(400, 599))
    .option("--retry-after <seconds>", "with this Retry-After", numberFrom(0))
    .option("--delay <ms>", "answer late", numberFrom(0))
    .option("--drop", "cut the connection before anything is done")
    .option("--lose", "do what was asked, then cut the connection")
    .option("--count <number>", "meet so many requests, then end", numberFrom(1))
    .option("--skip <number>", "leave so many requests alone first", numberFrom(0))
    .action(async (action: string, route: string | undefined, words: FaultWords) => {
      print(JSON.stringify(await changeFaults(action, route, words), null, 2));
    });
}

function projectId(value: string, before: readonly string[]): readonly string[] {
  if (/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/.test(value)) return [...before, value];
  throw new InvalidArgumentError("It must be a project's id: 6 to 30 lower-case letters, digits and hyphens.");
}

function upOptions({ directory, port, project, allServices, timeScale, operationDelay, worker }: UpWords) {
  return {
    directory,
    port,
    projects: project,
    allServices: allServices === true,
    worker,
    ...(timeScale !== undefined && { timeScale }),
    ...(operationDelay !== undefined && { operationDelayMs: operationDelay }),
  };
}

/** A token with an account's rights: of a service account that is there, or of anybody who is named by the kind. */
async function tokenOf(account: string, server: ServerInfo): Promise<string> {
  const { accounts } = await ask<{ readonly accounts: readonly string[] }>(server, "GET", "accounts");
  const isPerson = /^(user|group|domain|principal|principalSet):\S+$/.test(account);
  if (!isPerson && !accounts.includes(account.replace(/^serviceAccount:/, ""))) {
    throw new UserError({
      problem: "the local cloud has no such service account",
      value: account,
      allowed: accounts.join(", ") || "none is there yet",
      fix: meantOr(account, accounts, "name one of them, or make it: npm run pulumi -- up dev"),
    });
  }
  return (await ask<{ readonly token: string }>(server, "POST", "tokens", { account })).token;
}

/** A push to a repository that nobody has connected would start nothing, and say nothing. */
async function requireRepository(name: string, server: ServerInfo): Promise<void> {
  const { repositories } = await ask<{ readonly repositories: readonly string[] }>(server, "GET", "repositories");
  if (repositories.includes(name)) return;
  throw new UserError({
    problem: "the local cloud has no such repository",
    value: name,
    allowed: repositories.join(", ") || "none is connected yet",
    fix: meantOr(name, repositories, "connect it: bring up an environment that has strata:source"),
  });
}

function changeFaults(action: string, route: string | undefined, words: FaultWords): Promise<unknown> {
  const server = requireServer(words.directory);
  if (action === "list") return ask(server, "GET", "faults");
  if (action === "clear") return ask(server, "DELETE", "faults");
  if (action !== "add" || route === undefined) {
    throw new UserError({
      problem: action === "add" ? "the fault has no route" : "the action is not known",
      value: action === "add" ? "nothing" : action,
      allowed: "list, add <route>, clear",
      fix: "strata local faults add 'cloudbuild.*' --status 503 --count 3",
    });
  }
  return addFault(route, words, server);
}

/** Routes that are no product's methods: of paths, and of the registry, whose methods are `registry manifests` and so on. */
const VERB_OR_REGISTRY = /^(\*|registry\b|(GET|HEAD|POST|PUT|PATCH|DELETE)[ *])/;

async function addFault(route: string, words: FaultWords, server: ServerInfo): Promise<unknown> {
  const { methods } = await ask<{ readonly methods: readonly string[] }>(server, "GET", "methods");
  const pattern = patternOf(route);
  if (!VERB_OR_REGISTRY.test(route) && !methods.some((id) => pattern.test(id))) {
    throw new UserError({
      problem: "the fault would meet no request: there is no such method",
      value: route,
      allowed: "a method's id, as storage.buckets.list, or 'VERB /path'; * stands for any characters",
      fix: meantOr(route, methods, "strata local faults add 'cloudbuild.*' --status 503 --count 3"),
    });
  }
  const { count, skip } = words;
  const common = { route, ...(count !== undefined && { count }), ...(skip !== undefined && { skip }) };
  return ask(server, "POST", "faults", { ...common, ...faultKind(words) });
}

function faultKind({ status = 503, retryAfter, delay, drop, lose }: FaultWords) {
  if (drop) return { kind: "drop" };
  if (lose) return { kind: "lose" };
  if (delay !== undefined) return { kind: "delay", delayMs: delay };
  return { kind: "status", status, ...(retryAfter !== undefined && { retryAfter }) };
}

/** The fix for a name that is not there: the one that is meant, where a slip of the pen tells it. */
function meantOr(name: string, candidates: readonly string[], otherwise: string): string {
  const meant = nearest(name, candidates);
  return meant === undefined ? otherwise : `is ${meant} meant?`;
}
