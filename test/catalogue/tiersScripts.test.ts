import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue, type Ended, Sandbox } from "./sandbox.ts";

function read(path: string): string {
  return readFileSync(join(catalogue, path), "utf8");
}

let sandbox: Sandbox;
afterEach(() => sandbox?.remove());

describe("progress markers", () => {
  /** The format, as dockerfiles/README.md defines it for every parser. */
  const format = new RegExp(/^STRATA-PROGRESS \(\?<percent>.*$/m.exec(read("README.md"))?.[0] ?? "no format");

  function progress(...args: readonly string[]): Ended {
    const { status, stdout, stderr } = spawnSync(
      "bash",
      ["-c", '. "$0"; progress "$@"', join(catalogue, "shared/build/progress.sh"), ...args],
      { encoding: "utf8" },
    );
    return { exit: status, out: stdout, err: stderr };
  }

  test("a printed marker is read back by the format, also behind what BuildKit puts before it", () => {
    const { out } = progress("70", "PyTorch built", "First Harmonic: Ruby, Emerald, Topaz");
    expect(format.exec(`#23 812.4 ${out}`)?.groups).toEqual({
      percent: "70",
      what: "PyTorch built",
      gem: "First Harmonic: Ruby, Emerald, Topaz",
      seconds: expect.stringMatching(/^[0-9]+$/),
    });
    expect(format.exec(progress("0", "begun").out)?.groups).toMatchObject({
      percent: "0",
      what: "begun",
      gem: undefined,
    });
  });

  test("a marker that could not be read back is refused", () => {
    for (const args of [
      ["101", "x"],
      ["-1", "x"],
      ["7.5", "x"],
      ["50", ""],
      ["50", 'a "b"'],
      ["50", "a\nb"],
      ["50", "a", 'g"'],
    ]) {
      expect(progress(...args)).toMatchObject({ exit: 64, out: "" });
    }
  });

  test("the base prints its five, in order, with their names", () => {
    const scripts = ["fetch-pytorch", "cmake-floor", "build-torch", "build-torchvision", "build-torchaudio"];
    const markers = scripts.flatMap((script) => [
      ...read(`arr-pytorch-base/${script}.sh`).matchAll(/^progress (\d+) "[^"]+" "([^"]+)"$/gm),
    ]);
    expect(markers.map(([, percent, gem]) => [Number(percent), gem])).toEqual([
      [10, "Sapphire"],
      [15, "Diamond, Aquamarine"],
      [70, "First Harmonic: Ruby, Emerald, Topaz"],
      [85, "Double Harmonic"],
      [100, "Triple Harmonic"],
    ]);
  });
});

describe("cloning", () => {
  /** A repository with a submodule, all on this machine; its newest commit. */
  function repository(): { url: string; commit: string; inner: string } {
    sandbox = new Sandbox(["shared/build/clone.sh"]);
    const make = (name: string, ...more: readonly string[]) => {
      const folder = sandbox.makeFolder(name);
      const git = (...args: readonly string[]) =>
        execFileSync(
          "git",
          ["-c", "user.name=t", "-c", "user.email=t@t", "-c", "protocol.file.allow=always", ...args],
          { cwd: folder, encoding: "utf8", stdio: "pipe" },
        ).trim();
      git("init", "--quiet");
      git("config", "uploadpack.allowAnySHA1InWant", "true");
      git("commit", "--quiet", "--allow-empty", "-m", "first");
      if (more.length > 0) git(...more);
      git("commit", "--quiet", "--allow-empty", "-m", "second");
      return { folder, commit: git("rev-parse", "HEAD") };
    };
    const inner = make("inner");
    const outer = make("outer", "submodule", "add", "--quiet", `file://${inner.folder}`, "inner");
    return { url: `file://${outer.folder}`, commit: outer.commit, inner: inner.commit };
  }

  function clone(url: string, commit: string, tries = "1"): Ended {
    const allowFiles = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "protocol.file.allow", GIT_CONFIG_VALUE_0: "always" };
    return sandbox.run("clone.sh", [url, commit, sandbox.path("copy")], {
      CLONE_TRIES: tries,
      CLONE_WAIT_SECONDS: "0",
      ...allowFiles,
    });
  }

  test("gives exactly the commit, with its submodule at the commit that it pins", () => {
    const { url, commit, inner } = repository();
    expect(clone(url, commit)).toMatchObject({ exit: 0, err: "" });
    expect(execFileSync("git", ["rev-parse", "HEAD"], { cwd: sandbox.path("copy"), encoding: "utf8" }).trim()).toBe(
      commit,
    );
    expect(
      execFileSync("git", ["rev-parse", "HEAD"], { cwd: sandbox.path("copy/inner"), encoding: "utf8" }).trim(),
    ).toBe(inner);
  });

  test("a commit that is not there ends with 69 after the tries, and so does a submodule that is gone", () => {
    const { url, commit } = repository();
    const ended = clone(url, "0".repeat(40), "2");
    expect(ended.exit).toBe(69);
    expect(ended.err).toContain("attempt 2 of 2 failed");
    sandbox.remove();
    const second = repository();
    execFileSync("rm", ["-r", sandbox.path("inner")]);
    expect(clone(second.url, second.commit)).toMatchObject({ exit: 69, err: expect.stringContaining("submodules") });
    expect(commit).toMatch(/^[0-9a-f]{40}$/);
  });

  test("a tag or a short commit id is refused: they can move", () => {
    const { url } = repository();
    for (const name of ["v2.6.0", "main", "1eba9b3"]) expect(clone(url, name).exit).toBe(64);
  });
});

describe("the CMake guarantee", () => {
  /** Runs the check over projects that ask for some versions, with a CMake that refuses everything below 3.5 unless told. */
  function floor(versions: readonly string[], policy: Readonly<Record<string, string>>): Ended {
    sandbox = new Sandbox(["arr-pytorch-base/cmake-floor.sh", "shared/build/progress.sh"]);
    const projects = sandbox.makeFolder("third_party");
    for (const [index, version] of versions.entries()) {
      execFileSync("mkdir", [join(projects, String(index))]);
      sandbox.write(
        `third_party/${index}/CMakeLists.txt`,
        `CMake_Minimum_Required( VERSION ${version} FATAL_ERROR)\nproject(p)\n`,
      );
    }
    sandbox.program(
      "cmake",
      `if [[ "$1" == --version ]]; then echo "cmake version 4.1.0"; exit; fi
asked=$(grep -oE '[0-9.]+' "$2/CMakeLists.txt" | head -n 1)
echo "$asked" >>"${sandbox.path("configured")}"
[[ -n "\${CMAKE_POLICY_VERSION_MINIMUM:-}" ]] || { echo "Compatibility with CMake < 3.5 has been removed from CMake."; exit 1; }`,
    );
    return sandbox.run("cmake-floor.sh", [projects], { PROGRESS: sandbox.path("progress.sh"), ...policy });
  }

  test("holds where CMake is told to take old projects, shown for every old version there is and for no other", () => {
    const ended = floor(["2.8.12", "3.1", "3.5", "3.10", "2.8.12"], { CMAKE_POLICY_VERSION_MINIMUM: "3.5" });
    expect(ended.exit).toBe(0);
    expect(readFileSync(sandbox.path("configured"), "utf8")).toBe("2.8.12\n3.1\n");
    expect(ended.out).toMatch(/^STRATA-PROGRESS 15 /m);
  });

  test("does not hold where CMake refuses one: the projects that ask for it are named and there is no marker", () => {
    const ended = floor(["3.10", "2.8"], {});
    expect(ended.exit).toBe(1);
    expect(ended.err).toContain("third_party/1/CMakeLists.txt");
    expect(ended.out).not.toContain("STRATA-PROGRESS");
  });

  test("holds where no project is old, and where there are none", () => {
    expect(floor(["3.18"], {}).exit).toBe(0);
    sandbox.remove();
    expect(floor([], {}).exit).toBe(0);
  });
});

describe("the compiler cache of a build step", () => {
  /** Runs a line of shell between switching the cache on and reporting it, with a ccache that logs as told. */
  function step(line: string, env: Readonly<Record<string, string>> = {}): Ended {
    sandbox = new Sandbox(["shared/build/compiler-cache.sh"]);
    sandbox.program("ccache", 'printf "%s\\n" "$@" >>"$CCACHE_STATSLOG"');
    sandbox.write(
      "step.sh",
      `#!/usr/bin/env bash\nset -euo pipefail\n. "${sandbox.path("compiler-cache.sh")}"\nuse_compiler_cache\n${line}\nreport_compiler_cache sample\n`,
    );
    sandbox.makeExecutable("step.sh");
    return sandbox.run("step.sh", [], env);
  }

  test("stands before C, C++ and CUDA, and takes the remote store from the hint", () => {
    const ended = step("ccache cache_miss; env | grep -E '^(CMAKE|CCACHE)_' | sort", {
      COMPILER_CACHE_URL: "http://127.0.0.1:8090",
    });
    for (const language of ["C", "CXX", "CUDA"])
      expect(ended.out).toContain(`CMAKE_${language}_COMPILER_LAUNCHER=ccache\n`);
    expect(ended.out).toContain("CCACHE_REMOTE_STORAGE=http://127.0.0.1:8090\n");
    sandbox.remove();
    expect(step("ccache cache_miss; env").out).not.toContain("CCACHE_REMOTE_STORAGE");
  });

  test("its report counts hits, misses and hits of the remote store", () => {
    const ended = step(
      "ccache direct_cache_hit local_storage_hit; ccache preprocessed_cache_hit remote_storage_hit; ccache cache_miss direct_cache_miss preprocessed_cache_miss",
    );
    expect(ended).toMatchObject({ exit: 0, out: "STRATA-CCACHE sample hits=2 misses=1 remote-hits=1\n" });
  });

  test("a step in which nothing went through it fails", () => {
    expect(step("true")).toMatchObject({ exit: 1, err: expect.stringContaining("not one compilation of sample") });
  });
});

describe("the trainer's entry script", () => {
  function start(accelerate: string): Ended {
    sandbox = new Sandbox(["arr-trainer/entrypoint.sh"]);
    sandbox.program("accelerate", accelerate);
    sandbox.write(
      "outer.sh",
      '#!/usr/bin/env bash\n"$1" -m train & pid=$!\nif [[ -n "$2" ]]; then until [[ -e "$2" ]]; do sleep 0.05; done; kill -TERM $pid; fi\nwait $pid; code=$?; echo ended; exit $code\n',
    );
    sandbox.makeExecutable("outer.sh");
    return sandbox.run(
      "outer.sh",
      [sandbox.path("entrypoint.sh"), accelerate.includes("ready") ? sandbox.path("ready") : ""],
      { READY: sandbox.path("ready") },
    );
  }

  test("starts accelerate launch with its arguments and gives its exit code", () => {
    expect(start('echo "$*"; exit 9')).toMatchObject({ exit: 9, out: "launch -m train\nended\n" });
  });

  test("on SIGTERM waits for workers that save a checkpoint after their launcher has died, and ends with 143", () => {
    const ended =
      start(`(trap 'sleep 0.4; echo saved; exit 0' TERM; : >"$READY"; while :; do sleep 0.05; done) & # ready
wait`);
    expect(ended).toMatchObject({ exit: 143, out: "saved\nended\n" });
  });
});

describe("installing Ubuntu packages", () => {
  function install(env: Readonly<Record<string, string>>, ...packages: readonly string[]): Ended {
    sandbox = new Sandbox(["shared/build/apt-install.sh"]);
    for (const folder of ["etc", "etc/apt", "var", "var/lib", "var/lib/apt", "var/lib/apt/lists"])
      sandbox.makeFolder(folder);
    sandbox.write("etc/os-release", "VERSION_CODENAME=jammy\n");
    sandbox.write("var/lib/apt/lists/index", "");
    sandbox.program(
      "apt-get",
      `echo "$*"; cp "${sandbox.path("etc/apt/strata-snapshot.list")}" "${sandbox.path("used")}"`,
    );
    return sandbox.run("apt-install.sh", packages, { ROOT: sandbox.folder, ...env });
  }

  test("takes them from the archive of one day, from no other source, and leaves nothing behind", () => {
    const ended = install({ UBUNTU_SNAPSHOT: "20261101T000000Z" }, "git", "python3");
    expect(ended.exit).toBe(0);
    expect(ended.out).toMatch(
      /SourceParts=\/dev\/null .*update\n.*install --yes --no-install-recommends git python3\n/,
    );
    const sources = readFileSync(sandbox.path("used"), "utf8").trim().split("\n");
    expect(sources.map((line) => line.split(" ")[2])).toEqual(["jammy", "jammy-updates", "jammy-security"]);
    for (const line of sources) expect(line).toContain("/20261101T000000Z ");
    expect(existsSync(sandbox.path("etc/apt/strata-snapshot.list"))).toBe(false);
    expect(existsSync(sandbox.path("var/lib/apt/lists/index"))).toBe(false);
  });

  test("is refused without a day", () => {
    for (const UBUNTU_SNAPSHOT of ["", "latest", "2026-11-01"]) {
      expect(install({ UBUNTU_SNAPSHOT }, "git")).toMatchObject({ exit: 64, out: "" });
      sandbox.remove();
    }
  });
});
