import type { Finding } from "../../chain/finding.ts";
import { lintCatalogue } from "../../chain/lint.ts";
import { lintShell } from "../../chain/lintShell.ts";
import { chainOf, changed, DIGEST, settings } from "./smallChain.ts";

/** The findings for an image "x" with this Dockerfile, besides those of the small chain, which has none. */
async function findings(
  dockerfile: string,
  files: Readonly<Record<string, string | undefined>> = {},
): Promise<readonly Finding[]> {
  const all = changed({ "x/image.yaml": settings(), "x/Dockerfile": dockerfile, ...files });
  const { catalogue, graph, chain } = await chainOf(all);
  return lintCatalogue(catalogue, graph, chain);
}

const rulesOf = async (...given: Parameters<typeof findings>) =>
  (await findings(...given)).map(({ rule, line, severity }) => `${rule}:${line}:${severity}`);

const COMMIT = "0123456789abcdef0123456789abcdef01234567";
const run = (command: string) => `FROM debian:12 AS x\nRUN ${command}\n`;

test("a chain without fault has no finding", async () => {
  expect(await rulesOf("FROM debian:12 AS x\nRUN make\n")).toEqual([]);
});

test.each([
  ["clone-unpinned", "error", "git clone https://host/a", `git clone https://host/a \\\n && git checkout ${COMMIT}`],
  ["clone-unpinned", "error", "git clone --branch v1 --depth 1 https://host/a", `git -C a fetch origin ${COMMIT}`],
  [
    "clone-unpinned",
    "error",
    "pip install --no-deps git+https://host/a@v1",
    `pip install git+https://host/a@${COMMIT}`,
  ],
  ["pip-unhashed", "error", "pip install numpy", "pip install --require-hashes -r requirements.lock"],
  ["pip-unhashed", "error", "python3 -m pip install -r requirements.txt", "pip install --no-index ./wheels/a.whl"],
  ["pip-unhashed", "error", "uv pip install numpy", "pip install /wheels/*.whl"],
  ["apt-unpinned", "warning", "apt-get update && apt-get -y install curl", "apt-get install -y curl=8.1.2"],
  ["apt-unpinned", "warning", "apt install curl", "echo snapshot.debian.org > /etc/apt/x && apt-get install -y curl"],
  [
    "download-unchecked",
    "warning",
    "curl -fsSLO https://host/a.tgz",
    "curl -O https://host/a && echo x a | sha256sum -c",
  ],
  ["download-unchecked", "warning", "wget https://host/a", "wget -h"],
])("%s (%s): `%s` is found, `%s` is not", async (rule, severity, found, fine) => {
  expect(await rulesOf(run(found))).toEqual([`${rule}:2:${severity}`]);
  expect(await rulesOf(run(fine))).toEqual([]);
});

test("unquoted-bound: the shell would take the bound for a redirection; quoted it is none", async () => {
  expect(await rulesOf(run("pip install --require-hashes numpy>=1.2"))).toEqual(["unquoted-bound:2:error"]);
  expect(await rulesOf(run('pip install --require-hashes "numpy>=1.2"'))).toEqual([]);
  expect(await rulesOf(run("pip install --require-hashes -r a.lock > log"))).toEqual([]);
});

test("clone-unpinned: a build arg that is checked out has to hold a commit", async () => {
  const dockerfile = "FROM debian:12 AS x\nARG REF\nRUN git clone https://host/a && git -C a checkout $REF\n";
  const withRef = (ref: string) => ({ "x/image.yaml": settings(`args: { REF: ${ref} }`) });
  expect(await rulesOf(dockerfile, withRef("v1.0"))).toEqual(["clone-unpinned:3:error"]);
  expect(await rulesOf(dockerfile, withRef(`"${COMMIT}"`))).toEqual([]);
});

test("latest: a base without a tag, or with the tag latest", async () => {
  const lock = { "bases.lock.yaml": `images: { debian:12: { digest: "${DIGEST}" }, debian: { digest: "${DIGEST}" } }` };
  expect(await rulesOf("FROM debian AS x\n", lock)).toEqual(["latest:1:error"]);
  expect(await rulesOf("FROM debian:latest AS x\n", lock)).toEqual(["latest:1:error"]);
  expect(await rulesOf(`FROM debian@${DIGEST} AS x\n`, lock)).toEqual([]);
});

test("version-pair: versions that no release of torch goes with, in the Dockerfile's own args too", async () => {
  const args = (vision: string) => `FROM debian:12 AS x\nARG TORCH_VERSION=2.6.0\nARG TORCHVISION_VERSION=${vision}\n`;
  const [finding] = await findings(args("0.20.0"));
  expect(finding).toEqual({
    severity: "error",
    rule: "version-pair",
    file: "dockerfiles/x/Dockerfile",
    line: 3,
    problem: "TORCHVISION_VERSION 0.20.0 does not go with torch 2.6.0; 0.20.0 belongs to torch 2.5.0",
    fix: "set TORCHVISION_VERSION to 0.21.0",
  });
  expect(await rulesOf(args("0.21.0"))).toEqual([]);
});

test("secret: in ARG or ENV by name or by form, and not in a secret mount", async () => {
  expect(await rulesOf("FROM debian:12 AS x\nARG HF_TOKEN\nENV API_KEY=abc\n")).toEqual([
    "secret:2:error",
    "secret:3:error",
  ]);
  expect(await rulesOf(`FROM debian:12 AS x\nENV A=AKIA${"A".repeat(16)}\n`)).toEqual(["secret:2:error"]);
  expect(
    await rulesOf("FROM debian:12 AS x\nRUN --mount=type=secret,id=HF_TOKEN make\nENV TOKENIZERS_PARALLELISM=1\n"),
  ).toEqual([]);
});

test("hint-leak: a hint's value in ENV is in the image, but not in its key", async () => {
  const image = { "x/image.yaml": settings("hints: [MAX_JOBS]") };
  expect(await rulesOf("FROM debian:12 AS x\nARG MAX_JOBS\nENV J=$MAX_JOBS\n", image)).toEqual(["hint-leak:3:error"]);
  expect(await rulesOf("FROM debian:12 AS x\nARG MAX_JOBS\nRUN make -j$MAX_JOBS\n", image)).toEqual([]);
});

test("unkeyable: what the plan refuses is a finding with its place and its fix; of children nothing is said", async () => {
  const all = await findings("FROM other:1 AS x\n", { "y/image.yaml": settings(), "y/Dockerfile": "FROM x AS y\n" });
  expect(all).toHaveLength(1);
  expect(all[0]).toMatchObject({ rule: "unkeyable", severity: "error", line: 1, fix: "strata lock other:1" });
});

test("unresolved: a base that the lock marks as unresolved is a warning", async () => {
  const lock = `images: { debian:12: { digest: "${DIGEST}" }, other:1: { digest: unresolved } }`;
  expect(await rulesOf("FROM other:1 AS x\n", { "bases.lock.yaml": lock })).toEqual(["unresolved:1:warning"]);
});

test("a script that an image reads is looked at as well, at its own lines", async () => {
  const script = "#!/bin/sh\nset -eu\n# pip install x\nmake\npip install numpy\n";
  const [finding, ...more] = await findings("FROM debian:12 AS x\nCOPY x/build.sh /\n", { "x/build.sh": script });
  expect(finding).toMatchObject({ rule: "pip-unhashed", file: "dockerfiles/x/build.sh", line: 5 });
  expect(more).toEqual([]);
});

test("an excuse in the line above counts for its own rule, and only with a reason", async () => {
  const excused = (comment: string) => rulesOf(`FROM debian:12 AS x\n${comment}\nRUN pip install numpy\n`);
  expect(await excused("# strata lint: allow pip-unhashed: it never reaches the image")).toEqual([]);
  expect(await excused("# strata lint: allow pip-unhashed:")).toEqual(["pip-unhashed:3:error"]);
  expect(await excused("# strata lint: allow apt-unpinned: another rule")).toEqual(["pip-unhashed:3:error"]);
});

test("a comment is no command, and a continued one counts where it starts", () => {
  const rules = (text: string) =>
    lintShell({ file: "f", line: 10, text }, {}).map(({ rule, line }) => `${rule}:${line}`);
  expect(rules("# git clone x\nmake # pip install x\n")).toEqual([]);
  expect(rules("a;\nb && \\\n  pip install \\\n  numpy")).toEqual(["pip-unhashed:11"]);
});
