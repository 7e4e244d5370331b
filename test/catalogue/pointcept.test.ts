import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { runPythonTests, verify } from "./pythonTests.ts";
import { catalogue, Sandbox } from "./sandbox.ts";

const image = join(catalogue, "pointcept-conda");
const NAME = "pointcept-torch2.5.0-cu12.4";

test("Pointcept's CUDA check and smoke tests hold in Python", () => runPythonTests("test_pointcept"));

test("the check's report has the contract's shape on a machine without torch", () => {
  expect(verify("pointcept-conda/verify/pointcept_smoke.py")).toEqual({ exit: 1, status: "fail" });
});

test("the environment is specified as Pointcept does: name, channels in their order, versions", () => {
  const { name, channels, dependencies } = parse(readFileSync(join(image, "environment.yml"), "utf8"));
  expect(name).toBe(NAME);
  expect(channels).toEqual(["pytorch", "nvidia/label/cuda-12.4.1", "nvidia", "bioconda", "conda-forge", "defaults"]);
  expect(dependencies).toEqual(
    expect.arrayContaining([
      ...["python=3.10", "pytorch=2.5.0", "torchvision=0.20.0", "torchaudio=2.5.0", "pytorch-cuda=12.4"],
      ...["gcc=13.2", "gxx=13.2", "ninja", "google-sparsehash", "h5py", "scipy", "matplotlib"],
      ...["tensorboard", "tensorboardx", "wandb", "open3d", "plyfile"],
    ]),
  );
});

test("no pip lock brings what conda brings, and transformers keeps to the versions that work with torch 2.5", () => {
  const lock = readFileSync(join(image, "requirements.lock"), "utf8");
  const versions = new Map([...lock.matchAll(/^([a-z0-9-]+)==(\S+)/gm)].map((match) => [match[1], match[2]]));
  for (const name of ["torch", "numpy", "scipy", "pyyaml", "nvidia-cudnn-cu12", "triton"]) {
    expect([...versions.keys()]).not.toContain(name);
  }
  expect(versions.get("spconv-cu124")).toBe("2.3.8");
  expect(versions.get("cumm-cu124")).toMatch(/^0\.7\./);
  expect(versions.get("transformers")).toMatch(/^4\./);
});

describe("create-environment.sh", () => {
  let sandbox: Sandbox;
  const run = (...args: string[]) => sandbox.run("create-environment.sh", args, { CONDA_ROOT: sandbox.path("conda") });
  beforeEach(() => {
    sandbox = new Sandbox([
      "pointcept-conda/conda-linux-64.lock",
      "pointcept-conda/create-environment.sh",
      "shared/build/progress.sh",
    ]);
    sandbox.makeFolder("conda");
    sandbox.makeFolder("conda/bin");
    for (const program of ["mamba", "conda"]) {
      sandbox.write(
        `conda/bin/${program}`,
        `#!/usr/bin/env bash
echo "${program} $*" >>"$HOME/calls"
[[ "$CONDA_OVERRIDE_CUDA" == 12.4 ]] || exit 99
if [[ "$1" == list ]]; then printf '@EXPLICIT\\nhttps://example.org/a.conda#0123\\n'; fi
`,
      );
      sandbox.makeExecutable(`conda/bin/${program}`);
    }
  });
  afterEach(() => sandbox.remove());

  test("refuses an unresolved lock without asking conda anything, and the lock says how to resolve it", () => {
    const { exit, err } = run("lock", sandbox.path("conda-linux-64.lock"));
    expect(exit).toBe(78);
    expect(err).toContain("conda-linux-64.lock");
    expect(existsSync(sandbox.path("calls"))).toBe(false);
    expect(readFileSync(join(image, "conda-linux-64.lock"), "utf8")).toContain("docker buildx build --target lock");
  });

  test("what solve writes is a lock that lock accepts", () => {
    const lock = sandbox.path("solved.lock");
    expect(run("solve", "environment.yml", lock).exit).toBe(0);
    expect(run("lock", lock)).toMatchObject({ exit: 0, out: expect.stringContaining("STRATA-PROGRESS 30") });
    const calls = readFileSync(sandbox.path("calls"), "utf8");
    expect(calls).toContain(`mamba env create --yes --quiet --name ${NAME} --file environment.yml`);
    expect(calls).toContain(`conda list --name ${NAME} --explicit --md5`);
    expect(calls).toContain(`mamba create --yes --quiet --name ${NAME} --file ${lock}`);
  });

  test("wrong arguments are refused with the usage", () => {
    expect(run("lock").exit).toBe(64);
  });
});

/** A conda whose activation sets CONDA_PREFIX and reads a variable that is not set, as real hooks do. */
function fakeConda(sandbox: Sandbox): Record<string, string> {
  for (const folder of ["conda", "conda/etc", "conda/etc/profile.d"]) sandbox.makeFolder(folder);
  sandbox.write(
    "conda/etc/profile.d/conda.sh",
    'conda() { : "$NOT_SET"; [[ "$*" == "activate pointcept-torch2.5.0-cu12.4" ]] && export CONDA_PREFIX="$HOME/env"; }\n',
  );
  return { CONDA_ROOT: sandbox.path("conda") };
}

test("wheels come first, then what compiles against torch, without build isolation; flash-attention is really compiled", () => {
  const sandbox = new Sandbox([
    "pointcept-conda/activate.sh",
    "pointcept-conda/build-extensions.sh",
    "shared/build/compiler-cache.sh",
    "shared/build/keep-torch.sh",
    "shared/build/progress.sh",
  ]);
  try {
    sandbox.write(
      "clone.sh",
      '#!/usr/bin/env bash\n[[ "$2" =~ ^[0-9a-f]{40}$ ]] || exit 64\nmkdir -p "$3/libs/pointops" "$3/libs/pointgroup_ops"; touch "$3/LICENSE"\n',
    );
    sandbox.makeExecutable("clone.sh");
    sandbox.program("ccache", "exit 0");
    sandbox.program(
      "python",
      `
echo "$*" | sed "s#$HOME/##g" >>"$HOME/calls"
if [[ "$*" == *--no-build-isolation* ]]; then
  [[ "$FORCE_CUDA$FLASH_ATTENTION_FORCE_BUILD$MAX_JOBS" == 1TRUE7 && "$PYTORCH_NVCC" == "ccache /cuda/bin/nvcc" ]] || exit 99
  echo cache_miss >>"$CCACHE_STATSLOG"
fi`,
    );
    const { exit, out, err } = sandbox.run("build-extensions.sh", [], {
      ...fakeConda(sandbox),
      ROOT: sandbox.folder,
      CUDA_HOME: "/cuda",
      MAX_JOBS: "7",
      TORCH_CUDA_ARCH_LIST: "8.0;9.0",
    });
    expect([exit, err]).toEqual([0, ""]);
    const calls = readFileSync(sandbox.path("calls"), "utf8")
      .split("\n")
      .filter((line) => line.includes(" install "));
    expect(calls[0]).toContain("--require-hashes --only-binary=:all: --requirement requirements.lock");
    expect(calls[1]).toContain("--requirement build-tools.lock --target");
    expect(calls.slice(2).map((line) => line.split("--no-build-isolation ")[1])).toEqual([
      "--require-hashes --requirement sources.lock",
      "src/ocnn src/clip",
      "src/pointcept/libs/pointops src/pointcept/libs/pointgroup_ops",
      "src/flash-attention",
    ]);
    expect(out.match(/STRATA-PROGRESS \d+/g)).toEqual([40, 55, 60, 70, 95, 100].map((n) => `STRATA-PROGRESS ${n}`));
    expect(existsSync(sandbox.path("opt/pointcept/libs/pointops"))).toBe(true);
    expect(existsSync(sandbox.path("src"))).toBe(false);
  } finally {
    sandbox.remove();
  }
});

describe("entrypoint.sh", () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox(["pointcept-conda/activate.sh", "pointcept-conda/entrypoint.sh"]);
    sandbox.write("rebuild-pointops.sh", '#!/usr/bin/env bash\necho "rebuilt into $1"\n');
    sandbox.makeExecutable("rebuild-pointops.sh");
  });
  afterEach(() => sandbox.remove());

  const run = (checkExit: number, env: Record<string, string> = {}) => {
    sandbox.program("python", `echo "checked \${1##*/}"; exit ${checkExit}`);
    const command = ["bash", "-c", 'echo "runs in $CONDA_PREFIX with $PYTHONPATH"; exit 5'];
    return sandbox.run("entrypoint.sh", command, { ...fakeConda(sandbox), ...env });
  };

  test("activates the environment, checks CUDA, then becomes the command", () => {
    const { exit, out } = run(0);
    expect(exit).toBe(5);
    expect(out).toBe(`checked check_cuda.py\nruns in ${sandbox.path("env")} with \n`);
  });

  test("a CUDA mismatch ends the container before the command", () => {
    const { exit, out } = run(70);
    expect(exit).toBe(70);
    expect(out).not.toContain("runs in");
  });

  test("INSTALL_POINTOPS_AT_RUNTIME=1 rebuilds the extensions and puts them first", () => {
    const { out } = run(0, { INSTALL_POINTOPS_AT_RUNTIME: "1", PYTHONPATH: "/code" });
    expect(out).toContain(`rebuilt into ${sandbox.path("pointops")}\n`);
    expect(out).toContain(`with ${sandbox.path("pointops")}:/code\n`);
  });
});
