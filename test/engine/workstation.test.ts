import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { LocalWorkspace, PulumiCommand, type Stack } from "@pulumi/pulumi/automation/index.js";
import stack from "../../index.ts";
import { available } from "../../toolbox/available.ts";
import { type Dockerd, startDockerd } from "../../toolbox/dockerd.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Docker, dockerAt } from "./docker.ts";

const found =
  process.platform === "linux" && process.getuid?.() === 0
    ? available(["pulumi", "dockerd", "busybox"])
    : { reason: "a Docker daemon of its own needs root on Linux" };

/** A test on the real engine with a real Docker; where they cannot be had it is skipped, and its name says why. */
function workstationTest(name: string, check: () => Promise<void>): void {
  if (found.tools === undefined) test.skip(`${name} (skipped: ${found.reason})`, () => {});
  else test(name, check, 60_000);
}

const contexts = ".strata/contexts";
const laidOut = () => new Set(mkdirSync(contexts, { recursive: true }) ? [] : readdirSync(contexts));

let folder: string;
let dockerd: Dockerd;
let docker: Docker;
let standIn: { readonly port: string; stop(): void };
let catalogue: TestCatalogue;
let workstation: Stack;
let contextsBefore: ReadonlySet<string>;

beforeAll(async () => {
  if (found.tools === undefined) throw new Error(found.reason);
  const { tools } = found;
  contextsBefore = laidOut();
  folder = mkdtempSync(join(tmpdir(), "strata-workstation-"));
  dockerd = await startDockerd(tools);
  docker = dockerAt(dockerd.address);
  standIn = await startStandIn(dockerd.address);
  catalogue = catalogueOn(tools.busybox.path);

  mkdirSync(join(folder, "bin"));
  symlinkSync(tools.pulumi.path, join(folder, "bin", "pulumi"));
  writeFileSync(join(folder, "Pulumi.yaml"), "name: strata\nruntime: nodejs\n");
  const envVars = {
    PULUMI_HOME: join(folder, "home"),
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DEBUG_PROVIDERS: `docker:${standIn.port}`,
  };
  workstation = await LocalWorkspace.createOrSelectStack(
    { stackName: "workstation", projectName: "strata", program: stack },
    {
      envVars,
      pulumiCommand: await PulumiCommand.get({ root: folder }),
      pulumiHome: envVars.PULUMI_HOME,
      workDir: folder,
    },
  );
  await workstation.setConfig("strata:builder", { value: "docker" });
  await workstation.setConfig("strata:catalogue", { value: catalogue.folder });
}, 120_000);

afterAll(async () => {
  standIn?.stop();
  await dockerd?.stop();
  catalogue?.remove();
  if (folder) rmSync(folder, { recursive: true });
  for (const name of laidOut()) if (!contextsBefore.has(name)) rmSync(join(contexts, name), { recursive: true });
});

/** Serves the stand-in in a process of its own, as a plugin is; it runs in the repository, as a plugin would. */
async function startStandIn(address: string): Promise<typeof standIn> {
  const child = spawn("node", ["local/dockerStandIn/main.ts"], {
    env: { ...process.env, DOCKER_HOST: address },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [port] = await once(createInterface(child.stdout), "line");
  return { port, stop: () => child.kill() };
}

/** The catalogue of the other tests with a shell in its base, so that `app` can see what it is built from. */
function catalogueOn(busybox: string): TestCatalogue {
  const made = testCatalogue();
  made.write("base/Dockerfile", "FROM scratch AS run\nCOPY base/busybox /bin/busybox\nCOPY base/data /base\n");
  copyFileSync(busybox, join(made.folder, "base/busybox"));
  made.write(
    "app/image.yaml",
    "description: Built in a shell\nmachine: e2-standard-8\nexpectedMinutes: 1\nhints: [MAX_JOBS]\nargs: { COLOUR: red }\n",
  );
  made.write("app/Dockerfile", appDockerfile("Sees its parent's file."));
  return made;
}

const appDockerfile = (comment: string) => `# ${comment}
FROM base:run AS run
ARG COLOUR
ARG MAX_JOBS
COPY app/data /app
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox cat /base /app >/seen; /bin/busybox echo $COLOUR $MAX_JOBS >/args"]
`;

const targets = ["app:run", "base:run", "other:run", "tool:run"];

/** The ids of all images by the plain names of their targets. */
async function ids(): Promise<Record<string, string>> {
  return Object.fromEntries(await Promise.all(targets.map(async (name) => [name, await docker.idOf(name)])));
}

/** Brings the stack up, or previews it; returns what happens to resources of Docker's, without those that stay. */
async function changes(command: "up" | "preview"): Promise<readonly string[]> {
  const seen: string[] = [];
  await workstation[command]({
    onEvent({ resourcePreEvent }) {
      const { op = "same", urn = "", type = "" } = resourcePreEvent?.metadata ?? {};
      if (type.startsWith("docker:") && op !== "same")
        seen.push(`${op} ${type.split(":").at(-1)} ${urn.split("::").at(-1)}`);
    },
  });
  return seen.sort();
}

const builds = (all: readonly string[]) =>
  all.filter((one) => /^(create|update|replace) Image /.test(one)).map((one) => one.split(" ").at(-1));

workstationTest("a preview builds nothing, and looks at contexts that hold what is in the keys", async () => {
  expect(builds(await changes("preview")).sort()).toEqual(targets);
  await expect(docker.idOf("base:run")).rejects.toThrow("404");
  const made = [...laidOut()].filter((name) => !contextsBefore.has(name));
  expect(made.map((name) => readdirSync(join(contexts, name)).sort().join(" ")).sort()).toEqual(
    ["app", "base", "other", "tool"].map((name) => `.strata.Dockerfile ${name}`),
  );
});

workstationTest("the first up builds every image, and a child sees its parent under the plain name", async () => {
  expect(builds(await changes("up")).sort()).toEqual(targets);
  expect((await workstation.outputs()).images?.value).toEqual(await ids());
  expect(await docker.fileIn("app:run", "/seen")).toBe("base\napp\n");
  expect(await docker.fileIn("tool:run", "/seen")).toBe("base\napp\n");
});

workstationTest("a build gets the args of the key, and as many jobs as this machine has room for", async () => {
  const jobs = Math.max(1, Math.min(os.availableParallelism(), Math.floor((0.85 * os.totalmem()) / 2 ** 30 / 2)));
  expect(await docker.fileIn("app:run", "/args")).toBe(`red ${jobs}\n`);
});

workstationTest("a second up has nothing to do", async () => {
  const before = await ids();
  expect(await changes("up")).toEqual([]);
  expect(await ids()).toEqual(before);
});

workstationTest("neither an edited comment nor another machine rebuilds anything", async () => {
  catalogue.write("app/Dockerfile", appDockerfile("Another comment."));
  const spies = [jest.spyOn(os, "availableParallelism"), jest.spyOn(os, "totalmem")];
  spies[0]?.mockReturnValue(64);
  spies[1]?.mockReturnValue(256 * 2 ** 30);
  try {
    expect(await changes("up")).toEqual([]);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});

workstationTest("an edited line rebuilds exactly its image and the descendants, which see the new one", async () => {
  const before = await ids();
  catalogue.write("app/data", "edited\n");
  expect(builds(await changes("up"))).toEqual(["app:run", "tool:run"]);
  const after = await ids();
  expect(targets.filter((name) => after[name] !== before[name])).toEqual(["app:run", "tool:run"]);
  expect(await docker.fileIn("tool:run", "/seen")).toBe("base\nedited\n");
});

workstationTest("a build that is due uses the jobs of the machine that it runs on", async () => {
  const spies = [jest.spyOn(os, "availableParallelism"), jest.spyOn(os, "totalmem")];
  spies[0]?.mockReturnValue(64);
  spies[1]?.mockReturnValue(256 * 2 ** 30);
  try {
    catalogue.write("app/data", "edited again\n");
    await changes("up");
    expect(await docker.fileIn("app:run", "/args")).toBe("red 64\n");
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
});

workstationTest(
  "a step that fails fails the update with what Docker says, and the next up goes on from there",
  async () => {
    const broken = readFileSync(join(catalogue.folder, "tool/Dockerfile"), "utf8");
    catalogue.write("tool/Dockerfile", `${broken}RUN ["/bin/busybox", "false"]\n`);
    await expect(workstation.up()).rejects.toThrow(/executor failed running|exit code: 1/);
    catalogue.write("tool/Dockerfile", broken);
    expect(builds(await changes("up"))).not.toContain("base:run");
    expect(await docker.fileIn("tool:run", "/tool")).toBe("tool\n");
  },
);

workstationTest("destroy leaves the images in Docker, where they are of use, and nothing in the state", async () => {
  const before = await ids();
  expect((await workstation.destroy()).summary.result).toBe("succeeded");
  expect((await workstation.exportStack()).deployment.resources ?? []).toEqual([]);
  expect(await ids()).toEqual(before);
});
