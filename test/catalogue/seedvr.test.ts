import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDockerfile } from "../../chain/dockerfile/parse.ts";
import { runPythonTests, verify } from "./pythonTests.ts";
import { catalogue, Sandbox } from "./sandbox.ts";

const WHEEL = "flash_attn-2.8.3+cu12torch2.7cxx11abiTRUE-cp311-cp311-linux_x86_64.whl";
const { instructions } = parseDockerfile(
  readFileSync(join(catalogue, "seedvr-official/Dockerfile"), "utf8"),
  "seedvr-official/Dockerfile",
);

test("SeedVR's environment report and check hold in Python", () => runPythonTests("test_seedvr"));

test("the check's report has the contract's shape on a machine without torch", () => {
  expect(verify("seedvr-official/verify/seedvr_environment.py")).toEqual({ exit: 1, status: "fail" });
});

test("flash-attention is installed before everything else that changes the image after its base", () => {
  const base = instructions.findIndex((one) => one.kind === "FROM" && one.image.startsWith("pytorch/pytorch:"));
  const changing = instructions.slice(base + 1).filter((one) => ["RUN", "COPY", "ADD"].includes(one.kind));
  const commands = changing.map((one) => (one.kind === "RUN" ? one.command.arguments.join(" ") : one.kind));
  expect(commands[0]).toBe(`/opt/build/install-flash-attention.sh /wheels/${WHEEL}`);
  expect(commands[1]).toBe("/opt/build/install-requirements.sh /opt/build/requirements.lock");
  expect(commands.slice(2).join("\n")).not.toMatch(/pip|conda|install/);
});

test("the wheel that is installed is the one whose checksum is pinned", () => {
  const [add, ...others] = instructions.filter((one) => one.kind === "ADD");
  expect(others).toEqual([]);
  expect(add).toMatchObject({
    checksum: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
    sources: [expect.stringContaining(`/v2.8.3/${WHEEL.replace("+", "%2B")}`)],
    destination: `/${WHEEL}`,
  });
});

test("no lock brings torch, its CUDA libraries or flash-attention once more", () => {
  const lock = readFileSync(join(catalogue, "seedvr-official/requirements.lock"), "utf8");
  const names = lock.split("\n").flatMap((line) => /^([a-z0-9.-]+)==/.exec(line)?.[1] ?? []);
  expect(names).toEqual(expect.arrayContaining(["accelerate", "av", "diffusers", "transformers", "xformers"]));
  expect(names.filter((name) => /^(torch|torchvision|triton|flash-attn|nvidia-.*)$/.test(name))).toEqual([]);
});

describe("install-flash-attention.sh", () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox(["seedvr-official/install-flash-attention.sh", "shared/build/keep-torch.sh"]);
    sandbox.write(WHEEL, "");
  });
  afterEach(() => sandbox.remove());

  /** An interpreter of the given version that has torch, installs what it is told to, and may be able to import it. */
  const run = (interpreter: string, imports: "loads" | "does not load", torchAfter = "2.7.1") =>
    sandbox.run("install-flash-attention.sh", [sandbox.path(WHEEL)], {
      PYTHON: sandbox.program(
        "python",
        `
case "$*" in
  *sys.version_info*) echo ${interpreter} ;;
  *"pip install"*) [[ "$*" == *"--no-index --no-deps"* ]] || exit 99; touch "$HOME/installed" ;;
  *"import torch, flash_attn_2_cuda"*) [[ -e "$HOME/installed" && "${imports}" == loads ]] ;;
  *compiled_with_cxx11_abi*) echo FALSE ;;
  *torch.__version__*) echo 2.7.1 with CUDA 12.6 ;;
  -) if [[ -e "$HOME/installed" ]]; then echo ${torchAfter}; else echo 2.7.1; fi ;;
  *) exit 97 ;;
esac`,
      ),
    });

  test("installs the wheel of this interpreter and confirms that it loads", () => {
    const { exit, out } = run("cp311", "loads");
    expect(exit).toBe(0);
    expect(out).toContain(`${WHEEL} loads`);
  });

  test("refuses a wheel of another interpreter before installing it", () => {
    const { exit, err } = run("cp312", "loads");
    expect(exit).toBe(67);
    expect(err).toContain("the interpreter is cp312");
    expect(err).toContain("take the wheel of cp312");
  });

  test("a wheel that does not load is refused with this torch's version and ABI", () => {
    const { exit, err } = run("cp311", "does not load");
    expect(exit).toBe(68);
    expect(err).toContain("torch 2.7.1 with CUDA 12.6, cxx11abiFALSE");
  });

  test("a torch that is another one afterwards is refused", () => {
    expect(run("cp311", "loads", "2.8.0").exit).toBe(66);
  });
});

describe("install-requirements.sh", () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox(["seedvr-official/install-requirements.sh"]);
    sandbox.write("install-lock.sh", '#!/usr/bin/env bash\n[[ "$PIP_CHECK" == 0 ]] && touch "$HOME/installed"\n');
    sandbox.makeExecutable("install-lock.sh");
  });
  afterEach(() => sandbox.remove());

  /** What pip check says before and after. */
  const run = (before: string, after: string) =>
    sandbox.run("install-requirements.sh", ["requirements.lock"], {
      PYTHON: sandbox.program("python", `[[ -e "$HOME/installed" ]] && echo '${after}' || echo '${before}'; exit 1`),
    });

  test("a dependency that the base image had broken already is not held against the lock", () => {
    expect(run("conda 25 requires x, which is not installed.", "No broken requirements found.").exit).toBe(0);
    expect(
      run("conda 25 requires x, which is not installed.", "conda 25 requires x, which is not installed.").exit,
    ).toBe(0);
  });

  test("a dependency that the lock breaks fails the build and is named", () => {
    const { exit, err } = run("No broken requirements found.", "torch 2.7.1 has requirement triton==3.3.1");
    expect(exit).toBe(1);
    expect(err).toContain("torch 2.7.1 has requirement triton==3.3.1");
  });
});

describe("entrypoint.sh", () => {
  test("reports on the environment, then becomes the command, also where the report cannot be had", () => {
    const sandbox = new Sandbox(["seedvr-official/entrypoint.sh", "seedvr-official/environment_info.py"]);
    try {
      const command = ["bash", "-c", "echo the command; exit 5"];
      const reported = sandbox.run("entrypoint.sh", command, { ENVIRONMENT_INFO: sandbox.path("environment_info.py") });
      expect(reported.exit).toBe(5);
      expect(reported.out).toMatch(/^--- ENVIRONMENT INFO [\s\S]*--- END ENVIRONMENT INFO ---\nthe command\n$/);
      expect(reported.err).toContain("WARNING: no GPU is visible");
      expect(sandbox.run("entrypoint.sh", command, { ENVIRONMENT_INFO: "/nowhere" })).toMatchObject({
        exit: 5,
        out: "the command\n",
      });
    } finally {
      sandbox.remove();
    }
  });
});
