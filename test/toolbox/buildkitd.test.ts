import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { available } from "../../toolbox/available.ts";
import { startBuildkitd } from "../../toolbox/buildkitd.ts";

const found =
  process.getuid?.() === 0 ? available(["buildkitd", "runc"]) : { reason: "BuildKit's daemon needs root on Linux" };

function daemonTest(name: string, check: (tools: NonNullable<typeof found.tools>) => Promise<void>): void {
  const { tools } = found;
  if (tools === undefined) test.skip(`${name} (skipped: ${found.reason})`, () => {});
  else test(name, () => check(tools));
}

const socketOf = (address: string) => address.replace("unix://", "");

function connects(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket, () => resolve(true));
    connection.once("error", () => resolve(false));
    connection.once("connect", () => connection.destroy());
  });
}

/** Running processes whose command lines name a folder. */
function processesOf(folder: string): { readonly id: string; readonly line: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((id) => {
      try {
        return { id, line: readFileSync(`/proc/${id}/cmdline`, "utf8") };
      } catch {
        return { id, line: "" };
      }
    })
    .filter(({ line }) => line.includes(folder));
}

async function gone(folder: string): Promise<boolean> {
  for (let waited = 0; waited < 10_000; waited += 100) {
    if (!existsSync(folder) && processesOf(folder).length === 0) return true;
    await sleep(100);
  }
  return false;
}

daemonTest("the daemon answers until it is stopped, and leaves no process, folder or mount", async (tools) => {
  const daemon = await startBuildkitd(tools);
  const folder = dirname(socketOf(daemon.address));
  expect(await connects(socketOf(daemon.address))).toBe(true);
  expect(processesOf(folder).length).toBeGreaterThan(0);
  await daemon.stop();
  expect(await gone(folder)).toBe(true);
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(folder);
});

daemonTest("what the daemon mounts for a moment lies in its own folder, and goes with it", async (tools) => {
  const daemon = await startBuildkitd(tools);
  const folder = dirname(socketOf(daemon.address));
  const running = processesOf(folder).find(({ line }) => line.startsWith(`${tools.buildkitd.path}\0`));
  const environment = readFileSync(`/proc/${running?.id}/environ`, "utf8").split("\0");
  await daemon.stop();
  expect(environment).toContain(`TMPDIR=${join(folder, "tmp")}`);
  expect(await gone(folder)).toBe(true);
});

daemonTest("the daemon ends with its process, even one that is killed", async (tools) => {
  const script = `
    import { startBuildkitd } from ${JSON.stringify(join(process.cwd(), "toolbox", "buildkitd.ts"))};
    const daemon = await startBuildkitd(${JSON.stringify(tools)});
    process.stdout.write(daemon.address);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const address = await new Promise<string>((resolve) =>
    child.stdout.once("data", (data: Buffer) => resolve(`${data}`)),
  );
  const folder = dirname(socketOf(address));
  expect(await connects(socketOf(address))).toBe(true);
  child.kill("SIGKILL");
  expect(await gone(folder)).toBe(true);
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(folder);
});

daemonTest("a daemon that cannot start says why", async (tools) => {
  const broken = { ...tools, buildkitd: { path: "/bin/false", version: "0" } };
  await expect(startBuildkitd(broken)).rejects.toThrow("BuildKit did not start on this machine");
});
