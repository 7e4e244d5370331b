import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { runPythonTests } from "./pythonTests.ts";
import { type Ended, Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

beforeEach(() => {
  const files = ["entrypoint.sh", "health.sh", "fatal-patterns.tsv"];
  sandbox = new Sandbox(files.map((file) => `arr-vertex-launcher/${file}`));
});
afterEach(() => sandbox.remove());

/** The entry script's settings, scaled down from minutes to tenths of seconds. */
function settings(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    AGENT_LOG: sandbox.path("agent.log"),
    AGENT_PID_FILE: sandbox.path("agent.pid"),
    POLL_SECONDS: "0.1",
    SETTLE_SECONDS: "0.2",
    GRACE_SECONDS: "20",
    IDLE_SECONDS: "30",
    ...more,
  };
}

/** Runs the entry script over a Bash program in the agent's place, to its end. */
function launch(agent: string, more: Readonly<Record<string, string>> = {}): Ended {
  return sandbox.run("entrypoint.sh", [sandbox.program("agent", agent)], settings(more));
}

/** Starts it, sends SIGTERM once the agent has written "ready", and waits for its end. */
async function launchAndSignal(agent: string, more: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH, ...settings(more) };
  const child = spawn(sandbox.path("entrypoint.sh"), [sandbox.program("agent", agent)], { env });
  let out = "";
  let sent = false;
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
    if (!sent && out.includes("ready")) {
      sent = true;
      child.kill("SIGTERM");
    }
  });
  const exit = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { exit, out, err: "" };
}

const polling = "wandb: launch: agent x polling on queues q, running 0 out of a maximum of 1 jobs";
const busy = "wandb: launch: agent x polling on queues q, running 1 out of a maximum of 1 jobs";

test("an agent that ends by itself gives its exit code, without its log being printed again where that is 0", () => {
  const good = launch("echo working");
  expect(good.exit).toBe(0);
  expect(good.out.match(/^working$/gm)).toHaveLength(1);
});

test("an agent that fails gives its exit code, and the end of its log, at most so many lines", () => {
  const bad = launch("seq 1 300; exit 3", { TAIL_LINES: "100" });
  expect(bad.exit).toBe(3);
  const tail = bad.out.split("last 100 lines of the agent's log:\n")[1]?.split("launcher:")[0]?.trim().split("\n");
  expect(tail).toHaveLength(100);
  expect([tail?.[0], tail?.at(-1)]).toEqual(["201", "300"]);
});

test("an agent without work is ended after the idle time, with exit code 0; that it says it is idle is no work", () => {
  const idle = launch(`while true; do echo '${polling}'; sleep 0.2; done`, { IDLE_SECONDS: "1" });
  expect(idle.exit).toBe(0);
  expect(idle.out).toContain("no work for 1 s");
});

test("an agent that says it runs a job is not ended, however long that takes", () => {
  const working = launch(`for i in $(seq 16); do echo '${busy}'; sleep 0.2; done; exit 5`, { IDLE_SECONDS: "2" });
  expect(working.exit).toBe(5);
});

test.each([
  ["quota", "google.api_core.exceptions.ResourceExhausted: 429 The following quotas are exceeded"],
  ["permission", "403 Forbidden: caller does not have storage.objects.get access to the bucket"],
  ["server error", "request failed with status code: 503"],
  ["image pull", "Back-off pulling image: ImagePullBackOff"],
  ["traceback", "Traceback (most recent call last):"],
])("a log line of the kind %s ends the agent with exit code 70 and shows the lines that follow it", (kind, line) => {
  const fatal = launch(`echo fine; echo '${line}'; echo 'the line after it'; exec sleep 60`);
  expect(fatal.exit).toBe(70);
  expect(fatal.out).toContain(`final error (${kind}: ${line})`);
  expect(fatal.out.split("last 100 lines")[1]).toContain("the line after it");
});

test.each([
  "uploaded 503 files",
  "job 5031 started, step 500 of 5000",
  "quota check passed",
  "set permissions on the output folder",
])("a harmless line is no fatal one: %s", (line) => {
  expect(launch(`echo '${line}'; exit 0`).exit).toBe(0);
});

test("a fatal line that is written in two pieces is still found", () => {
  const fatal = launch("printf 'PERMISSION_'; sleep 0.4; echo DENIED; exec sleep 60");
  expect(fatal.exit).toBe(70);
});

test("SIGTERM reaches the agent itself, which may end in its own time, and gives exit code 143", async () => {
  const ended = await launchAndSignal(
    "trap 'echo saving; sleep 0.3; echo saved; exit 0' TERM; echo ready; while :; do sleep 0.1; done",
  );
  expect(ended.exit).toBe(143);
  expect(ended.out).toMatch(/saving\n(.*\n)*saved/);
  expect(existsSync(sandbox.path("agent.pid"))).toBe(false);
});

test("an agent that ignores SIGTERM is killed after the grace time", async () => {
  const ended = await launchAndSignal("trap '' TERM; echo ready; while :; do sleep 0.1; done", { GRACE_SECONDS: "1" });
  expect(ended.exit).toBe(143);
  expect(ended.out).toContain("killing it");
});

test("the pid that is kept is the agent's, and the health check fails once the agent is gone", async () => {
  const ended = await launchAndSignal(
    `echo "mine is $$"; '${sandbox.path("health.sh")}'; cp "$AGENT_PID_FILE" '${sandbox.path("seen")}'; echo ready; exec sleep 60`,
  );
  const pid = readFileSync(sandbox.path("seen"), "utf8").trim();
  expect(ended.out).toContain(`mine is ${pid}`);
  expect(ended.out).toContain(`the agent runs, pid ${pid}`);
  sandbox.write("agent.pid", `${pid}\n`);
  expect(sandbox.run("health.sh", [], settings())).toMatchObject({ exit: 1, out: `the agent, pid ${pid}, is gone\n` });
});

test("without a command, queue and entity must be named", () => {
  expect(sandbox.run("entrypoint.sh", [], settings())).toMatchObject({
    exit: 64,
    err: expect.stringContaining("LAUNCH_QUEUE"),
  });
});

test("spot scheduling, the staging bucket and retries do what they say", () => {
  runPythonTests("test_launcher.py");
});
