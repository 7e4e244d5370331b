import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type Bench, REGION, startBench } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";

interface CloudBuildFile {
  readonly steps: readonly { readonly id: string; readonly name: string; readonly args: readonly string[] }[];
  readonly substitutions: Readonly<Record<string, string>>;
}

const file: CloudBuildFile = parse(readFileSync("cloudbuild.yaml", "utf8"));

/** Runs the last step's shell with a `node` that prints its arguments. */
function runStep(variables: Readonly<Record<string, string>>): { status: number | null; commands: string[] } {
  const folder = mkdtempSync(join(tmpdir(), "strata-cloudbuild-"));
  try {
    writeFileSync(join(folder, "node"), '#!/bin/sh\nprintf "[%s]" "$@"; echo\n');
    chmodSync(join(folder, "node"), 0o755);
    const args = (file.steps.at(-1)?.args ?? []).map((word) => word.replaceAll("$$", "$"));
    const env = { PATH: `${folder}:${process.env.PATH}`, TARGETS: "", JOBS: "", ...variables };
    const { status, stdout } = spawnSync("bash", args, { env, encoding: "utf8" });
    return { status, commands: stdout.trim().split("\n") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each<[Record<string, string>, string[]]>([
  [{ MODE: "publish" }, ["[cli/strata.mjs][build]"]],
  [
    { MODE: "publish", TARGETS: "apex arr-trainer", JOBS: "64" },
    ["[cli/strata.mjs][build][--jobs][64][apex][arr-trainer]"],
  ],
  [{ MODE: "refresh" }, ["[cli/strata.mjs][lock]", "[cli/strata.mjs][build]"]],
  [{ MODE: "check" }, ["[cli/strata.mjs][lint]", "[cli/strata.mjs][plan][--markdown]"]],
])("cloudbuild.yaml with %j runs the same commands as a person", (variables, commands) => {
  expect(runStep(variables)).toEqual({ status: 0, commands });
});

test("cloudbuild.yaml refuses a mode that it does not know", () => {
  expect(runStep({ MODE: "deploy" }).status).toBe(64);
});

describe("on the local cloud", () => {
  let bench: Bench;
  beforeAll(async () => {
    bench = await startBench();
  });
  afterAll(() => bench.cloud.close());

  test.each([
    ["by hand, with targets and jobs alone", { _TARGETS: "apex", _JOBS: "8", _STORE: "store" }],
    [
      "from a trigger, with all that the environment has",
      { _MODE: "check", _LAYERS: "unused", _IMAGES: "host/images" },
    ],
  ])("Cloud Build accepts it %s", async (_, substitutions) => {
    const path = `/cloudbuild/v1/projects/${PROJECT}/locations/${REGION}/builds`;
    const body = { ...file, substitutions: { ...file.substitutions, ...substitutions } };
    const { metadata } = await bench.cloud.ok<{ metadata: { build: CloudBuildFile & { steps: object[] } } }>(
      "POST",
      path,
      body,
    );
    expect(JSON.stringify(metadata.build)).toContain("bookworm-slim@sha256:0e0ff40c39bc");
  });
});
