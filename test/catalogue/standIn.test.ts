import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseImageSettings } from "../../chain/imageSettings.ts";
import { available } from "../../toolbox/available.ts";
import { type Buildkitd, startBuildkitd } from "../../toolbox/buildkitd.ts";
import { catalogue } from "./sandbox.ts";
import { makeStandIn, makeToolStandIns } from "./standIn.ts";

const { tools, reason } = available(["buildkitd", "buildctl", "runc", "buildx"]);
const root = process.getuid?.() === 0;
const where = tools && root ? describe : describe.skip;

/** SHA-256 of the empty file, which is what the fakes make. */
const OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// Real BuildKit, real Dockerfiles, real scripts; the base images and what would be downloaded or compiled are simulated.
// It shows what no reading does: that every step finds the files that it mounts and copies, as the ignore file lets them
// through, and that its user may do what it does.
where(`on a stand-in base${reason === undefined ? "" : ` (${reason})`}${root ? "" : " (needs root)"}`, () => {
  const folder = mkdtempSync(join(tmpdir(), "stand-in-"));
  const base = join(folder, "base");
  const context = join(folder, "context");
  let daemon: Buildkitd;

  beforeAll(async () => {
    if (!tools) return;
    makeStandIn(base);
    cpSync(catalogue, context, { recursive: true });
    writeFileSync(join(context, "vision-trt/tensorrt-libs.sha256"), `${OF_NOTHING}\n`);
    writeFileSync(join(context, "pointcept-conda/conda-linux-64.lock"), "@EXPLICIT\n");
    daemon = await startBuildkitd({ buildkitd: tools.buildkitd, runc: tools.runc });
  }, 60_000);
  afterAll(async () => {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Builds an image with every base replaced; returns the folder with its files. */
  const build = (image: string, bases: readonly string[], ...options: string[]) =>
    buildIn(context, join(context, image), image, bases, ...options);
  const buildIn = (
    context: string,
    dockerfile: string,
    name: string,
    bases: readonly string[],
    ...options: string[]
  ) => {
    const output = join(folder, name);
    mkdirSync(output);
    const { status, stderr } = spawnSync(
      tools?.buildctl.path ?? "",
      [
        ...["--addr", daemon.address, "build", "--progress=plain", "--frontend=dockerfile.v0"],
        ...[`--local=context=${context}`, `--local=dockerfile=${dockerfile}`, `--local=base=${base}`],
        ...bases.map((name) => `--opt=context:${name}=local:base`),
        ...[`--output=type=local,dest=${output}`, ...options],
      ],
      { encoding: "utf8" },
    );
    if (status !== 0) throw new Error(stderr);
    return output;
  };
  const parents = ["arr-pytorch-base:devel", "arr-pytorch-base:runtime"];
  const verifyFiles = (output: string) => readdirSync(join(output, "opt/image/verify")).sort();

  test("apex builds and holds the record of its tier", () => {
    const output = build("apex", parents);
    expect(JSON.parse(readFileSync(join(output, "opt/image/apex.json"), "utf8"))).toEqual({
      requested: "cuda",
      tier: "cuda",
    });
    expect(verifyFiles(output)).toEqual(["apex_extensions.py", "apex_modules.py"]);
  });

  test("vision-trt builds and holds its checks", () => {
    const output = build("vision-trt", parents);
    expect(verifyFiles(output)).toEqual([
      "trt_batch_size.py",
      "trt_benchmark.py",
      "trt_gpu_monitor.py",
      "trt_imports.py",
    ]);
  });

  test("seedvr-official builds and holds its report, entry point and checks", () => {
    const output = build(
      "seedvr-official",
      ["pytorch/pytorch:2.7.1-cuda12.6-cudnn9-devel", "flash-attention"],
      "--opt=context:flash-attention=local:wheel",
      `--local=wheel=${wheelFolder(folder)}`,
    );
    expect(existsSync(join(output, "opt/image/environment_info.py"))).toBe(true);
    expect(verifyFiles(output)).toEqual(["contract.py", "report.schema.json", "seedvr_environment.py"]);
  });

  test("pointcept-conda builds and holds environment, sources for a rebuild, entry point and checks", () => {
    const output = build("pointcept-conda", [
      "nvidia/cuda:12.4.1-cudnn-devel-ubuntu22.04",
      "nvidia/cuda:12.4.1-cudnn-runtime-ubuntu22.04",
      "miniforge",
    ]);
    expect(existsSync(join(output, "opt/conda/bin/mamba"))).toBe(true);
    expect(readdirSync(join(output, "opt/pointcept/libs")).sort()).toEqual(["LICENSE", "pointgroup_ops", "pointops"]);
    expect(verifyFiles(output)).toEqual(["contract.py", "pointcept_smoke.py", "report.schema.json"]);
  });

  test("strata's own image installs its packages from its lock, holds what it starts, and passes its own check", () => {
    const [node, docker, dockerfile] = ["node", "docker", "tool"].map((name) => join(folder, `${name}-stand-in`));
    if (!tools || !node || !docker || !dockerfile) return;
    makeToolStandIns(node, docker, tools.buildx.path);
    cpSync(join(catalogue, "strata"), dockerfile, { recursive: true });
    const settings = parseImageSettings(readFileSync(join(dockerfile, "image.yaml"), "utf8"), "image.yaml");
    const checks = settings.verify.map(({ run }) => `RUN --network=none ${JSON.stringify(run)}\n`);
    appendFileSync(join(dockerfile, "Dockerfile"), checks.join(""));
    const output = buildIn(
      join(catalogue, ".."),
      dockerfile,
      "strata",
      [],
      ...["--opt=context:node:24-bookworm-slim=local:node", `--local=node=${node}`],
      ...["--opt=context:docker:28-cli=local:docker", `--local=docker=${docker}`],
    );
    expect(checks).toHaveLength(1);
    expect(existsSync(join(output, "opt/strata/node_modules/google-auth-library"))).toBe(true);
    expect(existsSync(join(output, "opt/strata/node_modules/@pulumi"))).toBe(false);
  }, 120_000);
});

/** What the stage that downloads flash-attention's wheel would hold. */
function wheelFolder(folder: string): string {
  const wheels = join(folder, "wheels");
  mkdirSync(wheels);
  writeFileSync(join(wheels, "flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl"), "");
  return wheels;
}
