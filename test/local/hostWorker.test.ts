import { existsSync } from "node:fs";
import { join } from "node:path";
import { readRepositoryEvent } from "../../local/repositoryEvent.ts";
import { fill, folderWith, git, removeFolders } from "../chain/context/folder.ts";
import { BUILDS, type Build, type BuildCloud, L, P, REPOSITORY, startBuildCloud } from "./buildCloud.ts";

let on: BuildCloud;
let folder: string;
beforeAll(async () => {
  on = await startBuildCloud(0);
  folder = folderWith({ "data/file": "pushed\n" });
  git(folder, ["init", "-q", "-b", "main"]);
  const common = { filename: "cloudbuild.yaml", serviceAccount: on.asPublisher.serviceAccount };
  const events = {
    push: { repositoryEventConfig: { repository: REPOSITORY, push: { branch: "^main$" } } },
    pull: { repositoryEventConfig: { repository: REPOSITORY, pullRequest: { branch: "^main$" } } },
    hand: { sourceToBuild: { repository: REPOSITORY, ref: "refs/heads/main", repoType: "GITHUB" } },
  };
  for (const [name, event] of Object.entries(events)) {
    await on.cloud.ok("POST", `/cloudbuild/v1/${L}/triggers`, { name, ...common, ...event });
  }
});
afterAll(async () => {
  removeFolders();
  await on.cloud.close();
});

/** Commits a cloudbuild.yaml of these steps. */
function commit(steps: readonly object[], more: object = {}): string {
  fill(folder, { "cloudbuild.yaml": JSON.stringify({ steps, logsBucket: "gs://build-logs", ...more }) });
  git(folder, ["add", "."]);
  git(folder, ["commit", "-qm", "one", "--allow-empty"]);
  return git(folder, ["rev-parse", "HEAD"]).trim();
}

const bash = (script: string, more: object = {}) => ({
  name: "an-image",
  id: "one",
  entrypoint: "bash",
  args: ["-euc", script.replaceAll("$", "$$$$")],
  ...more,
});

async function send(more: { readonly pullRequest?: number; readonly run?: boolean } = {}): Promise<string> {
  const source = { repository: REPOSITORY, branch: "main", checkout: folder, commit: "HEAD", run: true, ...more };
  const event = await readRepositoryEvent(source);
  const { runs } = await on.cloud.ok<{ runs: { build?: string }[] }>("POST", "/_local/repository-events", event);
  return runs.find(({ build }) => build !== undefined)?.build ?? "";
}

async function ended(id: string): Promise<{ status: string; detail: string; log: string }> {
  const build = await on.ended(id);
  const object = `${on.cloud.origin}/storage/v1/b/build-logs/o/log-${id}.txt?alt=media`;
  const answer = await fetch(object, { headers: { authorization: `Bearer ${on.cloud.running.operatorToken}` } });
  return { status: build.status, detail: build.statusDetail ?? "", log: answer.ok ? await answer.text() : "" };
}

test("the steps run in a clone of the pushed commit, one after the other, and say that they are no containers", async () => {
  const id = commit([
    bash('cat data/file; echo "$GREETING $BUILD"; touch left', { env: ["GREETING=hello", "BUILD=$SHORT_SHA"] }),
    bash("ls left; git log --oneline | wc -l", { id: "two" }),
  ]);
  fill(folder, { "data/file": "not committed\n" });
  const { status, log } = await ended(await send());
  expect(status).toBe("SUCCESS");
  expect(log).toContain("processes of this machine, which stand in for containers");
  expect(log).toContain('Step #0 - "one": bash of this machine, in place of an-image');
  expect(log).toContain(`Step #0 - "one": pushed\nStep #0 - "one": hello ${id.slice(0, 7)}\n`);
  expect(log).toContain('Step #1 - "two": left\nStep #1 - "two": 1\n');
  expect(existsSync(join(folder, "left"))).toBe(false);
});

test("a step has the rights of the trigger's account, and nothing of this process's own environment", async () => {
  process.env.OPERATORS_SECRET = "secret";
  const call = `fetch(process.env.GOOGLE_STORAGE_CUSTOM_ENDPOINT + "b/build-logs/o", {
    headers: { authorization: "Bearer " + process.env.GOOGLE_OAUTH_ACCESS_TOKEN } }).then(({ status }) => console.log("logs", status));
    fetch(process.env.GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT + "${P}:getIamPolicy", { method: "POST",
    headers: { authorization: "Bearer " + process.env.GOOGLE_OAUTH_ACCESS_TOKEN } }).then(({ status }) => console.log("policy", status));`;
  commit([bash(`node -e '${call}'; echo "secret:\${OPERATORS_SECRET:-none} home:$(ls -A ~)"`)]);
  const { log } = await ended(await send());
  delete process.env.OPERATORS_SECRET;
  expect(log).toContain("logs 200");
  expect(log).toContain("policy 403");
  expect(log).toContain("secret:none home:\n");
});

test("a step that fails ends the build with its exit code; one that may fail does not", async () => {
  commit([bash("exit 3", { allowFailure: true }), bash("exit 7", { id: "two" }), bash("echo never", { id: "three" })]);
  const { status, detail, log } = await ended(await send());
  expect([status, detail]).toEqual(["FAILURE", expect.stringContaining("build step 1")]);
  expect(detail).toContain("ended with 7");
  expect(log).not.toContain("never");
});

test.each([
  ["no entrypoint", { name: "an-image", args: ["x"] }, "names no entrypoint"],
  ["a script", { name: "an-image", script: "echo x" }, "has script"],
  ["a secret", bash("true", { secretEnv: ["TOKEN"] }), "has secretEnv"],
  ["another folder", bash("true", { dir: "data" }), "has dir"],
])("a step with %s is refused before anything runs", async (_, step, reason) => {
  commit([bash("echo ran"), { ...step, id: "two" }]);
  const { status, detail, log } = await ended(await send());
  expect([status, detail]).toEqual(["FAILURE", expect.stringContaining(reason)]);
  expect(log).not.toContain("ran\n");
});

test("a program that is not on this machine fails its step and says so", async () => {
  commit([{ name: "an-image", entrypoint: "no-such-program" }]);
  const { status, log } = await ended(await send());
  expect(status).toBe("FAILURE");
  expect(log).toContain("no-such-program cannot be started");
});

test("a build that is cancelled ends what its steps have started", async () => {
  commit([bash("sleep 300 & echo started $!; wait")]);
  const id = await send();
  let pid = "";
  while (pid === "") {
    await new Promise((again) => setTimeout(again, 50));
    const text = await fetch(`${on.cloud.origin}/storage/v1/b/build-logs/o/log-${id}.txt?alt=media`, {
      headers: { authorization: `Bearer ${on.cloud.running.operatorToken}` },
    }).then((answer) => (answer.ok ? answer.text() : ""));
    pid = /started (\d+)/.exec(text)?.[1] ?? "";
  }
  await on.cloud.ok("POST", `${BUILDS}/${id}:cancel`, {});
  expect((await on.ended(id)).status).toBe("CANCELLED");
  for (let tries = 0; existsSync(`/proc/${pid}`) && tries < 100; tries++) {
    await new Promise((again) => setTimeout(again, 20));
  }
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});

test("what a pull request brought is not run by hand as if it were the branch", async () => {
  commit([bash("echo from the branch")]);
  await ended(await send());
  commit([bash("echo from the pull request")]);
  expect((await ended(await send({ pullRequest: 7 }))).log).toContain("from the pull request");
  const { metadata } = await on.cloud.ok<{ metadata: { build: Build } }>(
    "POST",
    `/cloudbuild/v1/${L}/triggers/hand:run`,
    {
      source: { branchName: "main" },
    },
  );
  expect((await ended(metadata.build.id)).log).toContain("from the branch");
});

test("without --run the steps are simulated", async () => {
  commit([bash("echo ran")]);
  const { status, log } = await ended(await send({ run: false }));
  expect(status).toBe("SUCCESS");
  expect(log).toContain("simulated: no step runs");
});
