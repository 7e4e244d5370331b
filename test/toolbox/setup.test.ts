import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

let folder: string;
const lock = () => join(folder, ".strata", "setup.lock");

/** A checkout with nothing but a lock of packages, and an npm that takes its time and notes that it ran. */
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-setup-"));
  for (const name of ["toolbox", ".strata"]) mkdirSync(join(folder, name));
  copyFileSync("toolbox/setup.mjs", join(folder, "toolbox", "setup.mjs"));
  for (const name of ["package.json", "package-lock.json"]) writeFileSync(join(folder, name), "{}");
  writeFileSync(join(folder, "npm-cli.js"), npm);
});
afterEach(() => rmSync(folder, { recursive: true }));

const npm = `const { appendFileSync, mkdirSync } = require("node:fs");
appendFileSync("ran", process.argv[2] + "\\n");
mkdirSync("node_modules", { recursive: true });
setTimeout(() => {}, 500);
`;

async function setUp(): Promise<{ readonly code: number; readonly said: string }> {
  const env = { PATH: process.env.PATH, HOME: folder, npm_execpath: join(folder, "npm-cli.js") };
  const child = spawn(process.execPath, [join(folder, "toolbox", "setup.mjs")], {
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (data) => {
    said += data;
  });
  const [code] = await once(child, "close");
  return { code, said };
}

const ran = () => readFileSync(join(folder, "ran"), "utf8");

test("what is installed is not installed again, and nothing is said about it", async () => {
  expect((await setUp()).said).toContain("installed in");
  expect(await setUp()).toEqual({ code: 0, said: "" });
  expect(ran()).toBe("ci\n");
});

test("of several that start at once one installs, and no lock is left", async () => {
  const all = await Promise.all([setUp(), setUp(), setUp()]);
  expect(all.map(({ code }) => code)).toEqual([0, 0, 0]);
  expect(ran()).toBe("ci\n");
  expect(existsSync(lock())).toBe(false);
});

// By when a process was started it is told from a later one of its id; only Linux says so in a file.
(process.platform === "linux" ? test : test.skip)(
  "the lock of one that was killed is taken over, also where its id is another process's now",
  async () => {
    writeFileSync(lock(), `${process.pid} 1`);
    expect((await setUp()).code).toBe(0);
    expect(ran()).toBe("ci\n");
  },
);
