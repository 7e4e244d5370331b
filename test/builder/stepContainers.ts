import { execFile, execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { BuildStep } from "../../cloud/buildService.ts";
import { startDockerd } from "../../toolbox/dockerd.ts";
import type { Tool } from "../../toolbox/tool.ts";

/** The programs that it takes. */
export const STEP_TOOLS = ["dockerd", "buildx", "buildkitd", "buildctl", "runc", "busybox"] as const;

/** How a step ended. */
export interface StepRun {
  readonly code: number;
  readonly output: string;
}

/** A Docker of this machine in which the steps of a build run as containers, as on Cloud Build. */
export interface StepContainers {
  /** Runs a step in a container of its own, with the build's folder and Docker's socket in it. */
  run(step: BuildStep, env: Readonly<Record<string, string>>): Promise<StepRun>;
  /** What Docker's own command answers. */
  docker(...words: string[]): string;
  close(): Promise<void>;
}

/** Where the image that stands in for the tool's has strata. */
const ROOT = process.cwd();

/**
 * Starts Docker, and puts two images into it that stand in for those that cannot be pulled here: BuildKit's, made of the
 * program that the tests have, and the tool's, which has this machine's programs and this checkout.
 *
 * @param buildkit the name that the builder asks for BuildKit's image by
 * @param cloudPort where the local cloud listens; Docker's network is apart, so each step gets a way to it
 */
export async function startStepContainers(
  tools: Readonly<Record<(typeof STEP_TOOLS)[number], Tool>>,
  buildkit: string,
  cloudPort: number,
): Promise<StepContainers> {
  const folder = mkdtempSync(join(tmpdir(), "strata-containers-"));
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  // Before the daemon, so that what goes wrong here leaves none behind.
  const [buildkitImage, toolImage] = [join(folder, "buildkit"), join(folder, "tool")];
  buildkitRoot(buildkitImage, tools);
  toolRoot(toolImage, join(dirname(tools.dockerd.path), "usr/bin/docker"), tools.buildx.path);
  const daemon = await startDockerd({ dockerd: tools.dockerd });
  const command = join(dirname(tools.dockerd.path), "usr/bin/docker");
  const docker = (...words: string[]) =>
    execFileSync(command, words, { env: { ...process.env, DOCKER_HOST: daemon.address }, encoding: "utf8" });
  const relay = createServer((near) => {
    const far = connect(cloudPort, "127.0.0.1");
    near.pipe(far).pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
  });
  await new Promise<void>((resolve) => relay.listen(join(folder, "cloud"), resolve));
  importImage(docker, buildkitImage, buildkit, 'ENTRYPOINT ["buildkitd"]');
  importImage(docker, toolImage, "tool:here", "WORKDIR /workspace");

  /** The entry point of dockerfiles/strata, behind the way to the cloud. */
  const program = [process.execPath, "--disable-warning=ExperimentalWarning", join(ROOT, "builder/inBuild/main.ts")];
  const entry = [process.execPath, join(ROOT, "test/builder/stepEntry.mjs"), "/cloud", String(cloudPort), ...program];
  const mounts = [
    ...["/usr/bin", "/usr/lib", "/usr/lib64", ROOT].map((path) => `${path}:${path}:ro`),
    `${workspace}:/workspace`,
    `${join(folder, "cloud")}:/cloud`,
    `${daemon.address.replace("unix://", "")}:/var/run/docker.sock`,
  ];
  return {
    docker,
    run: ({ name, args }, env) =>
      new Promise((resolve) => {
        const variables = Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]);
        const words = ["run", "--rm", ...mounts.flatMap((mount) => ["--volume", mount]), ...variables, name];
        const options = { env: { ...process.env, DOCKER_HOST: daemon.address }, maxBuffer: 64 << 20 };
        execFile(command, [...words, ...entry, ...args], options, (error, stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
        });
      }),
    async close() {
      await new Promise((resolve) => relay.close(resolve));
      await daemon.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** BuildKit's daemon with what it needs: its client, runc with its libraries, a shell to look around with. */
function buildkitRoot(root: string, tools: Parameters<typeof startStepContainers>[0]): void {
  for (const path of ["usr/bin", "bin", "tmp", "etc", "var/lib/buildkit"])
    mkdirSync(join(root, path), { recursive: true });
  for (const name of ["buildkitd", "buildctl", "runc"] as const) {
    copyFileSync(tools[name].path, join(root, "usr/bin", name));
    chmodSync(join(root, "usr/bin", name), 0o755);
  }
  copyFileSync(tools.busybox.path, join(root, "bin/sh"));
  chmodSync(join(root, "bin/sh"), 0o755);
  const libraries = execFileSync("ldd", [tools.runc.path], { encoding: "utf8" }).matchAll(/\/\S+/g);
  for (const [library] of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
}

/** Folders for what is mounted, Debian's links into /usr, Docker's client and its plugin. */
function toolRoot(root: string, docker: string, buildx: string): void {
  const plugins = join(root, "usr/local/lib/docker/cli-plugins");
  for (const path of ["tmp", "etc", "usr/bin", "usr/local/bin"]) mkdirSync(join(root, path), { recursive: true });
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(root, name));
  mkdirSync(plugins, { recursive: true });
  for (const [from, to] of [
    [docker, join(root, "usr/local/bin/docker")],
    [buildx, join(plugins, "docker-buildx")],
  ] as const) {
    copyFileSync(from, to);
    chmodSync(to, 0o755);
  }
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}

function importImage(docker: (...words: string[]) => string, root: string, name: string, change: string): void {
  const archive = `${root}.tar`;
  execFileSync("tar", ["-C", root, "-cf", archive, "."]);
  docker("import", "--change", change, "--change", "ENV PATH=/usr/local/bin:/usr/bin:/bin", archive, name);
  rmSync(archive);
}
