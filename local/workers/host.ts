import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { environmentOf } from "../environment.ts";
import { type BuildStep, buildKey, seconds } from "../products/cloudBuild/build.ts";
import { runProcess, variablesOf } from "./process.ts";
import type { Job, Outcome, Worker } from "./worker.ts";

/** The collection with the Git repository of this machine that a build's source is fetched from, by the build's key. */
export const CHECKOUTS = "cloudbuild.checkouts";

/** What a step can say that a process of this machine does not do. */
const NOT_HERE = ["script", "secretEnv", "dir"] as const;

/** How this machine reaches others; nothing else of its environment is a step's business. */
const NETWORK = /^(https?_proxy|no_proxy|all_proxy|node_extra_ca_certs|ssl_cert_(file|dir))$/i;

/**
 * Runs the steps of a build whose source is a Git repository of this machine: in a fresh clone of the revision, one
 * after the other, as processes with the rights of the build's account on this cloud. It stands in for containers: the
 * image that a step names is not used, so the step must name its program, which must be on this machine, and it could
 * reach this machine's files. It runs only what the operator asked to be run.
 */
export const HOST_WORKER: Worker = {
  survivesRestart: false,
  async run(job: Job): Promise<Outcome> {
    const refused = job.build.steps.map(whyNotHere).find((reason) => reason !== undefined);
    if (refused !== undefined) return { status: "FAILURE", detail: refused };
    const folder = mkdtempSync(join(tmpdir(), "strata-steps-"));
    try {
      job.log("This build's steps run as processes of this machine, which stand in for containers.");
      const workspace = join(folder, "workspace");
      if (!(await fetchSource(job, workspace))) return { status: "FAILURE", detail: "the source cannot be fetched" };
      return await runSteps(job, workspace, environmentIn(job, folder));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function whyNotHere(step: BuildStep, index: number): string | undefined {
  const name = `step ${index} "${step.id ?? step.name}"`;
  const field = NOT_HERE.find((each) => step[each] !== undefined);
  if (field !== undefined) return `${name} has ${field}, which a process that stands in for its container does not do`;
  if (step.entrypoint !== undefined) return undefined;
  return `${name} names no entrypoint: no container is started here, so what ${step.name} would run is not known`;
}

/** Fetches the one revision, as Cloud Build does. */
async function fetchSource(job: Job, workspace: string): Promise<boolean> {
  const { cloud, build } = job;
  const checkout = cloud.documents.get<string>(CHECKOUTS, buildKey(build)) ?? "";
  const { revision = "" } = build.source?.connectedRepository ?? {};
  const environment = { PATH: process.env.PATH, HOME: homedir() };
  mkdirSync(workspace);
  const commands = [
    ["init", "--quiet"],
    ["fetch", "--quiet", "--depth", "1", checkout, revision],
    ["checkout", "--quiet", "--detach", "FETCH_HEAD"],
  ];
  for (const args of commands) {
    const code = await runProcess(job, "FETCHSOURCE: ", { program: "git", args, folder: workspace, environment });
    if (code !== 0) return false;
  }
  job.log(`FETCHSOURCE: ${revision} from ${checkout}`);
  return true;
}

async function runSteps(job: Job, folder: string, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  for (const [index, step] of job.build.steps.entries()) {
    const prefix = `Step #${index}${step.id ? ` - "${step.id}"` : ""}: `;
    const own = { ...environment, ...variablesOf(step.env) };
    job.stepStarted(index);
    job.log(`${prefix}${step.entrypoint} of this machine, in place of ${step.name}`);
    const { entrypoint: program = "", args = [] } = step;
    const code = await runProcess(job, prefix, { program, args, folder, environment: own });
    job.stepEnded(index, code === 0 ? "SUCCESS" : "FAILURE", code);
    if (code !== 0 && !step.allowFailure) {
      return { status: "FAILURE", detail: `Build step failure: build step ${index} "${step.name}" ended with ${code}` };
    }
  }
  return { status: "SUCCESS" };
}

/** This cloud's addresses with a token of the build's account, the project's own Node, and npm as it is set up here. */
function environmentIn({ cloud, build, caller }: Job, folder: string): NodeJS.ProcessEnv {
  const home = join(folder, "home");
  mkdirSync(home);
  const network = Object.entries(process.env).filter(([name]) => NETWORK.test(name));
  return {
    ...Object.fromEntries(network),
    PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
    HOME: home,
    npm_config_userconfig: join(homedir(), ".npmrc"),
    npm_config_cache: join(homedir(), ".npm"),
    ...environmentOf(cloud.origin, cloud.tokens.mint(caller.member ?? "", seconds(build.timeout))),
    ...variablesOf(build.options?.env),
  };
}
