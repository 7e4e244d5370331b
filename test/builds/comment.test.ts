import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { planChain } from "../../chain/plan.ts";
import { comment } from "../../cli/commands/comment.ts";
import { renderPlanMarkdown } from "../../cli/render/planMarkdown.ts";
import { putComment } from "../../cloud/github/comments.ts";
import { environmentOf } from "../../local/environment.ts";
import { chainOf, changed } from "../chain/smallChain.ts";
import { PROJECT, startTestCloud, type TestCloud } from "../local/testCloud.ts";
import { type GitHubDouble, startGitHub } from "./gitHub.ts";

const TOKEN = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
const SECRETS = `projects/${PROJECT}/secrets`;

let cloud: TestCloud;
let gitHub: GitHubDouble;

beforeAll(async () => {
  cloud = await startTestCloud();
  const tokens = { comments: TOKEN, bot: "bots", reader: "reads", empty: "\n", expired: "expired" };
  for (const [name, token] of Object.entries(tokens)) {
    await cloud.ok("POST", `/secretmanager/v1/projects/${PROJECT}/secrets?secretId=${name}`, {
      replication: { automatic: {} },
    });
    const payload = { data: Buffer.from(`${token}\n`).toString("base64") };
    await cloud.ok("POST", `/secretmanager/v1/${SECRETS}/${name}:addVersion`, { payload });
  }
});
afterAll(() => cloud.close());

beforeEach(async () => {
  const tokens = {
    [TOKEN]: { login: "strata-ci" },
    bots: { login: "strata[bot]", app: true },
    reads: { login: "strata-ci", readOnly: true },
  };
  gitHub = await startGitHub("acme/images", [7], tokens);
});
afterEach(() => gitHub.close());

const optionsFor = (secret: string, more: object = {}) => ({
  repository: "acme/images",
  pullRequest: "7",
  tokenSecret: secret === "" ? "" : `${SECRETS}/${secret}/versions/1`,
  api: gitHub.api,
  ...more,
});

/** `strata comment`: what it wrote, or the error that it ended with. */
async function run(markdown: string, secret = "comments", more: object = {}) {
  const written = { out: "", err: "" };
  const writer = (stream: "out" | "err") => ({
    write(words: string) {
      written[stream] += words;
    },
  });
  const env = environmentOf(cloud.origin, cloud.running.operatorToken);
  const terminal = { stdout: writer("out"), stderr: writer("err"), env };
  const error = await comment(markdown, optionsFor(secret, more), terminal).then(
    () => "",
    (thrown: Error) => thrown.message,
  );
  return { ...written, error };
}

test("the first plan makes a comment, and every later one rewrites that comment", async () => {
  expect((await run("first\n")).err).toContain("attached to acme/images#7 (created)");
  const second = await run("second\n");
  expect(second.err).toContain("(updated)");
  expect(second.out).toBe("second\n");
  expect(gitHub.comments.map(({ body }) => body)).toEqual([expect.stringMatching(/^<!-- strata: .* -->\nsecond\n$/)]);
});

test("our comment is found behind a hundred others", async () => {
  await run("first\n");
  const others = Array.from({ length: 150 }, (_, index) => ({
    id: 1000 + index,
    body: `comment ${index}`,
    user: { login: "person", type: "User" as const },
  }));
  gitHub.comments.unshift(...others);
  expect((await run("second\n")).err).toContain("(updated)");
  expect(gitHub.comments).toHaveLength(151);
});

test("no comment is asked for behind the one that is ours", async () => {
  await run("first\n");
  const another = { id: 1000, body: "a comment", user: { login: "person", type: "User" as const } };
  gitHub.comments.push(...Array.from({ length: 150 }, () => another));
  gitHub.requests.length = 0;
  await run("second\n");
  expect(gitHub.requests.filter((one) => one.includes("/issues/7/comments"))).toHaveLength(1);
});

test("an address where a page for people answers is refused with the form of the right one", async () => {
  gitHub.weather.push("page");
  expect((await run("plan\n")).error).toMatch(/not GitHub's API[\s\S]*127\.0\.0\.1[\s\S]*\/api\/v3/);
});

test.each(["comments", "bot"])(
  "a comment of a person that begins like ours is not ours (token of %s)",
  async (secret) => {
    await run("first\n", secret);
    const [ours] = gitHub.comments;
    if (!ours) throw new Error("no comment");
    const forged = {
      id: 99,
      body: ours.body.replace("first", "nothing to build"),
      user: { login: "x", type: "User" as const },
    };
    gitHub.comments.unshift(forged);
    expect((await run("second\n", secret)).err).toContain("(updated)");
    expect(gitHub.comments).toEqual([forged, { ...ours, body: ours.body.replace("first", "second") }]);
  },
);

test("without a token, without a pull request or without a plan it prints and calls nobody", async () => {
  expect(await run("plan\n", "")).toEqual({
    out: "plan\n",
    err: expect.stringContaining("No token is named"),
    error: "",
  });
  expect(await run("plan\n", "comments", { pullRequest: "" })).toEqual({
    out: "plan\n",
    err: expect.stringContaining("No pull request is named"),
    error: "",
  });
  expect(await run("\n")).toEqual({ out: "\n", err: "", error: "" });
  expect(gitHub.requests).toEqual([]);
});

test("a passing failure is waited out; a comment whose making may have succeeded is not made twice", async () => {
  const place = { api: gitHub.api, repository: "acme/images", number: 7, token: TOKEN };
  const quick = { attempts: 4, firstDelayMs: 1, longestDelayMs: 2 };
  gitHub.weather.push(503, "cut");
  expect(await putComment(place, "<!-- m -->", "plan", quick)).toBe("created");
  gitHub.comments.length = 0;
  gitHub.requests.length = 0;
  gitHub.losing = "POST";
  await expect(putComment(place, "<!-- m -->", "plan", quick)).rejects.toThrow("cannot comment on the pull request");
  expect(gitHub.requests.filter((one) => one.startsWith("POST"))).toHaveLength(1);
  delete gitHub.losing;
  expect(await putComment(place, "<!-- m -->", "plan", quick)).toBe("updated");
});

test.each([
  ["a token that may only read", "reader", {}, /does not let the plan be attached[\s\S]*acme\/images#7[\s\S]*fix:/],
  ["a token that GitHub does not know", "expired", {}, /\(401\)[\s\S]*has not expired/],
  ["a secret without a token", "empty", {}, /the secret holds no token/],
  ["a secret that is not there", "missing", {}, /secrets\/missing/],
  ["another pull request", "comments", { pullRequest: "8" }, /\(404\)/],
  ["no number", "comments", { pullRequest: "7/../../x" }, /no pull request's number[\s\S]*7\/..\/..\/x/],
  ["no repository", "comments", { repository: "acme/images/../.." }, /no repository at GitHub/],
  ["a repository that is a path", "comments", { repository: "acme/.." }, /no repository at GitHub/],
  ["an address without encryption", "comments", { api: "http://github.example.com" }, /may be sent to[\s\S]*https/],
  ["an address that hides another", "comments", { api: "https://api.github.com@evil.example" }, /may be sent to/],
  ["a secret's name that is a path", "comments", { tokenSecret: "projects/p/../secrets/x" }, /no version of a secret/],
])("%s is refused, and the token is not shown", async (_, secret, more, message) => {
  const { out, err, error } = await run("plan\n", secret, more);
  expect(error).toMatch(message);
  expect(`${out}${err}${error}`).not.toContain(TOKEN);
});

test("a plan that is longer than a comment is cut at a line and says so", async () => {
  const long = `${"| a row of the plan |\n".repeat(10_000)}`;
  expect((await run(long)).out).toBe(long);
  const [{ body = "" } = {}] = gitHub.comments;
  expect(body.length).toBeLessThanOrEqual(65_536);
  expect(body).toMatch(/\| a row of the plan \|\n\n\*\*The plan is longer than a comment may be; .*\*\*\n$/);
});

test("what a change writes into a plan stays text: no mention, no link, no end of a table or of code", async () => {
  const evil =
    "`@acme/admins` </code></details>| [x](https://evil.example) <!-- strata: the plan of this pull request -->";
  const before = await chainOf(changed({}));
  const after = await chainOf(
    changed({ "app/Dockerfile": `FROM lib AS runtime\nLABEL x="${evil.replaceAll("`", "\\`")}"\n` }),
  );
  const inputs = new Map([...before.chain.targets].map(([name, one]) => [name, one.inputs]));
  const exists = new Map(
    [...after.chain.targets].map(([name, one]) => [name, inputs.get(name)?.key === one.inputs.key]),
  );
  const plan = planChain(after.graph, after.chain, { exists, before: inputs });
  await run(renderPlanMarkdown(plan, evil));
  await run(renderPlanMarkdown(plan, evil));
  expect(gitHub.comments).toHaveLength(1);
  const [{ body = "" } = {}] = gitHub.comments;
  const visible = body
    .replace(/^<!--[^\n]*-->\n/, "")
    .replace(/(`+)[^\n]*?[^`]\1(?!`)/g, "")
    .replace(/<code>.*?<\/code>/g, "");
  expect(visible).not.toMatch(/@acme|evil\.example|<!--/);
  expect(visible.match(/<\/details>/g) ?? []).toHaveLength((visible.match(/<details>/g) ?? []).length);
});

test("as a program it takes the plan from standard input, and the token is in no argument and no output", async () => {
  const options = optionsFor("comments");
  const words = [
    ...["comment", "--repository", options.repository, "--pull-request", "7"],
    ...["--token-secret", options.tokenSecret, "--api", options.api],
  ];
  const env = { ...process.env, ...environmentOf(cloud.origin, cloud.running.operatorToken) };
  const child = spawn("node", ["cli/strata.mjs", ...words], { env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.end("from a pipe\n");
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(out).toBe("from a pipe\n");
  expect(err).toContain("attached to acme/images#7 (created)");
  expect(`${child.spawnargs.join(" ")}${out}${err}`).not.toContain(TOKEN);
  expect(gitHub.comments).toHaveLength(1);
});
