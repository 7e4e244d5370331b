// Installs what package-lock.json names, when it is not installed. Plain JavaScript for any Node from 14 on, because it
// runs before the project's own Node is there: an older Node than 18 is refused here, in words. Silent when there is
// nothing to do.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const stamp = join(root, "node_modules", ".strata-installed");
const lock = join(root, ".strata", "setup.lock");

/** The oldest Node that npm's own part of the installation runs on. */
const OLDEST = 18;
/** How long an installation usually takes, in seconds, and how often a log hears that it goes on. */
const USUAL_SECONDS = 60;
const HEARTBEAT_SECONDS = 15;

/** What an installation depends on: the lock, and the machine that the binaries in it are for. */
function wanted() {
  const locked = createHash("sha256")
    .update(readFileSync(join(root, "package-lock.json")))
    .digest("hex");
  return `${locked} ${process.platform} ${process.arch}\n`;
}

function installed() {
  try {
    return readFileSync(stamp, "utf8");
  } catch {
    return undefined;
  }
}

function say(line) {
  process.stderr.write(`strata: ${line}\n`);
}

/** Says what is wrong and what mends it, and ends. */
function refuse(problem, { received, allowed, fix }, status = 1) {
  say(problem);
  if (received !== undefined) process.stderr.write(`  received: ${received}\n`);
  if (allowed !== undefined) process.stderr.write(`  allowed:  ${allowed}\n`);
  process.stderr.write(`  fix:      ${fix}\n`);
  process.exit(status);
}

/** Of several processes that want to install at once one does, the others wait; the lock of a dead one is taken over. */
async function holdLock() {
  // Linked, so that nobody ever reads a lock whose holder is not in it yet.
  const mine = `${lock}.${process.pid}`;
  mkdirSync(dirname(lock), { recursive: true });
  writeFileSync(mine, identityOf(process.pid));
  process.on("exit", () => rmSync(mine, { force: true }));
  for (let told = false; ; told = true) {
    try {
      linkSync(mine, lock);
      process.on("exit", () => rmSync(lock, { force: true }));
      return;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = readIfThere(lock);
    // Released just now: whoever has it next is not to lose it.
    if (holder === "") continue;
    if (!isAlive(holder)) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) say(`another process (${parseInt(holder, 10)}) is installing the packages; waiting for it`);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/**
 * A process as no other is it: its id, and where the kernel says so when it was started. An id alone comes again, in a
 * container even at once: there the next start has the ids of the one that was killed.
 */
function identityOf(pid) {
  // The program's name stands in brackets and may hold anything.
  const fields = readIfThere(`/proc/${pid}/stat`).split(") ").pop().split(" ");
  return `${pid} ${fields[19] || ""}`;
}

function isAlive(holder) {
  const pid = parseInt(holder, 10);
  if (!(pid > 0) || identityOf(pid) !== holder) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** npm ci, with its last words. Neither a half-installed Node of this folder nor a home that is read-only stands in its way. */
function installPackages(started) {
  const words = ["ci", "--no-audit", "--no-fund", "--loglevel=error"];
  const own = join(root, "node_modules", ".bin");
  const path = (process.env.PATH || "").split(delimiter).filter((folder) => folder !== own);
  const env = Object.assign({}, process.env, { PATH: [dirname(process.execPath), ...path].join(delimiter) });
  if (!isWritable(env.npm_config_cache || homedir())) env.npm_config_cache = join(root, ".strata", "npm");
  const npm = process.env.npm_execpath;
  const [program, first] = npm && /npm-cli\.js$/.test(npm) ? [process.execPath, [npm]] : ["npm", []];
  const child = spawn(program, [...first, ...words], { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      said = `${said}${data}`.slice(-4000);
    });
  }
  const stopShowing = show(started);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      child.kill("SIGTERM");
      stopShowing();
      say("stopped; the next start installs the packages from the beginning");
      process.exit(130);
    });
  }
  return new Promise((resolve) => {
    child.on("error", (error) => resolve({ status: error.message, said }));
    child.on("close", (status, signal) => resolve({ status: signal || status, said }));
  }).finally(stopShowing);
}

function isWritable(folder) {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch (error) {
    return error.code === "ENOENT";
  }
}

/** A line that lives on a terminal, a line now and then in a log; returns what ends it. */
function show(started) {
  const live = process.stderr.isTTY && process.env.TERM !== "dumb";
  const line = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    return `strata: npm ci: ${seconds} s of about ${USUAL_SECONDS} s`;
  };
  const draw = () => process.stderr.write(live ? `\r\x1b[K${line()}` : `${line()}\n`);
  const timer = setInterval(draw, live ? 500 : HEARTBEAT_SECONDS * 1000);
  return () => {
    clearInterval(timer);
    if (live) process.stderr.write("\r\x1b[K");
  };
}

/** What to do about an installation that failed, by what npm said. */
function adviceFor(said) {
  if (/ENOSPC|no space left/i.test(said))
    return "make room on the disk (about 1.5 GB), then run the same command again";
  if (/EROFS|EACCES|EPERM/.test(said))
    return "give this user the right to write to the file that npm names, then run the same command again";
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|network/i.test(said)) {
    return "connect this machine to the network, or name a registry that it reaches (npm config get registry, HTTPS_PROXY), then run the same command again";
  }
  return "read npm's message above, then run the same command again";
}

async function main() {
  if (installed() === wanted()) return;
  if (Number(process.versions.node.split(".")[0]) < OLDEST) {
    refuse("this Node is too old to install strata's packages", {
      received: process.versions.node,
      allowed: `${OLDEST} or newer; the Node that strata itself runs on comes with its packages`,
      fix: "install a current Node (with nvm: nvm install 24), then run the same command again",
    });
  }
  await holdLock();
  if (installed() === wanted()) return;
  const started = Date.now();
  say(`installing the packages of package-lock.json (npm ci), once per lock file, about ${USUAL_SECONDS} s`);
  const { status, said } = await installPackages(started);
  if (status !== 0) {
    process.stderr.write(said);
    refuse("the packages could not be installed", {
      received: `npm ci ended with ${typeof status === "number" ? `exit status ${status}` : status}`,
      fix: adviceFor(said),
    });
  }
  writeFileSync(stamp, wanted());
  say(`installed in ${Math.round((Date.now() - started) / 1000)} s`);
}

main().catch((error) => {
  refuse(`the packages could not be installed: ${error.message}`, { fix: adviceFor(`${error.code} ${error.message}`) });
});
