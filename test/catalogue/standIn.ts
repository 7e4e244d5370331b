import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** What the scripts of the images call beside the fakes: this machine's own programs are copied with their libraries. */
const PROGRAMS = (
  "bash basename cat chmod comm cp cut date dirname env git grep groupadd head id ln ls mkdir mktemp rm sed sha256sum " +
  "sleep sort tail timeout touch tr useradd"
).split(" ");

/** A Python whose pip and wheel leave the files that the real ones would, empty, and that has torch, unchanged. */
const PYTHON = `
# What is installed must be there: a lock or a wheel that a step forgot to mount is not.
for word in "$@"; do [[ "$word" != /* || "$word" != *.@(lock|whl) || -f "$word" ]] || { echo "no $word" >&2; exit 2; }; done
after() { local flag="$1"; shift; while [[ "$1" != "$flag" ]]; do shift; done; mkdir -p "$2"; echo "$2"; }
case "$*" in
  "- "*apex.json*) echo "{\\"requested\\": \\"$3\\", \\"tier\\": \\"$4\\"}" >"$2" ;;
  -) cat >/dev/null; echo "torch as it was" ;;
  *sys.version_info*) echo cp311 ;;
  *"pip wheel"*tensorrt.lock*) touch "$(after --wheel-dir "$@")/tensorrt_cu12_libs-10.7.0.post1-py3-none-any.whl" ;;
  *"pip wheel"*image-engine* | *"pip wheel"*source) touch "$(after --wheel-dir "$@")/image_engine-1.0.0-py3-none-any.whl" ;;
  *"pip wheel"*) echo cache_miss >>"$CCACHE_STATSLOG"; touch "$(after --wheel-dir "$@")/apex-0.1-cp310.whl" ;;
  *"pip download"*) touch "$(after --dest "$@")/torch_tensorrt-2.6.1-cp310.whl" ;;
  *"wheel unpack"*)
    folder="$(after --dest "$@")/torch_tensorrt-2.6.1/torch_tensorrt"
    mkdir -p "$folder/lib"; touch "$folder/_C.cpython-310.so" ;;
  *"wheel pack"*) touch "$(after --dest-dir "$@")/torch_tensorrt-2.6.1-cp310.whl" ;;
  *pip*" install "*)
    [[ "$*" != *--no-build-isolation* ]] || echo cache_miss >>"$CCACHE_STATSLOG" ;;
  *.py*) [[ -f "$1" ]] || { echo "no $1" >&2; exit 2; } ;;
esac`;

/** Fakes for what a build step downloads or compiles with. */
const FAKES: Readonly<Record<string, string>> = {
  "usr/bin/python3": PYTHON,
  "usr/bin/python": PYTHON,
  "usr/bin/ccache": "exit 0",
  "usr/bin/apt-get": "exit 0",
  // Fetches any commit of any repository: a tree with the folders that the scripts look for.
  "usr/bin/git": `
case "$*" in
  init*) mkdir -p "\${@: -1}/libs/pointops" "\${@: -1}/libs/pointgroup_ops"; touch "\${@: -1}/LICENSE" ;;
  "fetch "*) echo "\${@: -1}" >.commit ;;
  rev-parse*) cat .commit ;;
esac`,
  "miniforge.sh": `
mkdir -p /opt/conda/bin /opt/conda/etc/profile.d
printf '#!/bin/bash\\nexit 0\\n' >/opt/conda/bin/mamba && chmod +x /opt/conda/bin/mamba
echo 'conda() { :; }' >/opt/conda/etc/profile.d/conda.sh`,
};

/** Lays out a root file system that stands in for a base image: this machine's shell tools, and the fakes. */
export function makeStandIn(root: string): void {
  const files = new Set<string>();
  for (const program of PROGRAMS) {
    const path = execFileSync("sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    const libraries = execFileSync("ldd", [path], { encoding: "utf8" });
    for (const file of [path, ...(libraries.match(/\/\S+(?= \()/g) ?? [])]) files.add(file);
  }
  for (const file of files) copy(file, join(root, file));
  for (const name of ["bash", "env"]) {
    if (!existsSync(join(root, "bin", name))) copy(`/usr/bin/${name}`, join(root, "bin", name));
    if (!existsSync(join(root, "usr/bin", name))) copy(`/usr/bin/${name}`, join(root, "usr/bin", name));
  }
  copy("/usr/bin/bash", join(root, "bin/sh"));
  for (const folder of ["tmp", "home", "root", "etc/apt", "var/lib/apt/lists"])
    mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, "etc/os-release"), "VERSION_CODENAME=jammy\n");
  for (const file of ["passwd", "group"]) writeFileSync(join(root, "etc", file), "root:x:0:0:root:/root:/bin/bash\n");
  for (const [path, body] of Object.entries(FAKES)) writeProgram(join(root, path), body);
}

/**
 * Lays out what stands in for node:24-bookworm-slim and for docker:28-cli: Node and npm, which are real and reach the
 * registry that this machine is set to, and a `docker` that can only start its plugin, which is the real buildx.
 *
 * @param buildx the program.
 */
export function makeToolStandIns(node: string, docker: string, buildx: string): void {
  makeStandIn(node);
  copyWithLibraries(process.execPath, node, "usr/local/bin/node");
  const npm = dirname(dirname(realpathSync(shell("command -v npm"))));
  cpSync(npm, join(node, "opt/npm"), { recursive: true });
  writeProgram(join(node, "usr/local/bin/npm"), 'exec node /opt/npm/bin/npm-cli.js "$@"');
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  const trust = certificates === undefined ? "" : "cafile=/etc/registry.crt\n";
  writeFileSync(join(node, "root/.npmrc"), `registry=${shell("npm config get registry 2>/dev/null")}\n${trust}`);
  if (certificates !== undefined) copy(certificates, join(node, "etc/registry.crt"));
  copyWithLibraries(shell("command -v tar"), node, "usr/bin/tar");

  const plugin = "usr/local/libexec/docker/cli-plugins/docker-buildx";
  copy(buildx, join(docker, plugin));
  writeProgram(
    join(docker, "usr/local/bin/docker"),
    `[[ "$1" == buildx ]] || { echo "stand-in version"; exit; }; shift; exec /${plugin} "$@"`,
  );
  mkdirSync(join(docker, "etc/ssl/certs"), { recursive: true });
  writeFileSync(join(docker, "etc/ssl/certs/ca-certificates.crt"), "-----BEGIN CERTIFICATE-----\n");
}

function shell(command: string): string {
  return execFileSync("sh", ["-c", command], { encoding: "utf8" }).trim();
}

function copyWithLibraries(program: string, root: string, path: string): void {
  const libraries = execFileSync("ldd", [program], { encoding: "utf8" });
  for (const file of libraries.match(/\/\S+(?= \()/g) ?? []) copy(file, join(root, file));
  copy(program, join(root, path));
}

function writeProgram(path: string, body: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/bash\n${body}\n`);
  chmodSync(path, 0o755);
}

function copy(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}
