import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:http";
import { basename, dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { available } from "../../toolbox/available.ts";
import { startDockerd } from "../../toolbox/dockerd.ts";

const found = process.getuid?.() === 0 ? available(["dockerd"]) : { reason: "Docker's daemon needs root on Linux" };

function daemonTest(name: string, check: (tools: NonNullable<typeof found.tools>) => Promise<void>): void {
  const { tools } = found;
  if (tools === undefined) test.skip(`${name} (skipped: ${found.reason})`, () => {});
  else test(name, () => check(tools));
}

/** Every control group, by its path. */
function controlGroups(folder = "/sys/fs/cgroup"): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [join(folder, entry.name), ...controlGroups(join(folder, entry.name))] : [],
  );
}

function ask(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path }, (response) => resolve(text(response)));
    asked.once("error", reject);
    asked.end();
  });
}

daemonTest("a private Docker answers, and leaves no folder, mount, control group or file behind", async (tools) => {
  const before = ["/etc/docker", "/opt/containerd", "/run/docker"].map((path) => existsSync(path));
  const daemon = await startDockerd(tools);
  const socket = daemon.address.replace("unix://", "");
  const folder = dirname(socket);
  const own = () => controlGroups().filter((path) => path.includes(basename(folder)));
  try {
    expect(JSON.parse(await ask(socket, "/info"))).toMatchObject({ OSType: "linux", Images: 0 });
  } finally {
    await daemon.stop();
  }
  expect(existsSync(folder)).toBe(false);
  expect(own()).toEqual([]);
  expect(readFileSync("/proc/self/mounts", "utf8")).not.toContain(folder);
  expect(["/etc/docker", "/opt/containerd", "/run/docker"].map((path) => existsSync(path))).toEqual(before);
});

daemonTest("it adds no device to the network of this machine", async (tools) => {
  const devices = () => readdirSync("/sys/class/net").sort();
  const before = devices();
  const daemon = await startDockerd(tools);
  try {
    expect(devices()).toEqual(before);
  } finally {
    await daemon.stop();
  }
});
