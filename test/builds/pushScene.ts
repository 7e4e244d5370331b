import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { Infrastructure } from "../../components/Infrastructure.ts";
import type { CloudSettings } from "../../local/cloud.ts";
import { readRepositoryEvent } from "../../local/repositoryEvent.ts";
import { readSettings } from "../../settings.ts";
import { pushLayer } from "../../tour/re2/pushLayer.ts";
import { type Engine, engineTest, startEngine } from "../engine/engine.ts";
import { TestCloud } from "../local/testCloud.ts";
import { type GitHubDouble, startGitHub } from "./gitHub.ts";
import { PushedRepository } from "./pushedRepository.ts";

export const P = "projects/acme-images";
export const L = `${P}/locations/us-east4`;
export const REPOSITORY = `${L}/connections/strata-dev/repositories/strata-dev-images`;

/** What the tests read of a build. */
export interface Build {
  readonly id: string;
  readonly status: string;
  readonly statusDetail?: string;
  readonly serviceAccount: string;
  readonly tags?: readonly string[];
  readonly timeout?: string;
  readonly options?: { readonly env?: readonly string[] };
}

/** What became of a trigger. */
interface Run {
  readonly trigger: string;
  readonly build?: string;
  readonly reason?: string;
}

/** A test of what a push sets off: on the real engine, and where long tests are asked for. */
export function pushTest(name: string, check: () => Promise<void>, patienceMs = 180_000): void {
  if (process.env.STRATA_LONG_TESTS === "1") engineTest(name, check, patienceMs);
  else test.skip(`${name} (skipped: takes minutes; STRATA_LONG_TESTS=1 runs it)`, () => {});
}

/** An environment whose pull requests comment at this address in the place of GitHub's. */
const program =
  (api: string): PulumiFn =>
  async () => {
    const settings = readSettings();
    const cloudBuild = readFileSync("cloudbuild.yaml", "utf8").replace("https://api.github.com", api);
    const rest = { persistent: [], inUse: [], readsBeside: false, cloudBuild };
    new Infrastructure("infrastructure", { settings, machines: ["e2-standard-8"], ...rest });
  };

const config = {
  "gcp:project": "acme-images",
  "gcp:region": "us-east4",
  "strata:images": "none",
  "strata:tool": "us-east4-docker.pkg.dev/acme-images/strata-dev-images/strata/tool:key",
  "strata:refresh": "0 4 * * 1",
  "strata:source": JSON.stringify({
    repository: "https://github.com/acme/images.git",
    installation: 12345678,
    token: `${P}/secrets/github/versions/1`,
    commentToken: `${P}/secrets/comments/versions/1`,
  }),
};

/** An environment brought up by the real engine on a local cloud, with a repository to push to and a double of GitHub. */
export class PushScene {
  readonly engine: Engine;
  readonly cloud: TestCloud;
  readonly gitHub: GitHubDouble;
  readonly repository: PushedRepository;
  /** The folder before all others in PATH, with an `npm` that takes this checkout's packages. */
  readonly programs: string;

  constructor(engine: Engine, cloud: TestCloud, gitHub: GitHubDouble, repository: PushedRepository) {
    this.engine = engine;
    this.cloud = cloud;
    this.gitHub = gitHub;
    this.repository = repository;
    this.programs = linkInsteadOfInstalling();
  }

  async close(): Promise<void> {
    this.repository.remove();
    rmSync(this.programs, { recursive: true, force: true });
    await this.gitHub.close();
    await this.engine.close();
  }

  async builds(): Promise<readonly Build[]> {
    const { builds = [] } = await this.cloud.ok<{ builds?: Build[] }>(
      "GET",
      `/cloudbuild/v1/${L}/builds?pageSize=1000`,
    );
    return builds;
  }

  /** Tells the cloud of a commit as a Git host would, and gives what became of each trigger. */
  async push(
    more: { readonly branch?: string; readonly commit?: string; readonly pullRequest?: number; before?: string } = {},
  ): Promise<readonly Run[]> {
    const { folder: checkout } = this.repository;
    const source = { repository: REPOSITORY, branch: "main", checkout, commit: "HEAD", run: true, ...more };
    const event = await readRepositoryEvent(source);
    return (await this.cloud.ok<{ runs: Run[] }>("POST", "/_local/repository-events", event)).runs;
  }

  /** Pushes what was committed, and waits for the one build that it sets off. */
  pushed(more: Parameters<PushScene["push"]>[0] = {}) {
    return this.builtDuring(async () => {
      const [one, ...others] = started(await this.push(more));
      if (!one || others.length > 0) throw new Error(`${others.length} more builds were set off`);
      return { trigger: one.trigger, ...(await this.ended(one.build)) };
    });
  }

  /** Waits until a build is over. */
  async ended(id: string): Promise<Build & { readonly log: string }> {
    for (;;) {
      const build = await this.cloud.ok<Build>("GET", `/cloudbuild/v1/${L}/builds/${id}`);
      if (!["QUEUED", "WORKING"].includes(build.status)) return { ...build, log: await this.#logOf(id) };
      await new Promise((again) => setTimeout(again, 100));
    }
  }

  async #logOf(id: string): Promise<string> {
    interface Entry {
      readonly textPayload?: string;
      readonly resource?: { readonly labels?: { readonly build_id?: string } };
    }
    const body = { resourceNames: [P] };
    const { entries = [] } = await this.cloud.ok<{ entries?: Entry[] }>("POST", "/logging/v2/entries:list", body);
    const own = entries.filter(({ resource }) => resource?.labels?.build_id === id);
    return own.map(({ textPayload }) => textPayload).join("\n");
  }

  /** Targets whose builds were submitted while something went on. */
  async builtDuring<T>(act: () => Promise<T>): Promise<{ result: T; targets: readonly string[] }> {
    const before = new Set((await this.builds()).map(({ id }) => id));
    const result = await act();
    const after = (await this.builds()).filter(({ id, tags }) => !before.has(id) && tags?.includes("strata"));
    const targets = after.flatMap(({ tags = [] }) => tags.filter((tag) => /^(base|app|tool|other)\./.test(tag)));
    return { result, targets: targets.sort() };
  }

  /** Pushes an image that differs by its text, under the tag that the catalogue's base has. */
  pushBase(words: string): Promise<string> {
    return pushBase(this.engine, words);
  }
}

/** Starts one, whose image builds are run by this worker. */
export async function startPushScene(settings: Partial<CloudSettings> = {}): Promise<PushScene> {
  const engine = await startEngine(["acme-images"], settings);
  const cloud = new TestCloud(engine.cloud, "");
  await cloud.ok("POST", `/serviceusage/v1/${P}/services/secretmanager.googleapis.com:enable`, {});
  for (const secret of ["github", "comments"]) {
    await cloud.ok("POST", `/secretmanager/v1/${P}/secrets?secretId=${secret}`, { replication: { automatic: {} } });
  }
  const payload = { data: Buffer.from("comment-token").toString("base64") };
  await cloud.ok("POST", `/secretmanager/v1/${P}/secrets/comments:addVersion`, { payload });
  const gitHub = await startGitHub("acme/images", [7], { "comment-token": { login: "strata-ci" } });
  await (await engine.stack("dev", config, program(gitHub.api))).up();
  // Somebody's registry of bases, which both accounts may read.
  await cloud.ok("POST", `/artifactregistry/v1/${L}/repositories?repository_id=bases`, { format: "DOCKER" });
  for (const account of ["publisher", "checker"]) {
    const email = `strata-dev-${account}@acme-images.iam.gserviceaccount.com`;
    cloud.grant(`${L}/repositories/bases`, "roles/artifactregistry.reader", email);
  }
  const base = { name: `${engine.cloud.cloud.host}/acme-images/bases/base:1`, digest: await pushBase(engine, "one") };
  return new PushScene(engine, cloud, gitHub, new PushedRepository(base));
}

export function started(runs: readonly Run[]): readonly { readonly trigger: string; readonly build: string }[] {
  return runs.flatMap(({ trigger, build }) => (build === undefined ? [] : [{ trigger, build }]));
}

/** The account that a build ran as, without its project. */
export function accountOf({ serviceAccount }: Build): string | undefined {
  return serviceAccount.split("/").at(-1)?.split("@")[0];
}

/** Puts an `npm` before the real one that takes this checkout's packages: an install of the lock takes half a minute. */
function linkInsteadOfInstalling(): string {
  const programs = mkdtempSync(join(tmpdir(), "strata-npm-"));
  const link = `[ "$1" = ci ] && exec ln -s '${resolve("node_modules")}' node_modules`;
  writeFileSync(join(programs, "npm"), `#!/bin/sh\necho "simulated: npm $*"\n${link}\n`);
  chmodSync(join(programs, "npm"), 0o755);
  process.env.PATH = `${programs}:${process.env.PATH}`;
  return programs;
}

async function pushBase({ cloud }: Engine, words: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "strata-base-"));
  const layer = join(folder, "layer.tar.gz");
  try {
    writeFileSync(join(folder, "words"), words);
    execFileSync("tar", ["-czf", layer, "-C", folder, "words"]);
    const place = { origin: cloud.origin, repository: "acme-images/bases/base", tag: "1" };
    return await pushLayer(layer, { ...place, token: cloud.operatorToken });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
