import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBuildkitd } from "../../toolbox/buildkitd.ts";
import { tool } from "../../toolbox/tool.ts";
import { environmentOf } from "../environment.ts";
import { seconds } from "../products/cloudBuild/build.ts";
import { runProcess, variablesOf } from "./process.ts";
import type { Job, Outcome, Worker } from "./worker.ts";

/** The first word of the steps that this worker can run: strata's own, as a process of this machine. */
const OWN_STEP = "build-step";

/** What the tool's image starts. */
const PROGRAM = join(import.meta.dirname, "..", "..", "builder", "inBuild", "main.ts");

/**
 * Runs strata's own steps for real: the program that the tool's image runs, in a folder that stands in for
 * `/workspace`, with a fresh BuildKit for each build as a fresh machine has it. It has the rights of the build's
 * account and nothing else. Steps in other images are refused, because no container is started.
 */
export const BUILDKIT_WORKER: Worker = {
  survivesRestart: false,
  async run(job: Job): Promise<Outcome> {
    const other = job.build.steps.find(({ args }) => args?.[0] !== OWN_STEP);
    if (other) {
      const detail = `this machine's worker runs only the steps \`${OWN_STEP} …\` of strata, not ${other.name}`;
      return { status: "FAILURE", detail };
    }
    const daemon = await startBuildkitd({ buildkitd: await tool("buildkitd"), runc: await tool("runc") });
    const folder = mkdtempSync(join(tmpdir(), "strata-build-"));
    try {
      const environment = await environmentFor(job, folder, daemon.address);
      for (const [index, { id, args = [], allowFailure }] of job.build.steps.entries()) {
        job.stepStarted(index);
        const words = ["--disable-warning=ExperimentalWarning", PROGRAM, ...args];
        const step = { program: process.execPath, args: words, folder, environment };
        const code = await runProcess(job, `Step #${index} - "${id}": `, step);
        job.stepEnded(index, code === 0 ? "SUCCESS" : "FAILURE", code);
        if (code !== 0 && !allowFailure) {
          return { status: "FAILURE", detail: `Build step failure: build step ${index} "${id}" ended with ${code}` };
        }
      }
      return { status: "SUCCESS" };
    } finally {
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** The environment of a step: the build's own variables, this cloud's addresses, a token of the build's account. */
async function environmentFor(job: Job, folder: string, buildkit: string): Promise<NodeJS.ProcessEnv> {
  const { cloud, build, caller } = job;
  const programs = join(folder, ".programs");
  mkdirSync(programs);
  writeFileSync(join(programs, "docker"), dockerFor(buildkit, (await tool("buildx")).path));
  chmodSync(join(programs, "docker"), 0o755);
  return {
    HOME: folder,
    PATH: `${programs}:${process.env.PATH}`,
    BUILD_ID: build.id,
    ...environmentOf(cloud.origin, cloud.tokens.mint(caller.member ?? "", seconds(build.timeout))),
    ...variablesOf(build.options?.env),
  };
}

/** A `docker` that knows only `buildx`, and whose builders are the BuildKit of this build. */
function dockerFor(buildkit: string, buildx: string): string {
  return `#!/bin/sh
set -eu
[ "$1" = buildx ] || { echo "this machine's docker knows only buildx" >&2; exit 64; }
shift
[ "$1" = create ] || exec '${buildx}' "$@"
while [ "$1" != --name ]; do shift; done
exec '${buildx}' create --name "$2" --driver remote '${buildkit}'
`;
}
