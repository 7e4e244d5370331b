import { createHash } from "node:crypto";
import { UserError } from "../chain/errors.ts";
import type { BuildRequest, BuildStep } from "../cloud/buildService.ts";
import { cachePrefix } from "../compilerCache/cachePrefix.ts";
import strata from "../package.json" with { type: "json" };
import { BUILDKIT_IMAGE } from "./buildkit.ts";
import { pulledFrom } from "./dockerHub.ts";
import { type BuildJob, encodeJob, JOB_VARIABLE, type StoredInput, type TargetToPublish } from "./job.ts";
import { inputsInGroups } from "./record.ts";
import type { BuildSettings } from "./settings.ts";

/** The longest that Cloud Build lets a build run or wait, in seconds. */
const dayS = 86_400;
/** A build may take this many times its expected minutes, and half an hour on top, before it is stopped. */
const patience = 4;
/** How long a build waits for the quota: a chain's builds may queue behind each other. */
const queueTtlS = 12 * 3600;

/** The steps of a build in their order; each is a command of the program in the tool's image. */
export const STEPS = ["context", "build", "verify", "publish", "record"] as const;

/** The tag by which a person finds the running builds of a key, wherever they publish it. */
export function keyTag(key: string): string {
  return `key-${key}`;
}

/**
 * The tag by which a running build is found that publishes exactly this reference. Two environments can build the same
 * key in one project, each for its own registry, and must not wait for each other's build.
 */
export function referenceTag(reference: string): string {
  return `reference-${createHash("sha256").update(reference).digest("hex")}`;
}

/** sha256, in lower-case hexadecimal, of what a target is built from and what was uploaded for it. */
export interface UploadedInputs {
  readonly context: string;
  readonly dockerfile: string;
}

/** Where the context or the Dockerfile with a digest lies in the bucket. */
export function inputObject(kind: keyof UploadedInputs, digest: string): string {
  return `contexts/${digest}${kind === "context" ? ".tar" : ".Dockerfile"}`;
}

/** The Cloud Build build of one target. */
export function buildRequest(target: TargetToPublish, uploaded: UploadedInputs, settings: BuildSettings): BuildRequest {
  const job = jobOf(target, uploaded, settings);
  const longestMinutes = Math.max(target.expectedMinutes, target.coldMinutes);
  const timeoutS = Math.min(dayS, Math.ceil(longestMinutes * 60 * patience) + 1800);
  return {
    steps: STEPS.map(
      (id): BuildStep => ({
        id,
        name: settings.tool,
        args: ["build-step", id],
        // By then the image is published, and says so itself: without its record only an estimate is worse.
        ...(id === "record" && { allowFailure: true }),
      }),
    ),
    tags: ["strata", keyTag(target.key), referenceTag(target.reference), target.target.replace(":", ".")],
    timeout: `${timeoutS}s`,
    queueTtl: `${queueTtlS}s`,
    serviceAccount: settings.serviceAccount,
    logsBucket: `gs://${settings.store}/logs`,
    options: {
      pool: { name: poolOf(target, settings) },
      logging: "GCS_ONLY",
      env: [
        "BUILD_ID=$BUILD_ID",
        `${JOB_VARIABLE}=${encodeJob(job)}`,
        `STRATA_EXPECTED_MINUTES=${target.expectedMinutes}`,
        `STRATA_REFERENCE=${target.reference}`,
      ],
    },
  };
}

function jobOf(target: TargetToPublish, uploaded: UploadedInputs, settings: BuildSettings): BuildJob {
  const { inputs } = target;
  const { compilerCache: cache, sbomScanner, buildkit = BUILDKIT_IMAGE } = settings;
  const pulled = (image: string) => pulledFrom(image, settings.dockerHub);
  const stored = (kind: keyof UploadedInputs): StoredInput => {
    const digest = uploaded[kind];
    return { object: `gs://${settings.store}/${inputObject(kind, digest)}`, digest };
  };
  return {
    target: target.target,
    key: target.key,
    reference: target.reference,
    platform: inputs.platform,
    stage: target.stage,
    args: target.args,
    hints: target.hints,
    checks: target.checks.filter(({ tier }) => tier === "build"),
    images: Object.fromEntries(Object.entries(target.images).map(([name, image]) => [name, pulled(image)])),
    context: stored("context"),
    dockerfile: stored("dockerfile"),
    layers: `${settings.layers}/${target.target.split(":")[0]}`,
    siblings: target.siblings,
    ...(sbomScanner !== undefined && { sbomScanner: pulled(sbomScanner) }),
    buildkit: pulled(buildkit),
    ...(cache !== undefined &&
      target.compiles && { compilerCache: `gs://${cache}/${prefixOf(inputs.args, inputs.bases)}` }),
    store: settings.store,
    record: {
      strata: strata.version,
      algorithm: inputs.algorithm,
      machine: target.poolMachine,
      inputs: inputsInGroups(inputs),
    },
  };
}

/** CUDA and compiler come with the base image, so its digest stands for both. */
function prefixOf(args: Readonly<Record<string, string>>, bases: Readonly<Record<string, string>>): string {
  const base = Object.entries(bases).sort()[0];
  return cachePrefix({
    cuda: base === undefined ? "none" : (/cuda:?([\d.]+)/.exec(base[0])?.[1] ?? "none"),
    compiler: base === undefined ? "none" : base[1].replace("sha256:", "base-").slice(0, 17),
    architectures: args.TORCH_CUDA_ARCH_LIST ?? "none",
    torch: args.TORCH_VERSION ?? "none",
  });
}

function poolOf({ target, machine }: TargetToPublish, { pools }: BuildSettings): string {
  const pool = pools[machine];
  if (pool !== undefined) return pool;
  throw new UserError({
    problem: `there is no pool of the machine that ${target} is built on`,
    value: machine,
    allowed: Object.keys(pools).sort().join(", ") || "no pool at all",
    fix: "run `pulumi up`, which makes a pool for each machine that the catalogue names",
  });
}
