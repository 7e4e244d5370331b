import { setTimeout as sleep } from "node:timers/promises";
import { decodeJob, JOB_VARIABLE } from "../../builder/job.ts";
import type { Build } from "../products/cloudBuild/build.ts";
import { pushSimulatedImage } from "./simulatedImage.ts";
import { storeSimulatedRecord } from "./simulatedRecord.ts";
import type { Job, Outcome, Worker } from "./worker.ts";

/**
 * What a build tells the simulated worker, in `options.env` or in the `env` of a step. Nothing else of a build is
 * acted on: its steps are not run.
 */
export const CONTRACT = {
  /** How long the build would take. */
  minutes: "STRATA_EXPECTED_MINUTES",
  /** The image reference with tag that the build would publish as its last act. */
  reference: "STRATA_REFERENCE",
  /** What strata's own steps are told; the record that they would write is written. */
  job: JOB_VARIABLE,
  /** Where the build would fail: the words of the failing check. */
  failure: "STRATA_SIMULATE_FAILURE",
} as const;

/** Minutes of a build that does not say how long it takes. */
const USUAL_MINUTES = 5;

/** Per cents at which the simulated build says how far it is. */
const MARKS = [5, 20, 40, 60, 80, 95];

/** The variables of a build that are addressed to the simulated worker. */
export function contractOf(build: Build): Readonly<Partial<Record<keyof typeof CONTRACT, string>>> {
  const variables = [...(build.options?.env ?? []), ...build.steps.flatMap((step) => step.env ?? [])];
  const found = Object.entries(CONTRACT).flatMap(([key, variable]) => {
    const line = variables.find((entry) => entry.startsWith(`${variable}=`));
    return line === undefined ? [] : [[key, line.slice(variable.length + 1)]];
  });
  return Object.fromEntries(found);
}

/**
 * Plays a build: lets the time that it would take pass, divided by the local cloud's time scale, prints the progress
 * markers of dockerfiles/README.md, and at the end pushes a small image that says in its labels that it is simulated.
 */
export const SIMULATED_WORKER: Worker = {
  survivesRestart: true,
  async run(job: Job): Promise<Outcome> {
    const { build, cloud } = job;
    const { minutes, reference, job: ofSteps, failure } = contractOf(build);
    const wanted = Number(minutes ?? USUAL_MINUTES);
    const realMs = (Number.isFinite(wanted) ? wanted : USUAL_MINUTES) * 60_000;
    const scale = cloud.settings.timeScale;
    const totalMs = scale === 0 ? 0 : realMs / scale;
    job.log(`simulated: no step runs; ${realMs / 60_000} minutes are played in ${Math.round(totalMs)} ms`);
    for (const [index, step] of build.steps.entries()) {
      job.stepStarted(index);
      job.log(`Step #${index}${step.id ? ` - "${step.id}"` : ""}: simulated ${step.name}`);
      if (index === longestStep(build)) await playTime(job, realMs, totalMs);
      const fails = failure !== undefined && index === build.steps.length - 1;
      job.stepEnded(index, fails ? "FAILURE" : "SUCCESS", fails ? 1 : 0);
      if (fails) {
        job.log(`simulated failure: ${failure}`);
        return {
          status: "FAILURE",
          detail: `Build step failure: build step ${index} "${step.name}" failed: simulated: ${failure}`,
        };
      }
    }
    const references = [...(reference ? [reference] : []), ...(build.images ?? [])];
    const images = references.map((name) => ({ name, digest: pushSimulatedImage(job, name) }));
    const digest = images[0]?.digest;
    if (ofSteps && digest) await storeSimulatedRecord(job, decodeJob(ofSteps), digest, realMs / 60_000);
    return { status: "SUCCESS", images };
  },
};

/** The step that is taken to be the long one: the one in the middle, the last of two. */
function longestStep(build: Build): number {
  return Math.floor(build.steps.length / 2);
}

async function playTime(job: Job, realMs: number, totalMs: number): Promise<void> {
  let passed = Math.min(job.elapsedMs, totalMs);
  for (const mark of [...MARKS, 100]) {
    const until = (totalMs * mark) / 100;
    if (until < passed) continue;
    if (until > passed) await sleep(until - passed, undefined, { signal: job.signal });
    passed = until;
    const elapsed = Math.round((realMs * mark) / 100_000);
    if (mark < 100) job.log(`STRATA-PROGRESS ${mark} "simulated" elapsed=${elapsed}s`);
  }
}
