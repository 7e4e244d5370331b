import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Sandbox } from "./sandbox.ts";

/** How the parts around the build script behave. */
export interface ApexScene {
  readonly tier: "cuda" | "auto";
  /** false: the repository is not there. */
  readonly clones?: boolean;
  /** The compiler's fate where extensions are asked for; "hangs" runs into the time limit. */
  readonly cudaBuild?: "succeeds" | "fails" | "hangs";
  /** Exit code of a build without extensions. */
  readonly pythonBuildExit?: number;
  /** Extensions that do not load although pip succeeded. */
  readonly missing?: string;
}

/** apex.json. */
export interface ApexOutcome {
  readonly requested: string;
  readonly tier: string;
  readonly reason: string | null;
  readonly commit: string;
}

/** What a run of the build script left. */
export interface ApexBuild {
  readonly exit: number | null;
  readonly log: string;
  readonly statuses: readonly string[];
  readonly outcome?: ApexOutcome;
  readonly wheels: readonly string[];
  readonly commit: string;
}

/**
 * Runs dockerfiles/apex/build-apex.sh as an image's build does: the same scripts side by side, a real Git repository in
 * the place of Apex's, and fakes in the place of Python's pip, ccache and the compiler.
 */
export function buildApex(scene: ApexScene): ApexBuild {
  const sandbox = new Sandbox([
    "apex/build-apex.sh",
    "apex/verify/apex_extensions.py",
    "shared/build/clone.sh",
    "shared/build/compiler-cache.sh",
    "shared/build/progress.sh",
  ]);
  try {
    const commit = repository(sandbox.path("apex"));
    sandbox.program("ccache", "exit 0");
    const output = sandbox.path("output");
    const { exit, out, err } = sandbox.run("build-apex.sh", [output], {
      PYTHON: sandbox.program("python", fakePython(scene)),
      APEX_COMMIT: commit,
      APEX_TIER: scene.tier,
      APEX_SOURCE: sandbox.path("source"),
      APEX_TIMEOUT: "1",
      CLONE_TRIES: "1",
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: `url.${sandbox.path(scene.clones === false ? "nowhere" : "apex")}.insteadOf`,
      GIT_CONFIG_VALUE_0: "https://github.com/NVIDIA/apex.git",
    });
    const outcome = join(output, "apex.json");
    const wheels = join(output, "wheels");
    return {
      exit,
      log: out + err,
      statuses: out.split("\n").filter((line) => line.startsWith("APEX-TIER ")),
      ...(existsSync(outcome) ? { outcome: JSON.parse(readFileSync(outcome, "utf8")) as ApexOutcome } : {}),
      wheels: existsSync(wheels) ? readdirSync(wheels) : [],
      commit,
    };
  } finally {
    sandbox.remove();
  }
}

/** A repository with one commit, as GitHub serves it: any commit may be fetched by its id. */
function repository(folder: string): string {
  const git = (...args: string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" }).trim();
  mkdirSync(folder);
  git("init", "--quiet");
  git("config", "uploadpack.allowAnySHA1InWant", "true");
  writeFileSync(join(folder, "setup.py"), "# Apex\n");
  git("add", "setup.py");
  git("-c", "user.name=test", "-c", "user.email=test@example.com", "commit", "--quiet", "--message", "25.09");
  return git("rev-parse", "HEAD");
}

/** Plays `python -m pip wheel`, `pip install --target` and apex_extensions.py; everything else is the real Python's. */
function fakePython({ cudaBuild = "succeeds", pythonBuildExit = 0, missing = "" }: ApexScene): string {
  const cuda = { succeeds: 'touch "$folder/apex-0.1-cuda.whl"', fails: "exit 1", hangs: "sleep 30" }[cudaBuild];
  return `
case "$*" in
  "-m pip wheel "*)
    [[ "$*" == *"--no-build-isolation --no-cache-dir"* && -f setup.py ]] || exit 99
    while [[ "$1" != --wheel-dir ]]; do shift; done
    folder="$2"
    if [[ "$APEX_CPP_EXT$APEX_CUDA_EXT" == 11 ]]; then
      [[ "$(basename "$CXX")" == g++ && "$PYTORCH_NVCC" == ccache* ]] || exit 98
      echo cache_miss >>"$CCACHE_STATSLOG"
      ${cuda}
    else
      [[ ${pythonBuildExit} -eq 0 ]] || exit ${pythonBuildExit}
      touch "$folder/apex-0.1-python.whl"
    fi
    ;;
  "-m pip install "*) ;;
  *apex_extensions.py) echo "${missing}"; [[ -z "${missing}" ]] ;;
  *) exec python3 "$@" ;;
esac`;
}
