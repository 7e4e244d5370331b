import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { type Bench, REGION, startBench } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";

interface CloudBuildFile {
  readonly steps: readonly {
    readonly id: string;
    readonly name: string;
    readonly args: readonly string[];
    readonly env?: readonly string[];
  }[];
  readonly substitutions: Readonly<Record<string, string>>;
}

const file: CloudBuildFile = parse(readFileSync("cloudbuild.yaml", "utf8"));

/** What a step's shell did. */
interface Ran {
  readonly status: number | null;
  /** The commands that it started, in their order. */
  readonly commands: readonly string[];
  readonly out: string;
}

/** Runs the last step's shell with a `node` that notes its arguments; `moved` is what `strata lock` makes of the lock. */
function runStep(variables: Readonly<Record<string, string>>, moved?: string): Ran {
  const folder = mkdtempSync(join(tmpdir(), "strata-cloudbuild-"));
  try {
    const lock = join(folder, "dockerfiles/bases.lock.yaml");
    mkdirSync(join(folder, "dockerfiles"));
    writeFileSync(lock, "images:\n  debian:12:\n    digest: sha256:old\n");
    writeFileSync(join(folder, "moved"), moved ?? readFileSync(lock));
    const node = [
      "#!/bin/sh",
      // One write a line: commands of a pipe run side by side, and two writes of one may have the other's between them.
      `line=$(printf "[%s]" "$@"); echo "$line" >>"${folder}/commands"`,
      `[ "$2" != lock ] || cp "${folder}/moved" dockerfiles/bases.lock.yaml`,
      '[ "$2" != comment ] || cat',
      '[ "$2" != plan ] || echo "the plan"',
      "",
    ].join("\n");
    writeFileSync(join(folder, "node"), node);
    chmodSync(join(folder, "node"), 0o755);
    const args = (file.steps.at(-1)?.args ?? []).map((word) => word.replaceAll("$$", "$"));
    const env = { PATH: `${folder}:${process.env.PATH}`, ...empty, CATALOGUE: "dockerfiles", ...variables };
    const { status, stdout } = spawnSync("bash", args, { cwd: folder, env, encoding: "utf8" });
    const commands = existsSync(join(folder, "commands")) ? readFileSync(join(folder, "commands"), "utf8") : "";
    return { status, commands: commands.replaceAll("[cli/strata.mjs]", "").trim().split("\n"), out: stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every variable that the step has, as a build by hand leaves them. */
const empty = Object.fromEntries((file.steps.at(-1)?.env ?? []).map((line) => [line.split("=")[0] ?? "", ""]));

const everywhere = "[--catalogue][dockerfiles]";

test.each<[Record<string, string>, string[]]>([
  [{ MODE: "publish" }, [`[build]${everywhere}`]],
  [{ MODE: "publish", CATALOGUE: "gpu/images" }, ["[build][--catalogue][gpu/images]"]],
  [
    { MODE: "publish", TARGETS: "apex arr-trainer", JOBS: "64" },
    [`[build][--jobs][64][apex][arr-trainer]${everywhere}`],
  ],
  [{ MODE: "refresh" }, [`[lock]${everywhere}`]],
])("cloudbuild.yaml with %j runs the same commands as a person", (variables, commands) => {
  expect(runStep(variables)).toMatchObject({ status: 0, commands });
});

test("a pull request is linted, planned, and told the plan", () => {
  const variables = {
    REPOSITORY: "acme/images",
    PULL_REQUEST: "7",
    COMMENT_TOKEN: "projects/p",
    GITHUB_API: "https://h",
  };
  const { status, commands, out } = runStep({ MODE: "check", ...variables });
  // The last two run side by side.
  expect([...commands].sort()).toEqual(
    [
      `[lint]${everywhere}`,
      `[plan][--markdown]${everywhere}`,
      "[comment][--repository][acme/images][--pull-request][7][--token-secret][projects/p][--api][https://h]",
    ].sort(),
  );
  expect([status, out]).toEqual([0, "the plan\n"]);
});

test("a base that has moved is a patch to commit and a red build: nothing is built from a lock that no commit has", () => {
  const moved = "images:\n  debian:12:\n    digest: sha256:new\n";
  const { status, commands, out } = runStep({ MODE: "refresh" }, moved);
  expect([status, commands]).toEqual([3, [`[lock]${everywhere}`, `[plan]${everywhere}`]]);
  expect(out).toContain("--- a/dockerfiles/bases.lock.yaml\n+++ b/dockerfiles/bases.lock.yaml\n");
  expect(out).toContain("-    digest: sha256:old\n+    digest: sha256:new\n");
});

test("the patch of a refresh can be applied as it is printed", () => {
  const folder = mkdtempSync(join(tmpdir(), "strata-patch-"));
  try {
    const { out } = runStep({ MODE: "refresh" }, "images:\n  debian:12:\n    digest: sha256:new\n");
    mkdirSync(join(folder, "dockerfiles"));
    writeFileSync(join(folder, "dockerfiles/bases.lock.yaml"), "images:\n  debian:12:\n    digest: sha256:old\n");
    const input = out.slice(0, out.indexOf("the plan"));
    expect(spawnSync("git", ["apply"], { cwd: folder, input, encoding: "utf8" })).toMatchObject({ status: 0 });
    expect(readFileSync(join(folder, "dockerfiles/bases.lock.yaml"), "utf8")).toContain("sha256:new");
  } finally {
    rmSync(folder, { recursive: true });
  }
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
      { _MODE: "check", _CATALOGUE: "images", _IMAGES: "host/images", _STORE: "store", _PR_NUMBER: "7" },
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

  test("Cloud Build accepts the build of the first tool, as the publisher, and pushes its image only after the image's own check", async () => {
    const first = parse(readFileSync("dockerfiles/strata/first.yaml", "utf8"));
    const given = { _IMAGES: "host/acme/images", _KEY: "k1", _PUBLISHER: bench.serviceAccount };
    const { metadata } = await bench.cloud.ok<{
      metadata: { build: CloudBuildFile & { images: readonly string[]; serviceAccount: string } };
    }>("POST", `/cloudbuild/v1/projects/${PROJECT}/locations/${REGION}/builds`, {
      ...first,
      substitutions: { ...first.substitutions, ...given },
    });
    const { steps, images, serviceAccount } = metadata.build;
    expect(serviceAccount).toBe(bench.serviceAccount);
    expect(images).toEqual(["host/acme/images/strata/tool:k1"]);
    for (const { env } of steps) expect(env).toEqual(["TAG=host/acme/images/strata/tool:k1"]);
    expect(steps.map(({ id }) => id)).toEqual(["build", "verify"]);
    expect(steps.some(({ args }) => args.join(" ").includes("docker push"))).toBe(false);
  });
});
