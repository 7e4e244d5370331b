// Checks that the build steps load with everything that they import, and that the programs they call are there.
// Exit 0 pass, 1 fail. Needs no network, no Docker daemon and no GPU.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

const STEPS = "/opt/strata/builder/inBuild";

/** What each command must say, and with which exit code it must end. */
const EXPECTED = [
  // Without words it refuses to work, which it can only do once all that it imports is there.
  [["node", `${STEPS}/main.ts`], 1, /this program runs one step of a build/],
  [["node", `${STEPS}/credentialHelper.ts`, "list"], 1, /only knows get/],
  [["docker", "--version"], 0, /version/],
  [["docker", "buildx", "version"], 0, /buildx/],
  [["tar", "--version"], 0, /tar/],
];

let failures = 0;
function report(what, passed, detail = "") {
  process.stdout.write(`${passed ? "ok  " : "FAIL"} ${what}${passed ? "" : `\n${detail}`}\n`);
  if (!passed) failures++;
}

for (const [[program, ...args], status, words] of EXPECTED) {
  const ended = spawnSync(program, args, { encoding: "utf8" });
  const said = `${ended.stdout}${ended.stderr}${ended.error ?? ""}`;
  report([program, ...args].join(" "), ended.status === status && words.test(said), said);
}
const trusted = readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8").match(/BEGIN CERTIFICATE/g) ?? [];
report(`${trusted.length} certificates are trusted`, trusted.length > 0);

process.exitCode = failures === 0 ? 0 : 1;
