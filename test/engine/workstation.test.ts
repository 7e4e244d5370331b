import { copyFileSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import { tool } from "../../toolbox/tool.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { builds, CONTEXTS, changes, startWorkstation, type Workstation, workstationTest } from "./workstation.ts";

let catalogue: TestCatalogue;
let workstation: Workstation;

beforeAll(async () => {
  catalogue = catalogueOn((await tool("busybox")).path);
  workstation = await startWorkstation(catalogue.folder, "apart");
}, 120_000);

afterAll(async () => {
  await workstation?.close();
  catalogue?.remove();
});

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
  return Object.fromEntries(
    await Promise.all(targets.map(async (name) => [name, await workstation.docker.idOf(name)])),
  );
}

/** Makes this machine look larger while something is done. */
async function onLargerMachine(act: () => Promise<void>): Promise<void> {
  const cores = jest.spyOn(os, "availableParallelism").mockReturnValue(64);
  const memory = jest.spyOn(os, "totalmem").mockReturnValue(256 * 2 ** 30);
  try {
    await act();
  } finally {
    cores.mockRestore();
    memory.mockRestore();
  }
}

workstationTest("a preview builds nothing, and looks at contexts that hold what is in the keys", async () => {
  expect(builds(await changes(workstation.stack, "preview"))).toEqual(targets);
  await expect(workstation.docker.idOf("base:run")).rejects.toThrow("404");
  const made = workstation.contexts();
  expect(made.map((name) => readdirSync(join(CONTEXTS, name)).sort().join(" ")).sort()).toEqual(
    ["app", "base", "other", "tool"].map((name) => `.strata.Dockerfile ${name}`),
  );
});

workstationTest("the first up builds every image, and a child sees its parent under the plain name", async () => {
  expect(builds(await changes(workstation.stack, "up"))).toEqual(targets);
  expect((await workstation.stack.outputs()).images?.value).toEqual(await ids());
  expect(await workstation.docker.fileIn("app:run", "/seen")).toBe("base\napp\n");
  expect(await workstation.docker.fileIn("tool:run", "/seen")).toBe("base\napp\n");
});

workstationTest("a build gets the args of the key, and as many jobs as this machine has room for", async () => {
  const jobs = Math.max(1, Math.min(os.availableParallelism(), Math.floor((0.85 * os.totalmem()) / 2 ** 30 / 2)));
  expect(await workstation.docker.fileIn("app:run", "/args")).toBe(`red ${jobs}\n`);
});

workstationTest("a second up has nothing to do", async () => {
  const before = await ids();
  expect(await changes(workstation.stack, "up")).toEqual([]);
  expect(await ids()).toEqual(before);
});

workstationTest("neither an edited comment nor another machine rebuilds anything", async () => {
  catalogue.write("app/Dockerfile", appDockerfile("Another comment."));
  await onLargerMachine(async () => expect(await changes(workstation.stack, "up")).toEqual([]));
});

workstationTest("an edited line rebuilds exactly its image and the descendants, which see the new one", async () => {
  const before = await ids();
  catalogue.write("app/data", "edited\n");
  expect(builds(await changes(workstation.stack, "up"))).toEqual(["app:run", "tool:run"]);
  const after = await ids();
  expect(targets.filter((name) => after[name] !== before[name])).toEqual(["app:run", "tool:run"]);
  expect(await workstation.docker.fileIn("tool:run", "/seen")).toBe("base\nedited\n");
});

workstationTest("a build that is due uses the jobs of the machine that it runs on", async () => {
  await onLargerMachine(async () => {
    catalogue.write("app/data", "edited again\n");
    await changes(workstation.stack, "up");
    expect(await workstation.docker.fileIn("app:run", "/args")).toBe("red 64\n");
  });
});

workstationTest(
  "contexts that were removed are laid out again, for nothing to do and for a build that is due",
  async () => {
    const remove = () => {
      for (const name of workstation.contexts()) rmSync(join(CONTEXTS, name), { recursive: true });
    };
    remove();
    expect(await changes(workstation.stack, "up")).toEqual([]);
    remove();
    catalogue.write("other/data", "edited\n");
    expect(builds(await changes(workstation.stack, "up"))).toEqual(["other:run"]);
    expect(await workstation.docker.fileIn("other:run", "/other")).toBe("edited\n");
  },
);

workstationTest(
  "a step that fails fails the update with what Docker says, and the next up goes on from there",
  async () => {
    const broken = readFileSync(join(catalogue.folder, "tool/Dockerfile"), "utf8");
    catalogue.write("tool/Dockerfile", `${broken}RUN ["/bin/busybox", "false"]\n`);
    await expect(workstation.stack.up()).rejects.toThrow(/executor failed running|exit code: 1/);
    catalogue.write("tool/Dockerfile", broken);
    expect(builds(await changes(workstation.stack, "up"))).not.toContain("base:run");
    expect(await workstation.docker.fileIn("tool:run", "/tool")).toBe("tool\n");
  },
);

workstationTest("destroy leaves the images in Docker, where they are of use, and nothing in the state", async () => {
  const before = await ids();
  expect((await workstation.stack.destroy()).summary.result).toBe("succeeded");
  expect((await workstation.stack.exportStack()).deployment.resources ?? []).toEqual([]);
  expect(await ids()).toEqual(before);
});
