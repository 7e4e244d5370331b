import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { catalogue, Sandbox } from "./sandbox.ts";

interface Locked {
  readonly version: string;
  readonly hashes: number;
}

/** The packages of a hashed lock file. */
function readLock(path: string): Map<string, Locked> {
  const packages = new Map<string, Locked>();
  const text = readFileSync(join(catalogue, path), "utf8");
  for (const entry of text.replace(/^\s*#.*$/gm, "").split(/\n(?=\S)/)) {
    if (entry.trim() === "") continue;
    const [, name, version] = /^([A-Za-z0-9._-]+)==([^\s;]+)/.exec(entry.trim()) ?? [];
    if (!name || !version) throw new Error(`${path}: not a pinned package: ${entry}`);
    packages.set(name.toLowerCase(), { version, hashes: entry.match(/--hash=sha256:[0-9a-f]{64}/g)?.length ?? 0 });
  }
  return packages;
}

const tiers = ["arr-pytorch-base/runtime.lock", "arr-pytorch-base/build.lock", "arr-ml-stack/requirements.lock"];

test.each(tiers)("%s: every package is pinned with a hash", (path) => {
  const packages = readLock(path);
  expect(packages.size).toBeGreaterThan(5);
  expect([...packages].filter(([, { hashes }]) => hashes === 0)).toEqual([]);
});

test.each(tiers)("%s: neither torch, which is built from source, nor a copy of CUDA is in it", (path) => {
  const names = [...readLock(path).keys()];
  expect(names.filter((name) => /^(torch|torchvision|torchaudio|nvidia-.*)$/.test(name))).toEqual([]);
});

test.each(tiers)("%s: its first lines say how to refresh it, and it names no address", (path) => {
  const text = readFileSync(join(catalogue, path), "utf8");
  expect(text.split("\n")[1]).toBe(`#    dockerfiles/shared/relock.sh dockerfiles/${path.replace(/lock$/, "in")}`);
  expect(text).not.toMatch(/https?:|--index-url|--find-links/);
});

test("a lock holds everything that its requirements name, and a constraint that it names is a file", () => {
  for (const path of tiers) {
    const requirements = readFileSync(join(catalogue, path.replace(/lock$/, "in")), "utf8");
    const packages = readLock(path);
    for (const line of requirements.split("\n")) {
      const [requirement = ""] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (requirement === "" || /^torch/.test(requirement)) continue;
      if (requirement === "-c") {
        expect(tiers).toContain(normalize(join(dirname(path), line.slice(3).trim())));
        continue;
      }
      expect([...packages.keys()]).toContain(/^[A-Za-z0-9._-]+/.exec(requirement)?.[0].toLowerCase());
    }
  }
});

test("a package that two tiers lock has one version in both, so that a child replaces nothing of its parent", () => {
  const base = readLock("arr-pytorch-base/runtime.lock");
  for (const path of tiers.slice(1)) {
    for (const [name, { version }] of readLock(path)) {
      const below = base.get(name);
      if (below) expect(`${name} ${version}`).toBe(`${name} ${below.version}`);
    }
  }
});

test("ray is nowhere, and datasets stays below 3", () => {
  const packages = readLock("arr-ml-stack/requirements.lock");
  expect(packages.has("ray")).toBe(false);
  expect(packages.get("datasets")?.version).toMatch(/^2\./);
});

test("what the catalogue's constraints pin is what the Dockerfile builds and the lock holds", () => {
  const constraints = readFileSync(join(catalogue, "arr-pytorch-base/constraints.txt"), "utf8");
  const pinned = Object.fromEntries(
    [...constraints.matchAll(/^(\w+)==(\S+)$/gm)].map(([, name, version]) => [name, version]),
  );
  const dockerfile = readFileSync(join(catalogue, "arr-pytorch-base/Dockerfile"), "utf8");
  for (const name of ["torch", "torchvision", "torchaudio"]) {
    expect(dockerfile).toContain(`ARG ${name.toUpperCase()}_VERSION=${pinned[name]}\n`);
  }
  expect(pinned.triton).toBe(readLock("arr-pytorch-base/runtime.lock").get("triton")?.version);
});

test("no Dockerfile calls pip by itself: locks and built wheels go through scripts that insist on hashes or on no index", () => {
  for (const file of globSync("arr-*/Dockerfile", { cwd: catalogue })) {
    const instructions = readFileSync(join(catalogue, file), "utf8").replace(/^\s*#.*$/gm, "");
    expect(instructions).not.toMatch(/\bpip3?\s+install\b|-m\s+pip\b/);
  }
  for (const file of globSync(["arr-*/*.sh", "shared/build/*.sh"], { cwd: catalogue })) {
    const script = readFileSync(join(catalogue, file), "utf8").replace(/\\\n/g, " ");
    for (const [line] of script.matchAll(/^[^#\n]*-m pip install.*$/gm)) {
      expect(`${file}: ${line}`).toMatch(/--require-hashes|--no-index/);
      expect(`${file}: ${line}`).toContain("--no-deps");
    }
  }
});

describe("installing a lock", () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox(["shared/build/install-lock.sh", "shared/build/keep-torch.sh"]);
  });
  afterEach(() => sandbox.remove());

  /** A Python whose pip says what it was asked, and whose torch becomes another after `pip install` if `torchAfter` says so. */
  function python(torchBefore: string, torchAfter: string): string {
    return sandbox.program(
      "fake-python",
      `case "$*" in
  *"pip install"*) echo "$*"; touch "${sandbox.path("installed")}" ;;
  *"pip check"*) echo "pip check" ;;
  *) if [[ -e "${sandbox.path("installed")}" ]]; then echo "${torchAfter}"; else echo "${torchBefore}"; fi ;;
esac`,
    );
  }

  test("asks pip for hashes, no dependencies and wheels alone, then for a check of the whole", () => {
    const PYTHON = python("2.6.0", "2.6.0");
    const ended = sandbox.run("install-lock.sh", ["a.lock", "b.lock"], { PYTHON });
    expect(ended.exit).toBe(0);
    for (const option of [
      "--require-hashes",
      "--no-deps",
      "--only-binary=:all:",
      "--requirement a.lock --requirement b.lock",
    ]) {
      expect(ended.out).toContain(option);
    }
    expect(ended.out).toMatch(/pip check$/m);
  });

  test("fails with exit code 66 where another torch is there afterwards, showing both", () => {
    const ended = sandbox.run("install-lock.sh", ["a.lock"], {
      PYTHON: python("2.6.0 1eba9b3", "2.6.0+cu124 2236df1"),
    });
    expect(ended.exit).toBe(66);
    expect(ended.err).toContain("before: 2.6.0 1eba9b3\n  after:  2.6.0+cu124 2236df1");
    expect(ended.out).not.toMatch(/pip check$/m);
  });

  test("keep-torch gives the command's own exit code", () => {
    expect(sandbox.run("keep-torch.sh", ["bash", "-c", "exit 7"]).exit).toBe(7);
    expect(sandbox.run("keep-torch.sh", ["true"]).exit).toBe(0);
  });

  test("keep-torch notices a torch that appears, with a real interpreter", () => {
    const folder = sandbox.makeFolder("packages");
    const install = `mkdir ${folder}/torch; echo "__version__ = '9.9'" >${folder}/torch/version.py; touch ${folder}/torch/__init__.py`;
    expect(spawnSync("python3", ["--version"]).status).toBe(0);
    const ended = sandbox.run("keep-torch.sh", ["bash", "-c", install], {
      PYTHONPATH: folder,
      PYTHONDONTWRITEBYTECODE: "1",
    });
    expect(ended.exit).toBe(66);
    expect(ended.err).toMatch(/before: absent\n {2}after: {2}9\.9 None None/);
  });
});
