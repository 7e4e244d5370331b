import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BuildSettings } from "../../builder/settings.ts";
import { environmentOf } from "../../local/environment.ts";
import { down, type ServerInfo, up } from "../../local/process.ts";

const PROJECT = "proj-test";
const PLACE = `projects/${PROJECT}/locations/us-east4`;
const PROCESSES = 50;
/** So many are enough where the question is not how many come at once, but what they wait for. */
const FAMILY = 20;

const reason = process.env.STRATA_LONG_TESTS === "1" ? undefined : "takes a minute; STRATA_LONG_TESTS=1 runs it";
const withPatience = reason === undefined ? describe : describe.skip;

jest.setTimeout(300_000);

/** What one process printed, and how it ended. */
interface Ended {
  readonly out: string;
  readonly code: number;
}

withPatience(`many processes at once${reason === undefined ? "" : ` (skipped: ${reason})`}`, () => {
  let folder: string;
  let server: ServerInfo;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "strata-processes-"));
    // Ten expected minutes take half a minute: long enough for most to come while the build runs.
    const cloud = { directory: join(folder, "cloud"), port: 0, projects: [PROJECT], allServices: true, timeScale: 20 };
    server = await up(cloud);
    writeFileSync(join(folder, "settings.json"), JSON.stringify(await environmentToBuildIn()));
    image("base", "FROM scratch AS base\nCOPY base/file /file\n");
    image("left", "FROM base:base AS left\nCOPY left/file /left\n");
    image("right", "FROM base:base AS right\nCOPY right/file /right\n");
  });

  afterEach(async () => {
    await down(join(folder, "cloud"));
    rmSync(folder, { recursive: true, force: true });
  });

  test("fifty for one key: one build is submitted, and all get its digest", async () => {
    const ended = await Promise.all(Array.from({ length: PROCESSES }, () => strata("base")));
    expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
    expectOneDigest(ended, "base:base", PROCESSES);
    expect(await tagsOfBuilds()).toEqual(["base.base"]);
  });

  test("two keys with a parent in common: three builds, the parent's first, and each gets its key's digest", async () => {
    const names = Array.from({ length: FAMILY }, (_, n) => (n % 2 === 0 ? "left" : "right"));
    const ended = await Promise.all(names.map((name) => strata(name)));
    expect(ended.filter(({ code }) => code !== 0)).toEqual([]);
    expect(await tagsOfBuilds()).toEqual(["base.base", "left.left", "right.right"]);
    for (const target of ["left:left", "right:right"]) expectOneDigest(ended, target, FAMILY / 2);
  });

  function image(name: string, dockerfile: string): void {
    const at = join(folder, "catalogue", name);
    mkdirSync(at, { recursive: true });
    writeFileSync(join(at, "Dockerfile"), dockerfile);
    writeFileSync(join(at, "file"), name);
    writeFileSync(join(at, "image.yaml"), `description: ${name}\nmachine: c3-standard-88\nexpectedMinutes: 10\n`);
  }

  /** `strata build NAME` in a process of its own. */
  async function strata(name: string): Promise<Ended> {
    const words = ["build", name, "--catalogue", join(folder, "catalogue")];
    const child = spawn(process.execPath, [join(__dirname, "..", "..", "cli", "strata.mjs"), ...words], {
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        STRATA_SETTINGS: join(folder, "settings.json"),
        ...environmentOf(server.origin, server.token),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
    }
    const [code] = await once(child, "close");
    return { out, code };
  }

  /** The first tag of each build that names a target, sorted; there is one entry for each build. */
  async function tagsOfBuilds(): Promise<readonly string[]> {
    const { builds = [] } = await call<{ builds?: { tags: string[] }[] }>("GET", `/cloudbuild/v1/${PLACE}/builds`);
    return builds.map(({ tags }) => tags.find((tag) => tag.includes(".")) ?? "").sort();
  }

  async function environmentToBuildIn(): Promise<BuildSettings> {
    await call("POST", `/storage/v1/b?project=${PROJECT}`, { name: "builds", location: "US-EAST4" });
    const workerConfig = { machineType: "c3-standard-88", diskSizeGb: "100" };
    await call("POST", `/cloudbuild/v1/${PLACE}/workerPools?workerPoolId=big`, {
      privatePoolV1Config: { workerConfig },
    });
    const images = { format: "DOCKER", dockerConfig: { immutableTags: true } };
    await call("POST", `/artifactregistry/v1/${PLACE}/repositories?repository_id=images`, images);
    const accounts = `/iam/v1/projects/${PROJECT}/serviceAccounts`;
    const { email } = await call<{ email: string }>("POST", accounts, { accountId: "publisher" });
    const members = [`serviceAccount:${email}`];
    const roles = ["roles/storage.objectUser", "roles/artifactregistry.writer"];
    const policy = { bindings: roles.map((role) => ({ role, members })) };
    await call("POST", `/resourcemanager/v1/projects/${PROJECT}:setIamPolicy`, { policy });
    const host = server.origin.replace("http://", "");
    return {
      project: PROJECT,
      region: "us-east4",
      images: `${host}/${PROJECT}/images`,
      layers: `${host}/${PROJECT}/layers`,
      store: "builds",
      serviceAccount: `projects/${PROJECT}/serviceAccounts/${email}`,
      pools: { "c3-standard-88": `${PLACE}/workerPools/big` },
      tool: "strata",
    };
  }

  async function call<T>(verb: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${server.origin}${path}`, {
      method: verb,
      headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${verb} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }
});

/**
 * So many processes name the same digest for a target. One that planned after the build had ended says only that the
 * key is published already; of a slow machine's there may be many, but some have to be earlier than that.
 */
function expectOneDigest(ended: readonly Ended[], target: string, count: number): void {
  const line = new RegExp(`^${target}: published .*(sha256:[0-9a-f]{64})$`, "gm");
  const digests = ended.flatMap(({ out }) => [...out.matchAll(line)].map(([, digest]) => digest));
  const late = ended.filter(({ out }) => out.includes("0 to build") && out.includes(`${target} `));
  expect(new Set(digests).size).toBe(1);
  expect(digests.length + late.length).toBe(count);
  expect(digests.length).toBeGreaterThan(count / 10);
}
