import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BUILDKIT_IMAGE } from "../../builder/buildkit.ts";
import { builderArguments, registriesWithLogin } from "../../builder/inBuild/builder.ts";
import { type BuildJob, encodeJob } from "../../builder/job.ts";
import { recipes } from "../../toolbox/recipes.ts";
import { aRecord } from "./aRecord.ts";

const digest = `@sha256:${"a".repeat(64)}`;
const own = "us-east4-docker.pkg.dev";

const job: BuildJob = {
  target: "base:runtime",
  key: "k",
  reference: `${own}/project/images/base/runtime:k`,
  platform: "linux/amd64",
  stage: "runtime",
  args: {},
  hints: {},
  checks: [],
  images: { "debian:12": `docker.io/library/debian${digest}` },
  context: { object: "gs://builds/c", digest: "c" },
  dockerfile: { object: "gs://builds/d", digest: "d" },
  layers: `${own}/project/layers/base`,
  store: "builds",
  record: aRecord({}),
};

const imageIn = (args: readonly string[]) => args.find((arg) => arg.startsWith("image="));

test("a build runs in the BuildKit that keys are compared with, unless its job names another", () => {
  expect(BUILDKIT_IMAGE.split(":").at(-1)).toBe(`v${recipes.buildkitd.source.version}`);
  expect(imageIn(builderArguments(job, "strata-build", "c1"))).toBe(`image=${BUILDKIT_IMAGE}`);
  // The first tool is built before there is a strata to build it.
  expect(readFileSync("dockerfiles/strata/first.yaml", "utf8")).toContain(`--driver-opt image=${BUILDKIT_IMAGE}\n`);
  const buildkit = `${own}/project/dockerhub/moby/buildkit${digest}`;
  expect(imageIn(builderArguments({ ...job, buildkit }, "strata-build", "c1"))).toBe(`image=${buildkit}`);
});

test.each<[string, Partial<BuildJob>, readonly string[]]>([
  ["the registry that it publishes in, once", {}, [own]],
  [
    "that registry also where its name is not one of Google's",
    { reference: "127.0.0.1:5000/p/i:k" },
    ["127.0.0.1:5000", own],
  ],
  [
    "Google's other registries that its images are in",
    { images: { a: `us-docker.pkg.dev/p/i/a${digest}`, b: `gcr.io/p/b${digest}`, c: `eu.gcr.io/p/c${digest}` } },
    [own, "us-docker.pkg.dev", "gcr.io", "eu.gcr.io"],
  ],
  [
    "those of its scanner, its BuildKit and its layers",
    {
      sbomScanner: `asia-docker.pkg.dev/p/t/s${digest}`,
      buildkit: `us-docker.pkg.dev/p/t/b${digest}`,
      layers: "europe-west1-docker.pkg.dev/p/layers/base",
    },
    [own, "europe-west1-docker.pkg.dev", "us-docker.pkg.dev", "asia-docker.pkg.dev"],
  ],
  [
    "no registry of somebody else, whatever it is called",
    {
      images: {
        a: `gcr.io.example.com/a${digest}`,
        b: `notgcr.io/b${digest}`,
        c: `us-docker.pkg.dev.example.com/c${digest}`,
        d: `ghcr.io/d/d${digest}`,
        e: `127.0.0.1:5000/e${digest}`,
      },
    },
    [own],
  ],
])("a build shows its Google account's token to %s", (_, changed, registries) => {
  expect(registriesWithLogin({ ...job, ...changed }, {})).toEqual(registries);
});

test("a step starts its BuildKit with that image and those logins", async () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-builder-"));
  try {
    const programs = join(folder, "programs");
    mkdirSync(programs);
    writeFileSync(join(programs, "docker"), '#!/bin/sh\necho "$@" >"$HOME/words"\n');
    chmodSync(join(programs, "docker"), 0o755);
    writeFileSync(join(folder, "digest"), digest.slice(1));
    const buildkit = `us-docker.pkg.dev/project/tools/buildkit${digest}`;
    await promisify(execFile)(process.execPath, ["builder/inBuild/main.ts", "build-step", "verify"].map(absolute), {
      cwd: folder,
      env: {
        HOME: folder,
        PATH: `${programs}:${process.env.PATH}`,
        STRATA_JOB: encodeJob({ ...job, buildkit }),
      },
    });
    expect(readFileSync(join(folder, "words"), "utf8")).toContain(`--driver-opt image=${buildkit} `);
    const configuration = JSON.parse(readFileSync(join(folder, ".docker", "config.json"), "utf8"));
    expect(configuration).toEqual({ credHelpers: { [own]: "strata", "us-docker.pkg.dev": "strata" } });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function absolute(word: string): string {
  return word.endsWith(".ts") ? join(process.cwd(), word) : word;
}
