import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { nodeCheck } from "../../cli/doctor/checks/node.ts";
import { CHECKS, examine } from "../../cli/doctor/examine.ts";
import { type Check, good, type Patient } from "../../cli/doctor/finding.ts";
import { namesIn } from "../../cli/doctor/names.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import { servicesNeeded } from "../../components/servicesNeeded.ts";
import { environmentOf } from "../../local/environment.ts";
import { setQuotaLimit } from "../../local/products/quotas.ts";
import { parseSettings } from "../../settings.ts";
import { PROJECT, startTestCloud, type TestCloud } from "../local/testCloud.ts";

jest.setTimeout(60_000);

const REGION = "us-east4";
const TOOL = `${REGION}-docker.pkg.dev/${PROJECT}/strata-dev-layers/strata:1`;
const SOURCE = "https://github.com/acme/images.git";
const config = {
  "gcp:project": PROJECT,
  "gcp:region": REGION,
  "strata:catalogue": "images",
  "strata:tool": TOOL,
  "strata:source": JSON.stringify({ repository: SOURCE, connection: "github" }),
};

let cloud: TestCloud;
let folder: string;
let env: Record<string, string>;

const settings = (more: Readonly<Record<string, string>> = {}) =>
  parseSettings({ stack: "dev", project: PROJECT, region: REGION, values: { ...config, ...more } });
const names = namesIn(settings().environment);

function write(path: string, text: string): string {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
  return join(folder, path);
}

/** A command pulumi that says a version and lists plugins. */
function pulumi(version: string, plugins: string): void {
  const script = `#!/bin/sh\ncase $1 in version) echo ${version};; *) echo '${plugins}';; esac\n`;
  chmodSync(write("bin/pulumi", script), 0o755);
}

/** A local cloud with all that an environment has. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-doctor-"));
  cloud = await startTestCloud();
  env = { ...environmentOf(cloud.origin, cloud.running.operatorToken), PATH: `${join(folder, "bin")}:/usr/bin:/bin` };
  pulumi("v3.270.0", '[{"name":"gcp","version":"9.37.0"}]');
  const parent = `projects/${PROJECT}/locations/${REGION}`;
  for (const [id, dockerConfig] of [
    ["images", { immutableTags: true }],
    ["layers", {}],
    ["scratch", {}],
  ] as const) {
    const body = { format: "DOCKER", dockerConfig };
    await cloud.ok("POST", `/artifactregistry/v1/${parent}/repositories?repository_id=strata-dev-${id}`, body);
  }
  for (const name of [names.store, names.compilerCache]) {
    const body = { name, location: "US-EAST4", iamConfiguration: { publicAccessPrevention: "enforced" } };
    await cloud.ok("POST", `/storage/v1/b?project=${PROJECT}`, body);
  }
  const workerConfig = { machineType: "c3-standard-88", diskSizeGb: "500" };
  const pool = { privatePoolV1Config: { workerConfig } };
  await cloud.ok("POST", `/cloudbuild/v1/${parent}/workerPools?workerPoolId=strata-dev-c3-standard-88`, pool);
  const githubConfig = { appInstallationId: "1", authorizerCredential: {} };
  await cloud.ok("POST", `/cloudbuild/v2/${parent}/connections?connectionId=github`, { githubConfig });
  const repositories = `/cloudbuild/v2/${parent}/connections/github/repositories`;
  await cloud.ok("POST", `${repositories}?repositoryId=images`, { remoteUri: SOURCE });
  await pushTool();
});

afterEach(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Pushes an empty image under the tool's reference. */
async function pushTool(): Promise<void> {
  const authorization = `Bearer ${cloud.running.operatorToken}`;
  const repository = `${cloud.origin}/v2/${PROJECT}/strata-dev-layers/strata`;
  const digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
  const upload = await fetch(`${repository}/blobs/uploads/?digest=${digest}`, {
    method: "POST",
    headers: { authorization, "content-type": "application/octet-stream" },
    body: "{}",
  });
  expect(upload.status).toBe(201);
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const blob = { mediaType: "application/vnd.oci.image.config.v1+json", digest, size: 2 };
  const manifest = await fetch(`${repository}/manifests/1`, {
    method: "PUT",
    headers: { authorization, "content-type": mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, config: blob, layers: [] }),
  });
  expect(manifest.status).toBe(201);
}

const patient = (more: Partial<Patient> = {}): Patient => ({
  env,
  settings: settings(),
  machines: ["c3-standard-88"],
  api: new GoogleApi({ environment: env }),
  now: Date.now,
  ...more,
});

/** What is not good, by subject. */
async function found(more: Partial<Patient> = {}) {
  const results = await examine(patient(more));
  return Object.fromEntries(
    results.filter(({ state }) => state !== "good").map(({ subject, ...rest }) => [subject, rest]),
  );
}

const wrong = (says: string | RegExp, fix: string | RegExp) => ({
  state: "wrong",
  says: expect.stringMatching(says),
  fix: expect.stringMatching(fix),
});

test("in an environment that has all it needs nothing is wrong", async () => {
  expect(await found()).toEqual({});
});

test("it changes nothing: every call only reads", async () => {
  const { journal } = cloud.running.cloud;
  const before = journal.count;
  await examine(patient());
  const calls = journal.since(before);
  expect(calls.length).toBeGreaterThan(8);
  expect(calls.filter(({ verb }) => verb !== "GET" && verb !== "HEAD")).toEqual([]);
});

test("a Node that does not strip types", async () => {
  const run = (version: string) => nodeCheck(version).run(patient());
  expect(await run("22.17.1")).toEqual(wrong("22.17.1", "npm ci"));
  expect(await run("22.18.0")).toEqual(good("22.18.0"));
});

test("no Pulumi, one that is too old, one without its plugin", async () => {
  expect(await found({ env: { ...env, PATH: "/nonexistent" } })).toEqual({
    Pulumi: wrong("not on the PATH", "npm run pulumi"),
  });
  pulumi("v3.100.0", "[]");
  expect(await found()).toEqual({ Pulumi: wrong("v3.100.0", "install") });
  pulumi("v3.270.0", "[]");
  expect(await found()).toEqual({
    Pulumi: { state: "note", says: expect.stringContaining("gcp"), fix: "pulumi install" },
  });
});

test("a token that is no good is told once, is not printed, and the rest is not asked", async () => {
  const secret = "ya29.nobody-may-see-this";
  const environment = { ...env, GOOGLE_OAUTH_ACCESS_TOKEN: secret };
  const results = await examine(patient({ env: environment, api: new GoogleApi({ environment }) }));
  expect(results.filter(({ state }) => state === "wrong")).toEqual([
    { subject: "credentials", ...wrong("401", "gcloud auth application-default login") },
  ]);
  expect(results.filter(({ state }) => state === "unknown")).toHaveLength(8);
  expect(JSON.stringify(results)).not.toContain(secret);
});

test("an account that may not ask", async () => {
  const environment = { ...env, GOOGLE_OAUTH_ACCESS_TOKEN: cloud.token(await cloud.account("stranger")) };
  const { credentials } = await found({ api: new GoogleApi({ environment }) });
  expect(credentials).toEqual(wrong("403", "grant the missing role"));
});

test("an API that is not enabled is named with the command, and what needs it is not asked", async () => {
  await cloud.ok("POST", `/serviceusage/v1/projects/${PROJECT}/services/artifactregistry.googleapis.com:disable`, {});
  expect(await found()).toEqual({
    APIs: wrong(
      `1 of ${servicesNeeded(settings()).length} are not enabled`,
      `^gcloud services enable artifactregistry.googleapis.com --project ${PROJECT}$`,
    ),
    registry: { state: "unknown", says: expect.stringContaining("API is not enabled") },
    tool: { state: "unknown", says: expect.stringContaining("API is not enabled") },
  });
});

test("a quota below the largest machine is told with its name, the region and the number to ask for", async () => {
  const metric = "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus";
  setQuotaLimit(cloud.running.cloud.documents, metric, 4);
  expect(await found()).toEqual({
    quota: wrong(/allows 4 vCPUs in us-east4, c3-standard-88 needs 88/, `ask for 88 vCPUs of ${metric} in us-east4`),
  });
  setQuotaLimit(cloud.running.cloud.documents, metric, 88);
  expect(await found()).toEqual({});
});

test("an environment that never builds needs no quota for the machines of the catalogue", async () => {
  setQuotaLimit(cloud.running.cloud.documents, "cloudbuild.googleapis.com/concurrent_private_pool_c3_build_cpus", 4);
  const { "strata:source": _, "strata:tool": __, ...rest } = config;
  const values = { ...rest, "strata:promoteFrom": "acme/strata/staging" };
  const production = parseSettings({ stack: "prod", project: PROJECT, region: REGION, values });
  expect((await found({ settings: production })).quota).toBeUndefined();
});

test("a check that Google answers otherwise than expected says what to look at", async () => {
  cloud.running.cloud.faults.add({ route: "storage.buckets.get", kind: "status", status: 400 });
  expect((await found()).buckets).toEqual(wrong("Google Cloud answered 400", "configuration names"));
});

test("the machine that the environment puts in the place of another is the one that is asked about", async () => {
  const machines = JSON.stringify({ "c3-standard-176": "c3-standard-88" });
  expect(await found({ machines: ["c3-standard-176"], settings: settings({ "strata:machines": machines }) })).toEqual(
    {},
  );
  expect(await found({ machines: ["c3-standard-176"] })).toEqual({
    pools: wrong("there is no pool of c3-standard-176", "pulumi up --stack dev"),
  });
});

test("a pool of another machine than its name says", async () => {
  const workerConfig = { machineType: "e2-standard-4", diskSizeGb: "500" };
  const path = `/cloudbuild/v1/${names.pool("c3-standard-88")}?updateMask=privatePoolV1Config.workerConfig`;
  await cloud.ok("PATCH", path, { privatePoolV1Config: { workerConfig } });
  expect(await found()).toEqual({ pools: wrong("c3-standard-88 has the machine e2-standard-4", "pulumi up") });
});

test("a repository that is missing, and one whose tags can be moved", async () => {
  const path = `/artifactregistry/v1/${names.images}`;
  await cloud.ok("PATCH", `${path}?updateMask=dockerConfig`, { dockerConfig: { immutableTags: false } });
  expect(await found()).toEqual({ registry: wrong("can be moved", "pulumi up") });
  await cloud.ok("DELETE", path);
  expect(await found()).toEqual({ registry: wrong("no repository strata-dev-images", "pulumi up") });
});

test("a bucket that is missing, and one that could be opened to the public", async () => {
  await cloud.ok("PATCH", `/storage/v1/b/${names.store}`, {
    iamConfiguration: { publicAccessPrevention: "inherited" },
  });
  await cloud.ok("DELETE", `/storage/v1/b/${names.compilerCache}`);
  expect(await found()).toEqual({
    buckets: wrong(/builds could be opened to the public; there is no bucket .*-ccache/, "pulumi up"),
  });
});

test("a tool image that is not there", async () => {
  expect(await found({ settings: settings({ "strata:tool": `${TOOL}0` }) })).toEqual({
    tool: wrong(`no image ${TOOL}0`, "docs/"),
  });
});

test("a connection that a person has not finished, one without the repository, and none", async () => {
  const { documents } = cloud.running.cloud;
  const whole = documents.get<object>("cloudbuild.connections", names.connection("github"));
  const state = { ...whole, installationState: { stage: "PENDING_USER_OAUTH" } };
  documents.put("cloudbuild.connections", names.connection("github"), state);
  expect(await found()).toEqual({ connection: wrong("PENDING_USER_OAUTH", "finish it at https://console") });
  documents.put("cloudbuild.connections", names.connection("github"), whole);
  const other = (source: object) => found({ settings: settings({ "strata:source": JSON.stringify(source) }) });
  const repository = "https://github.com/acme/other.git";
  expect(await other({ repository, connection: "github" })).toEqual({
    connection: wrong("other.git is not connected", "pulumi up"),
  });
  expect(await other({ repository, connection: "none" })).toEqual({
    connection: wrong("no connection none", "pulumi up"),
  });
});

test("a repository is found behind a hundred others of its connection", async () => {
  const { documents } = cloud.running.cloud;
  for (let index = 0; index < 120; index++) {
    const name = `${names.connection("github")}/repositories/a${index}`;
    documents.put("cloudbuild.repositories", name, { name, remoteUri: `https://github.com/acme/a${index}.git` });
  }
  expect(await found()).toEqual({});
});

test("a clock that is off by more than a minute", async () => {
  const minutes = (late: number) => ({ now: () => Date.now() - late * 60_000 });
  expect((await found(minutes(3))).clock).toEqual(wrong(/^1[78]\d s behind/, "timedatectl"));
  expect((await found(minutes(0.5))).clock).toBeUndefined();
});

test("a clock that cannot be compared, because Cloud Storage is not reached, is no defect of the check", async () => {
  const environment = { ...env, GOOGLE_STORAGE_CUSTOM_ENDPOINT: "http://strata.invalid/storage/v1/" };
  const { clock } = await found({ api: new GoogleApi({ environment }) });
  expect(clock).toEqual(wrong(/^strata\.invalid/, /^check the network/));
});

test("a lock whose holder was silent for long is told; one that nobody holds is not", async () => {
  const put = (name: string, state: object) =>
    cloud.ok("POST", `/upload/storage/v1/b/${names.store}/o?uploadType=media&name=locks%2F${name}`, state);
  await put("a".repeat(64), { holder: "gone" });
  await put("b".repeat(64), { note: "build-1" });
  const { clock: _, ...later } = await found({ now: () => Date.now() + 10 * 60_000 });
  const says = `1 held by a process that has gone: ${"a".repeat(64)}`;
  expect(later).toEqual({ locks: { state: "note", says, fix: expect.stringContaining("strata build") } });
  expect(await found()).toEqual({});
});

test("checks run at the same time, each in bounded time", async () => {
  const slow: Check = { subject: "slow", asksGoogle: false, run: () => new Promise(() => {}) };
  const started = performance.now();
  const results = await examine(patient(), [...Array.from({ length: 20 }, () => slow)], 100);
  expect(performance.now() - started).toBeLessThan(1500);
  expect(results).toHaveLength(20);
  expect(results[0]).toMatchObject({ subject: "slow", state: "wrong", says: "no answer for 0.1 s" });
});

test("an environment that this machine's Docker builds is asked about Docker, and Google about nothing", async () => {
  const values = { "strata:builder": "docker" };
  const workstation = parseSettings({ stack: "workstation", project: undefined, region: undefined, values });
  const before = cloud.running.cloud.journal.count;
  expect(await found({ settings: workstation, env: { PATH: join(folder, "bin") } })).toMatchObject({
    Docker: wrong("not on the PATH", "install"),
  });
  const docker = (script: string) => chmodSync(write("bin/docker", `#!/bin/sh\n${script}\n`), 0o755);
  docker("exit 1");
  expect(await found({ settings: workstation })).toEqual({ Docker: wrong("no Docker daemon answers", "systemctl") });
  docker("echo 'permission denied while trying to connect to the Docker daemon socket' >&2; exit 1");
  expect(await found({ settings: workstation })).toEqual({ Docker: wrong("may not call", "usermod -aG docker") });
  docker("echo 28.1.0");
  expect(await found({ settings: workstation })).toEqual({});
  expect(cloud.running.cloud.journal.count).toBe(before);
});

test("the command exits 1 where something is wrong, prints JSON where asked, and never a token or a warning of Node's", async () => {
  const lines = Object.entries(config).map(([name, value]) => `  ${name}: ${value}`);
  write("Pulumi.dev.yaml", `config:\n${lines.join("\n")}\n`);
  write("images/base/Dockerfile", "FROM scratch AS base\nLABEL a=b\n");
  write("images/base/image.yaml", "description: base\nmachine: c3-standard-88\nexpectedMinutes: 1\n");
  const doctor = async (...words: string[]) => {
    const run = promisify(execFile)(process.execPath, [join(process.cwd(), "cli/strata.mjs"), "doctor", ...words], {
      cwd: folder,
      env: { ...env, HOME: folder },
    });
    return run.then(
      ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
      ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
    );
  };
  const healthy = await doctor();
  expect(healthy).toEqual({ code: 0, stdout: expect.stringContaining("nothing is wrong"), stderr: "" });
  expect(healthy.stdout).not.toContain(cloud.running.operatorToken);
  await cloud.ok("DELETE", `/storage/v1/b/${names.compilerCache}`);
  const ill = await doctor("dev", "--json");
  expect(ill.code).toBe(1);
  const results: { subject: string; state: string }[] = JSON.parse(ill.stdout);
  expect(results.map(({ subject }) => subject)).toEqual(CHECKS.map(({ subject }) => subject));
  expect(results.filter(({ state }) => state !== "good")).toMatchObject([{ subject: "buckets", state: "wrong" }]);
  const { GOOGLE_OAUTH_ACCESS_TOKEN: _, ...withoutToken } = env;
  env = { ...withoutToken, GCE_METADATA_HOST: new URL(cloud.origin).host };
  expect(await doctor()).toEqual({
    code: 1,
    stdout: expect.stringContaining("no Google Cloud credentials"),
    stderr: "",
  });
  write("Pulumi.broken.yaml", "config:\n  a: [\n");
  expect(await doctor("broken")).toEqual({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^strata: Pulumi\.broken\.yaml:2: this is no YAML: .*\n( {2}\w+: .*\n)+$/),
  });
  expect(await doctor("production")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("Pulumi.production.yaml"),
  });
});
