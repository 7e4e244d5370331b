import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { available } from "../../toolbox/available.ts";
import { tryLock } from "../../toolbox/lock.ts";
import { play, playTour, temporary } from "./player.ts";

const found = available(["pulumi"]);
const onEngine = found.tools === undefined ? test.skip : test;
const long = process.env.STRATA_LONG_TESTS === "1" && found.tools !== undefined ? test : test.skip;
const asRoot = process.getuid?.() === 0 && process.platform === "linux" ? long : test.skip;

const place = temporary();
afterAll(() => place.remove());

let count = 0;
/** A folder for one tour. */
function fresh(): string {
  count += 1;
  return join(place.folder, `tour-${count}`);
}

/** A PATH with nothing but these programs of this machine, and others that are written here. */
function pathWith(programs: readonly string[], written: Readonly<Record<string, string>> = {}): string {
  const bin = `${fresh()}-bin`;
  mkdirSync(bin, { recursive: true });
  for (const name of programs) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  for (const [name, text] of Object.entries(written)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

test("without Pulumi and Go the tour says so with the fix, builds all the same, and ends with 1", async () => {
  const env = { PATH: pathWith(["git", "sh", "env"]), XDG_CACHE_HOME: join(place.folder, "empty-cache") };
  const { code, out } = await playTour(fresh(), [], { env });
  expect(out).toContain("pulumi 3.259.0 is built with Go, which is not on this machine");
  expect(out).toContain("fix:      install Go 1.26 or newer");
  expect(out).toMatch(/\d+ images simulated and published/);
  expect(out).toMatch(/0 of \d+ images built/);
  expect(out).toContain("Left out: the acts of the Pulumi engine");
  expect(code).toBe(1);
}, 120_000);

long(
  "without a network the tool that cannot be built is named, and the tour goes on",
  async () => {
    // Go is there; what it asks for is not to be had. A stand-in for it says what it says then.
    const go =
      '#!/bin/sh\necho "go: golang.org/x/term@v0.1.0: dial tcp: lookup proxy.invalid: no such host" >&2\nexit 1\n';
    const env = { PATH: pathWith(["git", "sh", "env"], { go }), XDG_CACHE_HOME: join(place.folder, "no-network") };
    const { code, out } = await playTour(fresh(), [], { env });
    expect(out).toContain("could not be built with Go");
    expect(out).toContain("no such host");
    expect(out).toContain("make the Go module proxy reachable");
    expect(out).toMatch(/\d+ images simulated and published/);
    expect(code).toBe(1);
  },
  120_000,
);

onEngine(
  "an old Pulumi on the PATH is named and not used",
  async () => {
    const pulumi = "#!/bin/sh\necho v3.100.0\n";
    const env = { PATH: `${pathWith([], { pulumi })}:${process.env.PATH}` };
    const { code, out } = await playTour(fresh(), [], { env, interruptAt: /^1\/6/m });
    expect(out).toMatch(/pulumi is 3\.100\.0; 3\.259\.0 is used beside it/);
    expect(code).toBe(130);
  },
  120_000,
);

test("a second tour in the same folder is refused, with the fix", async () => {
  const folder = fresh();
  const lock = tryLock(`${folder}.lock`);
  const { code, out } = await playTour(folder);
  lock?.release();
  expect(lock).toBeDefined();
  expect(code).toBe(1);
  expect(out).toContain("another tour is being played in this folder");
  expect(out).toContain("fix:");
}, 60_000);

// An act before the engine runs, its first update, its builds, and the last act; what lies between is stopped alike.
for (const act of [1, 2, 4, 6]) {
  (act === 4 ? onEngine : long)(
    `Ctrl-C in act ${act} ends everything and says so`,
    async () => {
      const at = new RegExp(`^${act}/6`, "m");
      const { code, out } = await playTour(fresh(), [], { interruptAt: at });
      expect(out).toMatch(/The tour was stopped (before its first act|in act \d)\. Nothing goes on/);
      expect(code).toBe(130);
    },
    300_000,
  );
}

onEngine(
  "a tour that nobody reads any more ends, with everything that it has started",
  async () => {
    const { code } = await playTour(fresh(), [], { deafAt: /^2\/6/m });
    expect(code).toBe(130);
  },
  120_000,
);

long(
  "a page's port that is taken is named, with the fix",
  async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    try {
      const { code, out } = await playTour(fresh(), ["--serve", "--port", String(port)]);
      expect(out).toContain("another program listens on the page's port");
      expect(out).toContain(`received: ${port}`);
      expect(code).toBe(1);
    } finally {
      server.close();
    }
  },
  120_000,
);

test.each([
  [["--worker", "docke"], "there is no such worker", "simulated, docker"],
  [["--port", "x"], "--port is no port", "0 for a free one"],
  [["--colour"], "'--colour'", "npm start -- --help"],
])(
  "%j cannot be read, and what can is named",
  async (words, problem, allowed) => {
    const { code, out } = await playTour(fresh(), words);
    expect(code).toBe(2);
    expect(out).toContain(problem);
    expect(out).toContain(allowed);
  },
  60_000,
);

long(
  "what a tour that was killed left, some of it half-written, does not stand in the way of the next",
  async () => {
    const folder = fresh();
    const main = join(process.cwd(), "tour", "main.ts");
    const child = spawn(process.execPath, [main, "--directory", folder], { stdio: ["ignore", "pipe", "ignore"] });
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
      if (/^4\/6/m.test(out)) child.kill("SIGKILL");
    });
    await once(child, "close");
    writeFileSync(join(folder, "cloud", "state.sqlite"), "half a data");
    writeFileSync(join(folder, "pulumi", "Pulumi.dev.yaml"), "config: {");
    const next = await playTour(folder, [], { interruptAt: /^3\/6/m });
    expect(next.out).toMatch(/resources: \d+ created in/);
    expect(next.code).toBe(130);
  },
  300_000,
);

asRoot(
  "a full disk is named, with the fix",
  async () => {
    const folder = fresh();
    mkdirSync(folder, { recursive: true });
    const script = `mount -t tmpfs -o size=3m strata "$0" && exec "$@"`;
    const tour = [process.execPath, join(process.cwd(), "tour", "main.ts"), "--directory", join(folder, "tour")];
    const { code, out } = await play("unshare", ["--mount", "sh", "-c", script, folder, ...tour]);
    expect(out).toContain("the disk is full");
    expect(out).toContain("fix:      make room");
    expect(code).toBe(1);
  },
  300_000,
);

asRoot(
  "a home that is read-only does not stand in the way",
  async () => {
    const home = fresh();
    mkdirSync(home, { recursive: true });
    const script = `mount -t tmpfs -o ro strata "$0" && exec "$@"`;
    const tour = [process.execPath, join(process.cwd(), "tour", "main.ts"), "--directory", fresh()];
    const env = {
      HOME: home,
      XDG_CACHE_HOME: undefined,
      PATH: `${join(found.tools?.pulumi.path ?? "", "..")}:${process.env.PATH}`,
    };
    const start = { env, interruptAt: /^5\/6/m };
    const { code, out } = await play("unshare", ["--mount", "sh", "-c", script, home, ...tour], start);
    expect(out).toContain("images simulated and published");
    expect(code).toBe(130);
  },
  300_000,
);
