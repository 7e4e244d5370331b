import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseImageSettings } from "../../chain/imageSettings.ts";
import { available } from "../../toolbox/available.ts";
import { type Buildkitd, startBuildkitd } from "../../toolbox/buildkitd.ts";
import { catalogue } from "./sandbox.ts";

const found = process.getuid?.() === 0 ? available(["buildkitd", "buildctl", "runc"]) : { reason: "it needs root" };
const { tools } = found;

/** Every image with every stage of it that has a name. */
const stages = globSync("*/Dockerfile", { cwd: catalogue })
  .sort()
  .flatMap((file) => {
    const text = readFileSync(join(catalogue, file), "utf8");
    return [...text.matchAll(/^FROM .* AS (\S+)$/gm)].map(([, stage = ""]) => [dirname(file), stage] as const);
  });

/** The folder that is an image's build context. */
function contextOf(image: string): string {
  const file = join(catalogue, image, "image.yaml");
  return join(catalogue, parseImageSettings(readFileSync(file, "utf8"), file).context);
}

/** Images that a Dockerfile takes from outside itself: bases and parents. */
function imagesFromOutside(image: string): string[] {
  const text = readFileSync(join(catalogue, image, "Dockerfile"), "utf8");
  const names = [...text.matchAll(/^FROM (\S+)|--from=([^\s,]+)|,from=([^\s,]+)/gm)].map(
    ([, ...named]) => named.find(Boolean) ?? "",
  );
  return [...new Set(names)].filter((name) => name.includes(":"));
}

if (!tools) {
  test.skip(`BuildKit reads every stage of the catalogue: ${found.reason}`, () => {});
} else {
  let daemon: Buildkitd;
  let scratch: string;

  beforeAll(async () => {
    daemon = await startBuildkitd(tools);
    scratch = mkdtempSync(join(tmpdir(), "catalogue-buildkit-"));
    mkdirSync(join(scratch, "empty"));
  }, 60_000);
  afterAll(async () => {
    await daemon.stop();
    rmSync(scratch, { recursive: true, force: true });
  });

  /** A build of an image's stage in which an empty folder stands in for every image from outside. */
  function buildctl(
    image: string,
    stage: string,
    ...more: readonly string[]
  ): { status: number | null; out: string; err: string } {
    const { status, stdout, stderr } = spawnSync(
      tools?.buildctl.path ?? "",
      [
        `--addr=${daemon.address}`,
        "build",
        "--progress=plain",
        "--frontend=dockerfile.v0",
        `--local=context=${contextOf(image)}`,
        `--local=dockerfile=${join(catalogue, image)}`,
        `--local=empty=${join(scratch, "empty")}`,
        `--opt=target=${stage}`,
        ...imagesFromOutside(image).map((name) => `--opt=context:${name}=local:empty`),
        ...more,
      ],
      { encoding: "utf8" },
    );
    return { status, out: stdout, err: stderr };
  }

  test.each(stages)("BuildKit reads %s:%s and finds every stage and image that it names", (image, stage) => {
    const outline = buildctl(image, stage, "--opt=requestid=frontend.outline");
    expect(outline.err).not.toMatch(/error|warning/i);
    expect(outline).toMatchObject({ status: 0, out: expect.stringContaining(`TARGET: ${stage}`) });
  });

  test("the launcher, built on an empty base, holds its files, and the entry script in it runs", () => {
    const root = join(scratch, "launcher");
    expect(buildctl("arr-vertex-launcher", "runtime", `--output=type=local,dest=${root}`)).toMatchObject({ status: 0 });
    expect(globSync("**/*.{sh,py,tsv}", { cwd: root }).sort()).toEqual([
      "opt/image/verify/launcher_self_test.py",
      ...["entrypoint.sh", "fatal-patterns.tsv", "health.sh"].map((file) => `opt/launcher/${file}`),
      ...["__init__", "agent", "retry", "scheduling", "staging_bucket"].map(
        (file) => `opt/launcher/launcher/${file}.py`,
      ),
    ]);
    expect(statSync(join(root, "opt/launcher/health.sh")).mode & 0o777).toBe(0o755);
    const env = {
      PATH: process.env.PATH,
      AGENT_LOG: join(scratch, "log"),
      AGENT_PID_FILE: join(scratch, "pid"),
      POLL_SECONDS: "0.1",
      SETTLE_SECONDS: "0",
    };
    const run = spawnSync(
      join(root, "opt/launcher/entrypoint.sh"),
      ["bash", "-c", "echo QUOTA_EXCEEDED; exec sleep 30"],
      { env, encoding: "utf8" },
    );
    expect(run).toMatchObject({ status: 70, stdout: expect.stringContaining("final error (quota: QUOTA_EXCEEDED)") });
  });
}
