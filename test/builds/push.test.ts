import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { PulumiFn } from "@pulumi/pulumi/automation/index.js";
import { decodeJob, JOB_VARIABLE } from "../../builder/job.ts";
import { Infrastructure } from "../../components/Infrastructure.ts";
import { readRepositoryEvent } from "../../local/repositoryEvent.ts";
import { readSettings } from "../../settings.ts";
import { pushLayer } from "../chains/debianTree.ts";
import { type Engine, engineTest, startEngine } from "../engine/engine.ts";
import { TestCloud } from "../local/testCloud.ts";
import { type GitHubDouble, startGitHub } from "./gitHub.ts";
import { PushedRepository } from "./pushedRepository.ts";

const program: PulumiFn = async () => {
  const settings = readSettings();
  const machines = ["e2-standard-8"];
  new Infrastructure("infrastructure", { settings, machines, persistent: [], inUse: [], readsBeside: false });
};

const P = "projects/acme-images";
const L = `${P}/locations/us-east4`;
const REPOSITORY = `${L}/connections/strata-dev/repositories/strata-dev-images`;
const long = process.env.STRATA_LONG_TESTS === "1";

/** What the tests read of a build. */
interface Build {
  readonly id: string;
  readonly status: string;
  readonly statusDetail?: string;
  readonly serviceAccount: string;
  readonly tags?: readonly string[];
  readonly options?: { readonly env?: readonly string[] };
}

/** A test of what a push sets off: on the real engine, and where long tests are asked for. */
function pushTest(name: string, check: () => Promise<void>, patienceMs = 180_000): void {
  if (long) engineTest(name, check, patienceMs);
  else test.skip(`${name} (skipped: takes minutes; STRATA_LONG_TESTS=1 runs it)`, () => {});
}

// The stack is brought up by the real engine and the pushed commit's own cloudbuild.yaml is run by real processes; the
// builds of images that it submits are simulated.
describe("a push to the repository of an environment", () => {
  let engine: Engine;
  let cloud: TestCloud;
  let gitHub: GitHubDouble;
  let repository: PushedRepository;
  let programs: string;
  let base: string;

  beforeAll(async () => {
    engine = await startEngine(["acme-images"]);
    cloud = new TestCloud(engine.cloud, "");
    gitHub = await startGitHub("acme/images", [7], { "comment-token": { login: "strata-ci" } });
    await cloud.ok("POST", `/serviceusage/v1/${P}/services/secretmanager.googleapis.com:enable`, {});
    await cloud.ok("POST", `/secretmanager/v1/${P}/secrets?secretId=comments`, { replication: { automatic: {} } });
    const payload = { data: Buffer.from("comment-token").toString("base64") };
    await cloud.ok("POST", `/secretmanager/v1/${P}/secrets/comments:addVersion`, { payload });
    const dev = await engine.stack(
      "dev",
      {
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
      },
      program,
    );
    await dev.up();
    base = `${engine.cloud.cloud.host}/acme-images/strata-dev-scratch/base:1`;
    repository = new PushedRepository({ name: base, digest: await pushBase("one") });
    linkInsteadOfInstalling();
  }, 180_000);
  afterAll(async () => {
    repository?.remove();
    if (programs) rmSync(programs, { recursive: true, force: true });
    await gitHub?.close();
    await engine?.close();
  });

  /** Puts an `npm` before the real one that takes this checkout's packages: an install of the lock takes half a minute. */
  function linkInsteadOfInstalling(): void {
    programs = mkdtempSync(join(tmpdir(), "strata-npm-"));
    const link = `[ "$1" = ci ] && exec ln -s '${resolve("node_modules")}' node_modules`;
    writeFileSync(join(programs, "npm"), `#!/bin/sh\necho "simulated: npm $*"\n${link}\n`);
    chmodSync(join(programs, "npm"), 0o755);
    process.env.PATH = `${programs}:${process.env.PATH}`;
  }

  /** Pushes an image that differs by its text, under the tag that the catalogue's base has. */
  async function pushBase(text: string): Promise<string> {
    const layer = join(tmpdir(), `strata-base-${process.pid}.tar.gz`);
    writeFileSync(layer, gzipSync(Buffer.concat([Buffer.from(text), Buffer.alloc(1024)])));
    const place = { origin: cloud.origin, repository: "acme-images/strata-dev-scratch/base", tag: "1" };
    try {
      return await pushLayer(layer, { ...place, token: engine.cloud.operatorToken });
    } finally {
      rmSync(layer);
    }
  }

  const builds = async () =>
    (await cloud.ok<{ builds?: Build[] }>("GET", `/cloudbuild/v1/${L}/builds?pageSize=1000`)).builds ?? [];

  /** What Google is told of a commit; the triggers that it set off, by their short names. */
  async function push(
    more: { readonly pullRequest?: string; readonly before?: string; readonly commit?: string } = {},
  ) {
    const event = await readRepositoryEvent({
      repository: REPOSITORY,
      branch: "main",
      checkout: repository.folder,
      commit: "HEAD",
      run: true,
      ...more,
    });
    const { runs } = await cloud.ok<{ runs: { trigger: string; build?: string; reason?: string }[] }>(
      "POST",
      "/_local/repository-events",
      event,
    );
    return runs;
  }

  const started = (runs: readonly { trigger: string; build?: string }[]) =>
    runs.flatMap(({ trigger, build }) => (build === undefined ? [] : [{ trigger, build }]));

  /** Waits until a build is over. */
  async function ended(id: string): Promise<Build & { log: string }> {
    for (;;) {
      const build = await cloud.ok<Build>("GET", `/cloudbuild/v1/${L}/builds/${id}`);
      if (!["QUEUED", "WORKING"].includes(build.status)) return { ...build, log: await logOf(id) };
      await new Promise((again) => setTimeout(again, 100));
    }
  }

  async function logOf(id: string): Promise<string> {
    interface Entry {
      readonly textPayload?: string;
      readonly resource?: { readonly labels?: { readonly build_id?: string } };
    }
    const body = { resourceNames: [P] };
    const { entries = [] } = await cloud.ok<{ entries?: Entry[] }>("POST", "/logging/v2/entries:list", body);
    const own = entries.filter(({ resource }) => resource?.labels?.build_id === id);
    return own.map(({ textPayload }) => textPayload).join("\n");
  }

  /** Targets whose builds were submitted while something went on. */
  async function builtDuring<T>(act: () => Promise<T>): Promise<{ result: T; targets: readonly string[] }> {
    const before = new Set((await builds()).map(({ id }) => id));
    const result = await act();
    const after = (await builds()).filter(({ id, tags }) => !before.has(id) && tags?.includes("strata"));
    const targets = after.flatMap(({ tags = [] }) => tags.filter((tag) => /^(base|app|tool|other)\./.test(tag)));
    return { result, targets: targets.sort() };
  }

  /** Pushes what was committed, and waits for the one build that it sets off. */
  const pushed = (more: Parameters<typeof push>[0] = {}) =>
    builtDuring(async () => {
      const [one, ...others] = started(await push(more));
      if (!one || others.length > 0) throw new Error(`${others.length} more builds were set off`);
      return { trigger: one.trigger, ...(await ended(one.build)) };
    });

  const emailOf = ({ serviceAccount }: Build) => serviceAccount.split("/").at(-1)?.split("@")[0];

  pushTest(
    "the first push publishes the whole catalogue, as the publisher, from the pushed commit's own file",
    async () => {
      const { result, targets } = await pushed();
      expect([result.status, result.log]).toEqual(["SUCCESS", expect.stringContaining("All 4 targets are published.")]);
      expect([result.trigger, emailOf(result)]).toEqual(["strata-dev-push", "strata-dev-publisher"]);
      expect(targets).toEqual(["app.run", "base.run", "other.run", "tool.run"]);
      expect(result.log).toContain("processes of this machine, which stand in for containers");
      expect(result.log).toMatch(/bash of this machine, in place of node:24-bookworm-slim@sha256:/);
    },
  );

  pushTest("an edit of one Dockerfile builds exactly its image and what is built on it", async () => {
    repository.write("dockerfiles/app/Dockerfile", "FROM base AS run\nCOPY app/data /app\nLABEL edited=yes\n");
    repository.commit("edit app");
    const { result, targets } = await pushed();
    expect([result.status, targets]).toEqual(["SUCCESS", ["app.run", "tool.run"]]);
  });

  pushTest("a comment in a Dockerfile sets the trigger off, and nothing is built", async () => {
    repository.write("dockerfiles/base/Dockerfile", "# A comment.\nFROM scratch AS run\nCOPY base/data /base\n");
    repository.commit("comment");
    const { result, targets } = await pushed();
    expect([result.status, targets]).toEqual(["SUCCESS", []]);
  });

  pushTest("a README sets no trigger off", async () => {
    repository.write("README.md", "# Other words\n");
    repository.commit("words");
    const runs = await push();
    expect(runs.find(({ trigger }) => trigger === "strata-dev-push")?.reason).toContain("no changed file is among");
    expect(started(runs)).toEqual([]);
  });

  pushTest("another branch sets no trigger off", async () => {
    const event = await readRepositoryEvent({
      ...{ repository: REPOSITORY, branch: "main-2", checkout: repository.folder, commit: "HEAD~1", run: true },
    });
    const { runs } = await cloud.ok<{ runs: { trigger: string }[] }>("POST", "/_local/repository-events", event);
    expect(started(runs)).toEqual([]);
  });

  pushTest(
    "a pull request is planned as the checker: its plan is in the log and in one comment, and nothing is built",
    async () => {
      const main = repository.git("rev-parse", "HEAD").trim();
      repository.write("dockerfiles/base/data", "from a pull request\n");
      repository.write("cloudbuild.yaml", withApi());
      repository.commit("a change");
      const { result, targets } = await pushed({ pullRequest: "7", before: main });
      expect([result.status, result.log]).toEqual([
        "SUCCESS",
        expect.stringContaining("strata plan: 3 of 4 images to build"),
      ]);
      expect([result.trigger, emailOf(result)]).toEqual(["strata-dev-pull-request", "strata-dev-checker"]);
      expect(targets).toEqual([]);
      expect(gitHub.comments.map(({ body }) => body)).toEqual([expect.stringContaining("3 of 4 images to build")]);
      expect(result.log).not.toContain("comment-token");
      repository.git("reset", "--quiet", "--hard", main);
    },
  );

  pushTest("a pull request that makes its own build publish gets nowhere: the checker may not", async () => {
    const main = repository.git("rev-parse", "HEAD").trim();
    repository.write("dockerfiles/base/data", "published by a stranger\n");
    repository.write("cloudbuild.yaml", withApi().replaceAll("check) strata lint", "check) strata build; strata lint"));
    repository.commit("an attack");
    const { result, targets } = await pushed({ pullRequest: "7", before: main });
    expect([result.status, targets]).toEqual(["FAILURE", []]);
    expect(result.log).toContain("(403)");
    repository.git("reset", "--quiet", "--hard", main);
  });

  /** The repository's file, with the double in the place of GitHub. */
  function withApi(): string {
    return repository.git("show", "HEAD:cloudbuild.yaml").replace("https://api.github.com", gitHub.api);
  }

  pushTest(
    "a person builds the targets that are named, with so many jobs, from the branch and not from a pull request",
    async () => {
      repository.write("dockerfiles/base/data", "base again\n");
      repository.write("dockerfiles/other/data", "other again\n");
      const commit = repository.commit("two images");
      // The trigger is told of a file that does not matter, so that there is something left for a person to do.
      const event = { kind: "push", repository: REPOSITORY, branch: "main", commit, files: ["README.md"] };
      const checkout = join(repository.folder, ".git");
      const configs = { "cloudbuild.yaml": repository.git("show", "HEAD:cloudbuild.yaml") };
      await cloud.ok("POST", "/_local/repository-events", { ...event, configs, checkout });
      const substitutions = { _TARGETS: "other", _JOBS: "3" };
      const { result, targets } = await builtDuring(async () => {
        const { metadata } = await cloud.ok<{ metadata: { build: Build } }>(
          "POST",
          `/cloudbuild/v1/${L}/triggers/strata-dev-manual:run`,
          { source: { branchName: "main", substitutions } },
        );
        return ended(metadata.build.id);
      });
      expect([result.status, targets, emailOf(result)]).toEqual(["SUCCESS", ["other.run"], "strata-dev-publisher"]);
      expect(result.log).toContain("All 1 targets are published.");
      const [image] = (await builds()).filter(({ tags }) => tags?.includes("other.run"));
      const job = image?.options?.env?.find((line) => line.startsWith(`${JOB_VARIABLE}=`));
      expect(decodeJob(job?.slice(JOB_VARIABLE.length + 1) ?? "").hints).toEqual({ MAX_JOBS: "3" });
    },
  );

  /** Does what the scheduler does when the refresh is due, and waits for the build. */
  async function refresh() {
    return builtDuring(async () => {
      const before = new Set((await builds()).map(({ id }) => id));
      await cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs/strata-dev-refresh:run`, {});
      const [build] = (await builds()).filter(({ id }) => !before.has(id));
      if (!build) throw new Error("the refresh set nothing off");
      return ended(build.id);
    });
  }

  pushTest("a refresh that finds every base where it was is green and builds nothing", async () => {
    const { result, targets } = await refresh();
    expect([result.status, targets, emailOf(result)]).toEqual(["SUCCESS", [], "strata-dev-checker"]);
  });

  pushTest(
    "a refresh that finds a base moved is red, shows the patch and what it would rebuild, and publishes nothing",
    async () => {
      const digest = await pushBase("two");
      const { result, targets } = await refresh();
      expect([result.status, targets, emailOf(result)]).toEqual(["FAILURE", [], "strata-dev-checker"]);
      expect(result.log).toContain(`+    digest: ${digest}`);
      expect(result.log).toMatch(/other:run +build/);
      expect(result.log).toContain("Bases have moved.");
      const lock = join("dockerfiles", "bases.lock.yaml");
      repository.write(lock, repository.git("show", `HEAD:${lock}`).replace(/sha256:[0-9a-f]{64}/, digest));
      repository.commit("take the moved base");
      expect((await pushed()).targets).toContain("other.run");
    },
  );

  pushTest(
    "with the real npm the packages come from the commit's lock, and the build is the same",
    async () => {
      const before = process.env.PATH;
      process.env.PATH = before?.replace(`${programs}:`, "");
      try {
        repository.write("dockerfiles/tool/data", "tool again\n");
        repository.commit("edit tool");
        const { result, targets } = await pushed();
        expect([result.status, targets]).toEqual(["SUCCESS", ["tool.run"]]);
        expect(result.log).toMatch(/added \d+ packages/);
      } finally {
        process.env.PATH = before;
      }
    },
    600_000,
  );

  pushTest("no build of an image ran as anybody but the publisher", async () => {
    const images = (await builds()).filter(({ tags }) => tags?.includes("strata"));
    expect(new Set(images.map(emailOf))).toEqual(new Set(["strata-dev-publisher"]));
  });
});
