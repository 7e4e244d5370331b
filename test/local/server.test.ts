import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Command } from "commander";
import { localCommand } from "../../cli/commands/local.ts";
import { runCli } from "../../cli/run.ts";
import { ENDPOINTS } from "../../local/environment.ts";
import { serverFile } from "../../local/process.ts";
import { PRODUCTS } from "../../local/products/index.ts";
import { PROJECT, startTestCloud } from "./testCloud.ts";

const run = promisify(execFile);
const BUCKETS = `/storage/v1/b?project=${PROJECT}`;
const L = `projects/${PROJECT}/locations/us-east4`;

test("what was made survives a restart: resources, objects, policies, tokens, and a running build goes on", async () => {
  const directory = mkdtempSync(join(tmpdir(), "local-cloud-"));
  const before = await startTestCloud({ directory, settings: { timeScale: 60 } });
  await before.ok("POST", BUCKETS, { name: "kept", location: "us-east4" });
  const url = `${before.origin}/upload/storage/v1/b/kept/o?uploadType=media&name=o`;
  await fetch(url, {
    method: "POST",
    body: "bytes",
    headers: { authorization: `Bearer ${before.running.operatorToken}` },
  });
  const account = await before.account("survivor");
  before.grant("projects/_/buckets/kept", "roles/storage.objectViewer", account);
  const token = before.token(account);
  const build = { steps: [{ name: "a" }], options: { env: ["STRATA_EXPECTED_MINUTES=0.5"] } };
  const { metadata } = await before.ok<{ metadata: { build: { id: string } } }>(
    "POST",
    `/cloudbuild/v1/${L}/builds`,
    build,
  );
  await before.running.close();

  const after = await startTestCloud({ directory, settings: { timeScale: 60 } });
  const object = await fetch(`${after.origin}/storage/v1/b/kept/o/o?alt=media`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([object.status, await object.text()]).toEqual([200, "bytes"]);
  for (;;) {
    const { status } = await after.ok("GET", `/cloudbuild/v1/${L}/builds/${metadata.build.id}`);
    if (status === "SUCCESS") break;
    expect(status).toBe("WORKING");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await after.close();
});

test("a folder that a local cloud uses is refused to a second one", async () => {
  const cloud = await startTestCloud();
  await expect(startTestCloud({ directory: cloud.directory })).rejects.toThrow("another local cloud uses this folder");
  await cloud.close();
});

describe("bad weather", () => {
  test.each([
    ["a status", { kind: "status", status: 429, retryAfter: 7 }, 429],
    ["a delay", { kind: "delay", delayMs: 80 }, 200],
  ])("%s meets as many requests as it should, after those that it skips", async (_what, fault, status) => {
    const cloud = await startTestCloud();
    cloud.running.cloud.faults.add({ route: "storage.buckets.list", skip: 1, count: 2, ...fault });
    const statuses: number[] = [];
    const started = Date.now();
    for (let request = 0; request < 4; request++) statuses.push((await cloud.call("GET", BUCKETS)).status);
    expect(statuses).toEqual([200, status, status, 200]);
    if (status === 200) expect(Date.now() - started).toBeGreaterThanOrEqual(160);
    expect(cloud.running.cloud.journal.since().map((entry) => entry.fault)).toEqual([
      undefined,
      fault.kind,
      fault.kind,
      undefined,
    ]);
    await cloud.close();
  });

  test("a dropped request has no effect, a lost answer has one", async () => {
    const cloud = await startTestCloud();
    cloud.running.cloud.faults.add({ route: "POST /storage/*", kind: "drop", count: 1 });
    await expect(cloud.call("POST", BUCKETS, { name: "dropped" })).rejects.toThrow("fetch failed");
    expect((await cloud.call("GET", "/storage/v1/b/dropped")).status).toBe(404);
    cloud.running.cloud.faults.add({ route: "POST /storage/*", kind: "lose", count: 1 });
    await expect(cloud.call("POST", BUCKETS, { name: "lost-answer" })).rejects.toThrow("fetch failed");
    expect((await cloud.call("GET", "/storage/v1/b/lost-answer")).status).toBe(200);
    await cloud.close();
  });

  test.each(["drop", "lose"] as const)(
    "%s cuts the connection while the answer before it is on its way, too",
    async (kind) => {
      const cloud = await startTestCloud();
      await cloud.ok("POST", BUCKETS, { name: "there", location: "us-east4" });
      cloud.running.cloud.faults.add({ route: "storage.buckets.list", kind: "delay", delayMs: 200 });
      cloud.running.cloud.faults.add({ route: "storage.buckets.get", kind });
      const { hostname, port } = new URL(cloud.origin);
      const connection = connect(Number(port), hostname);
      const ask = (path: string) =>
        `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${cloud.running.operatorToken}\r\n\r\n`;
      connection.write(ask(BUCKETS) + ask("/storage/v1/b/there"));
      connection.resume();
      await once(connection, "close");
      await cloud.close();
    },
    5_000,
  );

  test("the registry's routes and answers can be lost too", async () => {
    const cloud = await startTestCloud();
    cloud.running.cloud.faults.add({ route: "* /v2/*", kind: "status", status: 503, count: 1 });
    expect((await fetch(`${cloud.origin}/v2/`)).status).toBe(503);
    expect((await fetch(`${cloud.origin}/v2/`)).status).toBe(401);
    await cloud.close();
  });

  test("the registry keeps what was sent although its answer was lost", async () => {
    const cloud = await startTestCloud();
    await cloud.ok("POST", `/artifactregistry/v1/${L}/repositories?repositoryId=images`, { format: "DOCKER" });
    const headers = {
      authorization: `Bearer ${cloud.running.operatorToken}`,
      "content-type": "application/octet-stream",
    };
    const digest = `sha256:${createHash("sha256").update("{}").digest("hex")}`;
    const blobs = `${cloud.origin}/v2/${PROJECT}/images/app/blobs`;
    const lose = () => cloud.running.cloud.faults.add({ route: "POST /v2/*", kind: "lose", count: 1 });
    const send = () => fetch(`${blobs}/uploads/?digest=${digest}`, { method: "POST", body: "{}", headers });
    lose();
    await expect(send()).rejects.toThrow("fetch failed");
    expect((await fetch(`${blobs}/${digest}`, { method: "HEAD", headers })).status).toBe(200);
    await cloud.close();
  });

  test("a fault that makes no sense is refused", async () => {
    const cloud = await startTestCloud();
    expect((await cloud.call("POST", "/_local/faults", { route: "x", kind: "storm" })).status).toBe(400);
    expect((await cloud.call("POST", "/_local/faults", { route: "x", kind: "status" })).status).toBe(400);
    await cloud.close();
  });
});

test("the journal tells method, caller, status and whether it was a write", async () => {
  const cloud = await startTestCloud();
  const account = await cloud.account("journal-account");
  const before = cloud.running.cloud.journal.count;
  await cloud.call("POST", BUCKETS, { name: "b-one" }, cloud.token(account));
  await cloud.call("GET", BUCKETS);
  const resource = `/artifactregistry/v1/${L}/repositories/x`;
  await cloud.call("GET", `${resource}:getIamPolicy`);
  expect(cloud.running.cloud.journal.since(before)).toMatchObject([
    { method: "storage.buckets.insert", caller: `serviceAccount:${account}`, status: 403, write: true },
    { method: "storage.buckets.list", caller: "user:operator@local.strata", status: 200, write: false },
    { method: "artifactregistry.projects.locations.repositories.getIamPolicy", status: 404, write: false },
  ]);
  await cloud.close();
});

test("only the operator may use the local cloud's own routes", async () => {
  const cloud = await startTestCloud();
  expect((await cloud.call("GET", "/_local/status", undefined, cloud.token("user:a@example.com"))).status).toBe(403);
  expect((await cloud.call("GET", "/_local/status")).status).toBe(200);
  await cloud.close();
});

test("every endpoint variable points below a product and ends in a slash", () => {
  const prefixes = new Set([...PRODUCTS.map((product) => product.prefix), "cloudbilling"]);
  for (const path of Object.values(ENDPOINTS)) {
    expect(prefixes).toContain(path.split("/")[1]);
    expect(path.endsWith("/")).toBe(true);
  }
  expect(new Set(Object.values(ENDPOINTS).map((path) => path.split("/")[1]))).toEqual(prefixes);
});

test("strata local up, env, faults, status and down work across processes", async () => {
  const directory = mkdtempSync(join(tmpdir(), "local-cli-"));
  const script = `
    import { Command } from "commander";
    import { localCommand } from ${JSON.stringify(join(__dirname, "../../cli/commands/local.ts"))};
    const program = new Command("strata");
    localCommand(program, process, (code) => { process.exitCode = code; });
    await program.parseAsync(process.argv.slice(1), { from: "user" });`;
  const strata = async (...words: string[]) => {
    const [first = "", ...rest] = words;
    const options = ["--input-type=module", "--eval", script, "--", "local", first, "--directory", directory];
    return (await run(process.execPath, [...options, ...rest], { cwd: join(__dirname, "../..") })).stdout;
  };
  try {
    expect(await strata("up", "--port", "0", "--project", PROJECT)).toContain("http://127.0.0.1:");
    const environment = await strata("env");
    const token = /GOOGLE_OAUTH_ACCESS_TOKEN='([^']+)'/.exec(environment)?.[1];
    const storage = /GOOGLE_STORAGE_CUSTOM_ENDPOINT='([^']+)'/.exec(environment)?.[1];
    await strata("faults", "add", "storage.buckets.list", "--status", "503", "--count", "1");
    const list = () => fetch(`${storage}b?project=${PROJECT}`, { headers: { authorization: `Bearer ${token}` } });
    expect([(await list()).status, (await list()).status]).toEqual([503, 200]);
    expect(JSON.parse(await strata("status"))).toMatchObject({ projects: [PROJECT], requests: 2 });
    expect(await strata("down")).toContain("is stopped");
    await expect(list()).rejects.toThrow("fetch failed");
  } finally {
    await strata("down");
    rmSync(directory, { recursive: true, force: true });
  }
}, 60_000);

test("a command that needs a running local cloud says how to start one", async () => {
  const program = new Command("strata").exitOverride();
  localCommand(program, { stdout: { write: () => true }, stderr: { write: () => true }, env: {} }, () => undefined);
  const words = ["local", "env", "--directory", join(tmpdir(), "nothing-here")];
  await expect(program.parseAsync(words, { from: "user" })).rejects.toThrow("strata local up");
});

test.each([
  ["--port", "99999"],
  ["--port", "abc"],
  ["--time-scale", "-1"],
  ["--worker", "nobody"],
  ["--project", "X"],
])("strata local up %s %s cannot be read: exit 2 with what is allowed, and nothing starts", async (option, value) => {
  const directory = mkdtempSync(join(tmpdir(), "local-cloud-"));
  const written: string[] = [];
  const terminal = { stdout: { write: () => true }, stderr: { write: (text: string) => written.push(text) }, env: {} };
  expect(await runCli(["local", "up", "--directory", directory, option, value], terminal)).toBe(2);
  expect(written.join("")).toMatch(
    new RegExp(`^strata: .*'${value}' is invalid\\. (It must be|Allowed choices are) .*\\n`),
  );
  expect(readdirSync(directory)).toEqual([]);
  rmSync(directory, { recursive: true, force: true });
});

test("what the local cloud does not have is refused with what it has: a route, an account, a repository", async () => {
  const cloud = await startTestCloud();
  const server = { origin: cloud.origin, page: "", pid: process.pid, token: cloud.running.operatorToken };
  writeFileSync(serverFile(cloud.directory), JSON.stringify(server));
  const account = await cloud.account("builder");
  const local = async (...words: string[]) => {
    const written = { out: "", err: "" };
    const into = (stream: "out" | "err") => ({
      write(text: string) {
        written[stream] += text;
      },
    });
    const terminal = { stdout: into("out"), stderr: into("err"), env: {} };
    const code = await runCli(["local", ...words, "--directory", cloud.directory], terminal);
    return { code, ...written };
  };
  const refused = (value: string, allowed: string, fix: string) => ({
    code: 1,
    out: "",
    err: expect.stringMatching(
      new RegExp(`^strata: .*\\n {2}received: ${value}\\n {2}allowed: {2}.*${allowed}.*\\n {2}fix: {6}.*${fix}.*\\n$`),
    ),
  });
  expect(await local("faults", "add", "foo")).toEqual(
    refused("foo", "storage.buckets.list", "strata local faults add"),
  );
  expect(await local("faults", "add", "storage.bucket.list")).toEqual(
    refused("storage.bucket.list", "VERB /path", "is storage.buckets.list meant"),
  );
  expect(await local("faults", "list")).toMatchObject({ out: expect.stringContaining('"faults": []') });
  for (const route of ["storage.*", "GET /storage/*", "* /v2/*", "*", "registry manifests"]) {
    expect(await local("faults", "add", route)).toMatchObject({ code: 0 });
  }
  expect(await local("env", "--as", "nope")).toEqual(refused("nope", account.replace(/^.*:/, ""), "name one of them"));
  expect(await local("env", "--as", account.replace(/^.*:/, ""))).toMatchObject({ code: 0, err: "" });
  expect(await local("push-event", "--repository", "nope")).toEqual(
    refused("nope", "none is connected yet", "strata:source"),
  );
  await cloud.close();
});
