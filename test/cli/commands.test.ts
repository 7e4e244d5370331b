import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../chain/plan.ts";
import { planSchema } from "../../cli/render/planJson.ts";
import { renderPlanMarkdown } from "../../cli/render/planMarkdown.ts";
import { runCli } from "../../cli/run.ts";
import { available } from "../../toolbox/available.ts";
import { commitAll, fill, folderWith, git, removeFolders } from "../chain/context/folder.ts";
import { DIGEST, settings, smallChain } from "../chain/smallChain.ts";
import { startRegistry, type TestRegistry } from "../cloud/registryServer.ts";

const buildx = available(["buildx"]);
const withBuildx = buildx.tools
  ? test
  : (name: string, _: () => Promise<void>) => test.skip(`${name} (${buildx.reason})`, () => {});

const caches = folderWith();
const registries: TestRegistry[] = [];
afterAll(async () => {
  for (const registry of registries) await registry.close();
  removeFolders();
});

interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command line with a terminal that records. */
async function strata(
  words: readonly string[],
  more: { isTTY?: boolean; columns?: number; env?: Record<string, string> } = {},
): Promise<Result> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await runCli(words, {
    stdout: { write: (text) => out.push(text), ...(more.isTTY && { isTTY: true, columns: more.columns }) },
    stderr: { write: (text) => err.push(text) },
    env: { XDG_CACHE_HOME: caches, ...more.env },
  } as Parameters<typeof runCli>[1]);
  return { code, out: out.join(""), err: err.join("") };
}

/** A repository whose folder "images" is the small chain, with one commit. */
function repository(files: Readonly<Record<string, string>> = {}): { root: string; catalogue: string } {
  const all = Object.entries({ ...smallChain, ...files });
  const root = folderWith(Object.fromEntries(all.map(([path, text]) => [`images/${path}`, text])));
  commitAll(root);
  return { root, catalogue: join(root, "images") };
}

const ESC = String.fromCharCode(27);

describe("plan", () => {
  test("without a registry it shows a tree of keys and says how to learn more", async () => {
    const { code, out } = await strata(["plan", "--catalogue", repository().catalogue]);
    expect(code).toBe(0);
    const names = out.split("\n").map((line) => /^[│├└─ ]*[a-z]+:[a-z]+/.exec(line)?.[0]);
    expect(names.filter(Boolean)).toEqual(["base:runtime", "└─ lib:runtime", "   └─ app:runtime", "base:devel"]);
    expect(out).toContain("also from base:devel");
    expect(out).toContain("No registry was asked");
  });

  test.each(["plan", "report"])(
    "%s asks one registry: an environment's own, or the one that is named",
    async (name) => {
      const words = ["--settings", "build.json", "--registry", "localhost:1/images"];
      const { code, err } = await strata([name, "--catalogue", repository().catalogue, ...words]);
      expect([code, err]).toEqual([1, expect.stringMatching(/--settings says which registry[\s\S]*fix: +name one/)]);
    },
  );

  test("--against says what would be built and why, and exits 3 only where asked and where something would be", async () => {
    const { root, catalogue } = repository();
    const plan = (...more: string[]) => strata(["plan", "--catalogue", catalogue, "--against", "HEAD", ...more]);
    expect(await plan("--exit-code")).toMatchObject({
      code: 0,
      out: expect.stringContaining("0 to build, 4 to reuse"),
    });
    fill(root, { "images/lib/tool": "other\n" });
    const { code, out } = await plan("--exit-code");
    expect(code).toBe(3);
    expect(out).toContain("lib/tool changed, read by COPY lib/tool /usr/bin/");
    expect(out).toContain("parent lib:runtime will be rebuilt");
    expect(out).toContain("2 to build, 2 to reuse: 6 min until all is built");
    expect(out).toContain("longest chain: lib:runtime -> app:runtime");
    expect((await plan()).code).toBe(0);
  });

  test("--against touches neither the work tree nor the index", async () => {
    const { root, catalogue } = repository();
    fill(root, { "images/lib/tool": "other\n", "images/lib/new": "" });
    git(root, ["add", "images/lib/new"]);
    const state = () => [
      git(root, ["status", "--porcelain"]),
      git(root, ["stash", "list"]),
      readFileSync(join(root, ".git/index")).toString("hex"),
    ];
    const before = state();
    await strata(["plan", "--catalogue", catalogue, "--against", "HEAD"]);
    expect(state()).toEqual(before);
  });

  test("--json has the published form, for every action", async () => {
    const { root, catalogue } = repository();
    fill(root, { "images/lib/tool": "other\n" });
    const built = await strata(["plan", "--catalogue", catalogue, "--against", "HEAD", "--json"]);
    const plan = planSchema.parse(JSON.parse(built.out));
    expect(plan.against).toBe("HEAD");
    expect(plan.targets.map(({ action }) => action)).toEqual(["reuse", "build", "reuse", "build"]);
    planSchema.parse(JSON.parse((await strata(["plan", "--catalogue", catalogue, "--json"])).out));
    fill(root, { "images/bases.lock.yaml": "images: {}\n" });
    const refused = await strata(["plan", "--catalogue", catalogue, "--json"]);
    expect(planSchema.parse(JSON.parse(refused.out)).totals.refused).toBe(4);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("not every target can be keyed") });
  });

  test("a target's name narrows the plan to it and its parents; an unknown one is refused with the nearest", async () => {
    const { catalogue } = repository();
    const { out } = await strata(["plan", "lib", "--catalogue", catalogue, "--json"]);
    expect(planSchema.parse(JSON.parse(out)).targets.map(({ target }) => target)).toEqual([
      "base:runtime",
      "lib:runtime",
    ]);
    const { code, err } = await strata(["plan", "lib:runtim", "--catalogue", catalogue]);
    expect([code, err]).toEqual([1, expect.stringContaining("is lib:runtime meant?")]);
  });

  test("colours are on a terminal, and nowhere else, and not with NO_COLOR", async () => {
    const words = ["plan", "--catalogue", repository().catalogue];
    expect((await strata(words)).out).not.toContain(ESC);
    expect((await strata(words, { isTTY: true })).out).toContain(ESC);
    expect((await strata(words, { isTTY: true, env: { NO_COLOR: "1" } })).out).not.toContain(ESC);
  });

  test("a terminal's width cuts reasons and breaks what is wrong between words; a pipe gets all, and no blank at a line's end", async () => {
    const { root, catalogue } = repository();
    const long = "a folder/whose name/is longer/than what/a terminal/has room/for in/one line".replaceAll(" ", "-");
    fill(root, {
      "images/lib/Dockerfile": `FROM base:runtime AS runtime\nCOPY lib/${long} /usr/bin/\n`,
      [`images/lib/${long}`]: "",
      "images/waits/image.yaml": settings(),
      "images/waits/Dockerfile": "FROM nowhere.example/unpinned:1 AS waits\n",
    });
    const words = ["plan", "--catalogue", catalogue, "--against", "HEAD"];
    const piped = (await strata(words)).out.split("\n");
    expect(piped.some((line) => line.length > 100)).toBe(true);
    expect(piped.filter((line) => /\s$/.test(line))).toEqual([]);
    const shown = await strata(words, { isTTY: true, columns: 60, env: { NO_COLOR: "1" } });
    const tree = shown.out.split("\n\n")[0]?.split("\n") ?? [];
    expect(Math.max(...tree.map((line) => line.length))).toBeLessThanOrEqual(60);
    const unbroken = tree.join(" ").replace(/\s+/g, " ");
    expect(unbroken).toContain("no digest pins this base image, so its content could change unseen");
    expect(unbroken).toContain("fix: strata lock nowhere.example/unpinned:1");
    expect(tree.some((line) => line.endsWith("…"))).toBe(true);
  });

  test("a registry that has none of the keys is asked about, since a repository's slip of the pen answers the same", async () => {
    const registry = await startRegistry("open");
    registries.push(registry);
    const words = ["plan", "--catalogue", repository().catalogue, "--registry", `${registry.host}/images`];
    const question = `Nothing of this is published in ${registry.host}/images: is that the repository that is meant?\n`;
    expect((await strata(words)).out).toContain(question);
    const { targets } = planSchema.parse(JSON.parse((await strata([...words, "--json"])).out));
    registry.push("images/base/runtime", targets[0]?.key ?? "", "layer");
    const { out } = await strata(words);
    expect(out).toContain("3 to build, 1 to reuse");
    expect(out).not.toContain(question);
  });

  test("no text of the change can break out of --markdown's code: backticks, pipes, HTML, mentions, lines", () => {
    const texts = ["a ``` b ` c", "x | y \\| @team <b>z</b> `q`", "<img src=x> @everyone", "one\n\n# two", "|", "`|`"];
    const target = {
      target: "a:b",
      tier: 0,
      parents: [],
      action: "build",
      key: "0".repeat(64),
      machine: "m",
      jobs: 1,
      minutes: 1,
      dollars: 1,
    } as const;
    const totals = { reuse: 0, build: 1, unknown: 0, refused: 0, minutes: 1, dollars: 1, makespan: 1 };
    for (const text of texts) {
      const plan: Plan = { targets: [{ ...target, reasons: [{ kind: "file", text }] }], totals, criticalPath: ["a:b"] };
      const row =
        renderPlanMarkdown(plan, undefined)
          .split("\n")
          .find((line) => line.startsWith("| `a:b`")) ?? "";
      // Six cells, however a renderer treats an escaped bar.
      expect(row.split("|")).toHaveLength(8);
      const why = row.split("|")[6]?.trim() ?? "";
      if (why.startsWith("<code>")) expect(why.slice(6, -7)).not.toMatch(/[<>`@|\\]/);
      else {
        const [ticks = ""] = /^`+/.exec(why) ?? [];
        expect(ticks).not.toBe("");
        const inner = why.slice(ticks.length, -ticks.length);
        expect((inner.match(/`+/g) ?? []).filter((run) => run.length >= ticks.length)).toEqual([]);
      }
    }
  });
});

describe("explain", () => {
  test("it gives the reasons input by input, as text and as JSON; an unchanged target is said to be the same", async () => {
    const { root, catalogue } = repository();
    const same = await strata(["explain", "lib", "--catalogue", catalogue]);
    expect(same.out).toMatch(/^lib:runtime is the same as in HEAD/);
    fill(root, { "images/base/image.yaml": (smallChain["base/image.yaml"] ?? "").replace("2.6.0", "2.6.1") });
    const { out } = await strata(["explain", "base:devel", "--catalogue", catalogue]);
    expect(out).toContain("ARG TORCH_VERSION 2.6.0 -> 2.6.1");
    const json = await strata(["explain", "lib", "--catalogue", catalogue, "--json"]);
    expect(JSON.parse(json.out)).toMatchObject({
      target: "lib:runtime",
      reasons: [{ kind: "parent", text: "parent base:runtime will be rebuilt" }],
    });
  });
});

describe("inputs", () => {
  test("for any Dockerfile it prints algorithm, key, instructions, args, files, parents and bases", async () => {
    const folder = folderWith({
      Dockerfile: "FROM scratch\nARG V=1\nCOPY src /\n",
      "src/a": "a",
      "src/run": { executable: "x" },
      "src/l": { link: "a" },
    });
    const words = [
      "inputs",
      "--dockerfile",
      join(folder, "Dockerfile"),
      "--context",
      folder,
      "--build-arg",
      "V=2",
      "--json",
    ];
    const { code, out } = await strata(words);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      algorithm: "strata-key-2",
      key: expect.stringMatching(/^[0-9a-f]{64}$/),
      args: { V: "2" },
      files: [
        { path: "src/a", mode: "0644", size: 1, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { path: "src/l", mode: "0777", link: "a" },
        { path: "src/run", mode: "0755" },
      ],
      parents: {},
      bases: {},
    });
  });

  test("what it refuses goes to standard error with file, line, reason and fix, and exits 1", async () => {
    const folder = folderWith({ Dockerfile: "FROM scratch\nADD https://example.org/a /\n" });
    const { code, out, err } = await strata(["inputs", "--dockerfile", join(folder, "Dockerfile"), "--json"]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/^strata: .*Dockerfile:2: .*\n {2}received: .*\n.*fix: /s);
  });
});

describe("bake", () => {
  test("parents are other targets, bases are digests, hints are no args", async () => {
    const { out } = await strata(["bake", "--catalogue", repository().catalogue]);
    const { target, group } = JSON.parse(out);
    expect(group.default.targets).toEqual(["base_runtime", "lib_runtime", "base_devel", "app_runtime"]);
    expect(target.app_runtime.contexts).toEqual({ lib: "target:lib_runtime", "base:devel": "target:base_devel" });
    expect(target.base_devel).toMatchObject({
      contexts: { "debian:12": `docker-image://docker.io/library/debian@${DIGEST}` },
      args: { TORCH_VERSION: "2.6.0" },
      target: "devel",
    });
  });
});

describe("bake, read by buildx", () => {
  withBuildx("buildx bake reads the file, and takes build args as they are", async () => {
    const image = (smallChain["base/image.yaml"] ?? "").replace("2.6.0", "'a$\u007bb}%{c}$d'");
    const { out } = await strata(["bake", "--catalogue", repository({ "base/image.yaml": image }).catalogue]);
    const file = join(folderWith(), "docker-bake.json");
    writeFileSync(file, out);
    const printed = execFileSync(buildx.tools?.buildx.path ?? "", ["bake", "-f", file, "--print"], {
      stdio: ["ignore", "pipe", "ignore"],
      encoding: "utf8",
    });
    const { target, group } = JSON.parse(printed);
    expect(group.default.targets.sort()).toEqual(["app_runtime", "base_devel", "base_runtime", "lib_runtime"]);
    // Printed in the file's own spelling, where a doubled sign stands for itself.
    expect(target.base_devel.args.TORCH_VERSION).toBe("a$$\u007bb}%%{c}$d");
    expect(target.app_runtime.contexts["base:devel"]).toBe("target:base_devel");
  });
});

describe("lint", () => {
  test("an error exits 1, a catalogue without fault 0", async () => {
    const { root, catalogue } = repository();
    expect((await strata(["lint", "--catalogue", catalogue])).code).toBe(0);
    fill(root, { "images/lib/Dockerfile": "FROM base:runtime AS runtime\nRUN pip install x\n" });
    const { code, out } = await strata(["lint", "--catalogue", catalogue]);
    expect(code).toBe(1);
    expect(out).toMatch(/lib\/Dockerfile:2: error: .*\(pip-unhashed\)\n {2}fix: /);
    expect(out).toMatch(/\n1 error, 0 warnings in 3 images\n$/);
  });
});

describe("a folder with a Dockerfile and no image.yaml", () => {
  test("is an error of lint, and told by its name where a command asks for it", async () => {
    const { root, catalogue } = repository({
      "stray/Dockerfile": "FROM base:runtime AS stray\n",
      "notes/README.md": "",
    });
    const { code, out } = await strata(["lint", "--catalogue", catalogue]);
    expect(code).toBe(1);
    expect(out).toMatch(/stray\/Dockerfile:1: error: the folder has no image\.yaml.*\n {2}fix: write an image\.yaml/);
    expect(out).toMatch(/\n1 error, 0 warnings/);
    for (const name of ["stray", "stray:stray"]) {
      const { code, err } = await strata(["plan", name, "--catalogue", catalogue]);
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(/^strata: stray has no image\.yaml.*[\s\S]*fix: +write .*stray\/image\.yaml\n$/),
      ]);
    }
    fill(root, { "images/stray/image.yaml": smallChain["lib/image.yaml"] ?? "" });
    expect((await strata(["lint", "--catalogue", catalogue])).code).toBe(0);
  });
});

describe("lock", () => {
  const withBases = (registry: TestRegistry, lock: string) => {
    const image = {
      "x/image.yaml": settings(),
      "x/Dockerfile": `# syntax=${registry.host}/syntax:1\nFROM ${registry.host}/os:1 AS x\n`,
    };
    return folderWith({ ...image, ...(lock === "" ? {} : { "bases.lock.yaml": lock }) });
  };
  const start = async () => {
    const registry = await startRegistry("anonymous token");
    registries.push(registry);
    return { registry, os: registry.push("os", "1", "os"), syntax: registry.push("syntax", "1", "syntax") };
  };

  test("base and syntax images get their digests, comments stay; then nothing drifts until a tag moves", async () => {
    const { registry, os, syntax } = await start();
    const folder = withBases(registry, "# ours\nimages: {}\n");
    const lock = (...more: string[]) => strata(["lock", "--catalogue", folder, ...more]);
    expect((await lock("--check")).code).toBe(3);
    expect(await lock()).toMatchObject({ code: 0, err: "" });
    const text = readFileSync(join(folder, "bases.lock.yaml"), "utf8");
    expect(text).toContain("# ours\n");
    expect(text).toContain(os);
    expect(text).toContain(syntax);
    expect((await lock("--check")).code).toBe(0);
    registry.push("os", "1", "newer");
    expect(await lock("--check")).toMatchObject({ code: 3, out: expect.stringContaining(`was ${os}`) });
    expect(readFileSync(join(folder, "bases.lock.yaml"), "utf8")).toBe(text);
  });

  test("a base whose ONBUILD triggers a build would run is refused, and its digest is not written", async () => {
    const { registry, syntax } = await start();
    registry.push("os", "1", "with triggers", { OnBuild: ["COPY . /app"] });
    const folder = withBases(registry, "");
    const { code, err } = await strata(["lock", "--catalogue", folder]);
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/has an ONBUILD trigger[\s\S]*received: ONBUILD COPY \. \/app/),
    ]);
    const lock = readFileSync(join(folder, "bases.lock.yaml"), "utf8");
    expect(lock).toContain(syntax);
    expect(lock).not.toContain("/os:1");
  });

  test("an image that one registry does not have does not lose what the others answered", async () => {
    const { registry, os } = await start();
    const folder = withBases(registry, "");
    const { code, err } = await strata([
      "lock",
      "--catalogue",
      folder,
      `${registry.host}/os:1`,
      `${registry.host}/none:1`,
    ]);
    expect([code, err]).toEqual([1, expect.stringContaining(`received: ${registry.host}/none:1`)]);
    expect(readFileSync(join(folder, "bases.lock.yaml"), "utf8")).toContain(os);
  });
});

describe("every command", () => {
  test.each(["plan", "explain", "inputs", "lint", "bake", "lock"])("%s --help shows an example", async (command) => {
    const { code, out } = await strata([command, "--help"]);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n +strata ${command}`));
  });

  test.each([[["nope"]], [["toString"]], [["plan", "--nope"]], [["explain"]]])(
    "%j is a usage error: exit 2 and where help is",
    async (words) => {
      const { code, err } = await strata(words);
      expect(code).toBe(2);
      expect(err).toMatch(/^strata: .*\n[\s\S]*\(strata --help lists commands and options\)\n$/);
    },
  );

  test("--version prints the version of package.json", async () => {
    const { version } = JSON.parse(readFileSync("package.json", "utf8"));
    expect(await strata(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" });
  });

  test("whose reader reads no more ends silently, as other programs do", () => {
    const script = `set -o pipefail; "$0" cli/strata.mjs plan --json --catalogue "$1" | true; echo "\${PIPESTATUS[0]}"`;
    const words = ["-c", script, process.execPath, repository().catalogue];
    const { stdout, stderr } = spawnSync("bash", words, { encoding: "utf8", env: { ...process.env, HOME: caches } });
    expect({ stdout, stderr }).toEqual({ stdout: "141\n", stderr: "" });
  });

  const told = (problem: string, value: string) =>
    new RegExp(`^strata: .*${problem}.*\\n {2}received: ${value}\\n {2}allowed: {2}.+\\n {2}fix: {6}.+\\n$`);

  test.each(["http://x", "host.example/a b", "HOST.example/Images"])(
    "--registry %s is no address",
    async (registry) => {
      const words = ["plan", "--catalogue", repository().catalogue];
      const refused = { code: 1, out: "", err: expect.stringMatching(told("no address of a repository", registry)) };
      expect(await strata([...words, "--registry", registry])).toEqual(refused);
      expect(await strata(words, { env: { STRATA_REGISTRY: registry } })).toEqual(refused);
    },
  );

  test("a context or a Dockerfile that is not there is told with what is allowed", async () => {
    const file = join(folderWith({ Dockerfile: "FROM scratch\n" }), "Dockerfile");
    const inputs = (...words: string[]) => strata(["inputs", "--dockerfile", ...words]);
    expect((await inputs(file, "--context", "/nowhere")).err).toMatch(
      told("the build context is no folder", "/nowhere"),
    );
    expect((await inputs(file, "--lock", "/nowhere")).err).toMatch(told("the file cannot be read: ENOENT", "/nowhere"));
    expect((await inputs("/nowhere/Dockerfile")).err).toMatch(
      told("there is no such Dockerfile", "/nowhere/Dockerfile"),
    );
    expect((await inputs(file, "--build-arg", "A")).err).toMatch(told("the build arg has no value", "A"));
  });

  test("settings that are none say what is missing and not usable, in words", async () => {
    const folder = folderWith({ "some.json": '{ "project": 1 }', "none.json": "[]" });
    const planIn = (file: string) =>
      strata(["plan", "--catalogue", repository().catalogue, "--settings", join(folder, file)]);
    const { err } = await planIn("some.json");
    expect(err).toMatch(
      /cannot be used: project is not usable, region is missing, .*\n {2}allowed: .*\n {2}fix: .*\n$/,
    );
    expect(err).not.toContain("Invalid input");
    expect((await planIn("none.json")).err).toContain("cannot be used: they are not usable");
    expect((await planIn(".")).err).toContain("cannot be used: the file cannot be read (EISDIR)");
  });

  test("a folder that is no catalogue is a problem: exit 1, with the value and the fix", async () => {
    const { code, err } = await strata(["plan", "--catalogue", "/nowhere"]);
    expect(code).toBe(1);
    expect(err).toMatch(/^strata: .*\n {2}received: \/nowhere\n {2}allowed: .*\n {2}fix: /);
  });
});
