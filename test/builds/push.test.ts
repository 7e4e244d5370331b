import { join } from "node:path";
import { decodeJob, JOB_VARIABLE } from "../../builder/job.ts";
import {
  accountOf,
  type Build,
  L,
  type PushScene,
  pushTest,
  REPOSITORY,
  started,
  startPushScene,
} from "./pushScene.ts";

// The stack is brought up by the real engine and the pushed commit's own cloudbuild.yaml is run by real processes; the
// builds of images that it submits are simulated.
describe("a push to the repository of an environment", () => {
  let scene: PushScene;
  beforeAll(async () => {
    scene = await startPushScene();
  }, 180_000);
  afterAll(() => scene?.close());

  pushTest(
    "the first push publishes the whole catalogue, as the publisher, from the pushed commit's own file",
    async () => {
      const { result, targets } = await scene.pushed();
      expect([result.status, result.log]).toEqual(["SUCCESS", expect.stringContaining("All 4 targets are published.")]);
      expect([result.trigger, accountOf(result)]).toEqual(["strata-dev-push", "strata-dev-publisher"]);
      expect(targets).toEqual(["app.run", "base.run", "other.run", "tool.run"]);
      expect(result.log).toContain("processes of this machine, which stand in for containers");
      expect(result.log).toMatch(/bash of this machine, in place of node:24-bookworm-slim@sha256:/);
    },
  );

  pushTest("an edit of one Dockerfile builds exactly its image and what is built on it", async () => {
    scene.repository.write("dockerfiles/app/Dockerfile", "FROM base AS run\nCOPY app/data /app\nLABEL edited=yes\n");
    scene.repository.commit("edit app");
    const { result, targets } = await scene.pushed();
    expect([result.status, targets]).toEqual(["SUCCESS", ["app.run", "tool.run"]]);
  });

  pushTest("a comment in a Dockerfile sets the trigger off, and nothing is built", async () => {
    scene.repository.write("dockerfiles/base/Dockerfile", "# A comment.\nFROM scratch AS run\nCOPY base/data /base\n");
    scene.repository.commit("comment");
    const { result, targets } = await scene.pushed();
    expect([result.status, targets]).toEqual(["SUCCESS", []]);
  });

  pushTest("a README sets no trigger off", async () => {
    scene.repository.write("README.md", "# Other words\n");
    scene.repository.commit("words");
    const runs = await scene.push();
    expect(runs.find(({ trigger }) => trigger === "strata-dev-push")?.reason).toContain("no changed file is among");
    expect(started(runs)).toEqual([]);
  });

  pushTest("another branch sets no trigger off", async () => {
    expect(started(await scene.push({ branch: "main-2", commit: "HEAD~1" }))).toEqual([]);
  });

  pushTest(
    "a pull request is planned as the checker: its plan is in the log and in one comment, and nothing is built",
    async () => {
      const main = scene.repository.git("rev-parse", "HEAD").trim();
      scene.repository.write("dockerfiles/base/data", "from a pull request\n");
      scene.repository.commit("a change");
      const { result, targets } = await scene.pushed({ pullRequest: 7, before: main });
      expect([result.status, result.log]).toEqual([
        "SUCCESS",
        expect.stringContaining("strata plan: 3 of 4 images to build"),
      ]);
      expect([result.trigger, accountOf(result)]).toEqual(["strata-dev-pull-request", "strata-dev-checker"]);
      expect(targets).toEqual([]);
      const [comment] = scene.gitHub.comments;
      expect([scene.gitHub.comments.length, comment?.body]).toEqual([
        1,
        expect.stringMatching(/3 of 4 images to build[\s\S]*base\/data changed/),
      ]);
      expect(result.log).not.toContain("comment-token");
      scene.repository.git("reset", "--quiet", "--hard", main);
    },
  );

  pushTest(
    "a pull request's own cloudbuild.yaml is not run: its build is the one that the trigger carries",
    async () => {
      const main = scene.repository.git("rev-parse", "HEAD").trim();
      scene.repository.write("dockerfiles/base/data", "published by a stranger\n");
      const file = scene.repository.git("show", "HEAD:cloudbuild.yaml");
      const pool = `pool: { name: ${L}/workerPools/strata-dev-e2-standard-8 }`;
      scene.repository.write(
        "cloudbuild.yaml",
        file
          .replace("check) strata lint", "check) strata build; strata lint")
          .replace("options:\n", `options:\n  ${pool}\n`),
      );
      scene.repository.commit("an attack");
      const { result, targets } = await scene.pushed({ pullRequest: 7, before: main });
      expect([result.status, targets]).toEqual(["SUCCESS", []]);
      expect(result.log).toContain("strata plan: 3 of 4 images to build");
      expect(result).toMatchObject({ timeout: "1200s", options: { logging: "CLOUD_LOGGING_ONLY" } });
      expect(result.options).not.toHaveProperty("pool");
      scene.repository.git("reset", "--quiet", "--hard", main);
    },
  );

  pushTest("a pull request whose own code publishes gets nowhere: the checker may not", async () => {
    const main = scene.repository.git("rev-parse", "HEAD").trim();
    scene.repository.write("dockerfiles/base/data", "published by a stranger\n");
    const attack = 'if (process.argv[2] === "lint") process.argv[2] = "build";\n';
    const program = scene.repository.git("show", "HEAD:cli/strata.mjs");
    scene.repository.write("cli/strata.mjs", program.replace("const here", `${attack}const here`));
    scene.repository.commit("another attack");
    const { result, targets } = await scene.pushed({ pullRequest: 7, before: main });
    expect([result.status, targets]).toEqual(["FAILURE", []]);
    expect(result.log).toContain("(403)");
    scene.repository.git("reset", "--quiet", "--hard", main);
  });

  pushTest(
    "a person builds the targets that are named, with so many jobs, from the branch and not from a pull request",
    async () => {
      scene.repository.write("dockerfiles/base/data", "base again\n");
      scene.repository.write("dockerfiles/other/data", "other again\n");
      const commit = scene.repository.commit("two images");
      // The trigger is told of a file that does not matter, so that there is something left for a person to do.
      const event = { kind: "push", repository: REPOSITORY, branch: "main", commit, files: ["README.md"] };
      const checkout = join(scene.repository.folder, ".git");
      const configs = { "cloudbuild.yaml": scene.repository.git("show", "HEAD:cloudbuild.yaml") };
      await scene.cloud.ok("POST", "/_local/repository-events", { ...event, configs, checkout });
      const substitutions = { _TARGETS: "other", _JOBS: "3" };
      const { result, targets } = await scene.builtDuring(async () => {
        const { metadata } = await scene.cloud.ok<{ metadata: { build: Build } }>(
          "POST",
          `/cloudbuild/v1/${L}/triggers/strata-dev-manual:run`,
          { source: { branchName: "main", substitutions } },
        );
        return scene.ended(metadata.build.id);
      });
      expect([result.status, targets, accountOf(result)]).toEqual(["SUCCESS", ["other.run"], "strata-dev-publisher"]);
      expect(result.log).toContain("The target is published.");
      const [image] = (await scene.builds()).filter(({ tags }) => tags?.includes("other.run"));
      const job = image?.options?.env?.find((line) => line.startsWith(`${JOB_VARIABLE}=`));
      expect(decodeJob(job?.slice(JOB_VARIABLE.length + 1) ?? "").hints).toEqual({ MAX_JOBS: "3" });
    },
  );

  /** Does what the scheduler does when the refresh is due, and waits for the build. */
  async function refresh() {
    return scene.builtDuring(async () => {
      const before = new Set((await scene.builds()).map(({ id }) => id));
      await scene.cloud.ok("POST", `/cloudscheduler/v1/${L}/jobs/strata-dev-refresh:run`, {});
      const [build] = (await scene.builds()).filter(({ id }) => !before.has(id));
      if (!build) throw new Error("the refresh set nothing off");
      return scene.ended(build.id);
    });
  }

  pushTest("a refresh that finds every base where it was is green and builds nothing", async () => {
    const { result, targets } = await refresh();
    expect([result.status, targets, accountOf(result)]).toEqual(["SUCCESS", [], "strata-dev-checker"]);
  });

  pushTest(
    "a refresh that finds a base moved is red, shows the patch and what it would rebuild, and publishes nothing",
    async () => {
      const digest = await scene.pushBase("two");
      const { result, targets } = await refresh();
      expect([result.status, targets, accountOf(result)]).toEqual(["FAILURE", [], "strata-dev-checker"]);
      expect(result.log).toContain(`+    digest: ${digest}`);
      expect(result.log).toMatch(/other:run +build/);
      expect(result.log).toContain("Bases have moved.");
      const lock = join("dockerfiles", "bases.lock.yaml");
      scene.repository.write(lock, scene.repository.git("show", `HEAD:${lock}`).replace(/sha256:[0-9a-f]{64}/, digest));
      scene.repository.commit("take the moved base");
      expect((await scene.pushed()).targets).toContain("other.run");
    },
  );

  pushTest(
    "with the real npm the packages come from the commit's lock, and the build is the same",
    async () => {
      const before = process.env.PATH;
      process.env.PATH = before?.replace(`${scene.programs}:`, "");
      try {
        scene.repository.write("dockerfiles/tool/data", "tool again\n");
        scene.repository.commit("edit tool");
        const { result, targets } = await scene.pushed();
        expect([result.status, targets]).toEqual(["SUCCESS", expect.arrayContaining(["tool.run"])]);
        expect(result.log).toMatch(/added \d+ packages/);
      } finally {
        process.env.PATH = before;
      }
    },
    600_000,
  );

  pushTest("no build of an image ran as anybody but the publisher", async () => {
    const images = (await scene.builds()).filter(({ tags }) => tags?.includes("strata"));
    expect(new Set(images.map(accountOf))).toEqual(new Set(["strata-dev-publisher"]));
  });
});
