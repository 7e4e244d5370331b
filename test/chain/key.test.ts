import fc from "fast-check";
import { type Canonical, canonicalJson } from "../../chain/canonical.ts";
import { readCatalogue } from "../../chain/catalogue.ts";
import { collectChain } from "../../chain/collect.ts";
import { gitTree } from "../../chain/context/gitTree.ts";
import type { FileTree } from "../../chain/context/tree.ts";
import { workTree } from "../../chain/context/workTree.ts";
import { resolveGraph } from "../../chain/graph.ts";
import { buildOptions, collectTarget, readDockerfile } from "../../chain/inputs.ts";
import { commitAll, folderWith, removeFolders } from "./context/folder.ts";
import { memoryTree } from "./context/memoryTree.ts";
import { chainOf, changed, DIGEST, inputsOf, keysOf, settings, smallChain } from "./smallChain.ts";

afterAll(removeFolders);

/** The targets whose key is another one after a change of files. */
async function touched(
  files: Readonly<Record<string, string | undefined>>,
  before: Readonly<Record<string, string>> = smallChain,
): Promise<readonly string[]> {
  const [was, is] = [await keysOf(before), await keysOf(changed(files, before))];
  return Object.keys(was)
    .filter((name) => was[name] !== is[name])
    .sort();
}

/** The key of a Dockerfile on its own. */
async function keyOf(dockerfile: string, given: Parameters<typeof buildOptions>[0] = {}, epoch = 0): Promise<string> {
  const tree = memoryTree({ Dockerfile: dockerfile, a: "a", b: "b" });
  const source = { dockerfile: { tree, path: "Dockerfile" }, context: tree, epoch };
  const { inputs } = await collectTarget(readDockerfile(source.dockerfile), source, buildOptions(given));
  return inputs.key;
}

const ALL = ["app:runtime", "base:devel", "base:runtime", "lib:runtime"];
const BASE = smallChain["base/Dockerfile"] ?? "";

test("the same files give the same keys, each of its own", async () => {
  const keys = await keysOf(smallChain);
  expect(await keysOf({ ...smallChain })).toEqual(keys);
  expect(new Set(Object.values(keys)).size).toBe(4);
  for (const key of Object.values(keys)) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

test("a build arg, a base's digest, the epoch and a file reach the target and everything built from it", async () => {
  const image = smallChain["base/image.yaml"] ?? "";
  expect(await touched({ "base/image.yaml": image.replace("2.6.0", "2.6.1") })).toEqual(ALL);
  const other = `images:\n  debian:12:\n    digest: sha256:${"d2".repeat(32)}\n`;
  expect(await touched({ "bases.lock.yaml": other })).toEqual(ALL);
  expect(await touched({ "base/image.yaml": `${image}epoch: 1\n` })).toEqual(ALL);
  expect(await touched({ "base/requirements.lock": "torch==2.6.1\n" })).toEqual(ALL);
  expect(await touched({ "lib/tool": "other\n" })).toEqual(["app:runtime", "lib:runtime"]);
  expect(await touched({ "app/more.py": "" })).toEqual(["app:runtime"]);
});

test("machine, minutes, description, the names of hints, comments and files nobody reads reach no key", async () => {
  const image = smallChain["base/image.yaml"] ?? "";
  expect(
    await touched({
      "base/image.yaml": image.replace("an image", "the base").replace("c3-standard-8", "e2-highcpu-8"),
    }),
  ).toEqual([]);
  expect(await touched({ "base/image.yaml": image.replace("expectedMinutes: 10", "expectedMinutes: 99") })).toEqual([]);
  expect(await touched({ "base/image.yaml": image.replace("[MAX_JOBS]", "[MAX_JOBS, NVCC_THREADS]") })).toEqual([]);
  expect(await touched({ "base/Dockerfile": BASE.replace("RUN build", "# why\n\nrun   build") })).toEqual([]);
  expect(await touched({ "base/README.md": "new", "README.md": "new" })).toEqual([]);
});

test("the value of a hint never reaches the key; that of the same build arg without the hint does", async () => {
  const dockerfile = "FROM scratch\nARG MAX_JOBS=1\nRUN make -j$MAX_JOBS\n";
  const withHint = (value: string) => keyOf(dockerfile, { args: { MAX_JOBS: value }, hints: ["MAX_JOBS"] });
  expect(await withHint("4")).toBe(await withHint("176"));
  const without = (value: string) => keyOf(dockerfile, { args: { MAX_JOBS: value } });
  expect(await without("4")).not.toBe(await without("176"));
});

test("the platform is part of the key, and does not depend on the machine", async () => {
  const dockerfile = "FROM scratch\nCOPY a /\n";
  expect(await keyOf(dockerfile)).toBe(await keyOf(dockerfile, { platform: "linux/amd64" }));
  expect(await keyOf(dockerfile)).not.toBe(await keyOf(dockerfile, { platform: "linux/arm64" }));
});

test("a stage can be renamed, reordered and added next to others without a new key", async () => {
  const one =
    "FROM scratch AS x\nCOPY a /\nFROM scratch AS y\nCOPY b /\nFROM scratch\nCOPY --from=x / /x\nCOPY --from=y / /y\n";
  const renamed =
    "FROM scratch AS first\nCOPY b /\nFROM scratch AS second\nCOPY a /\nFROM scratch\nCOPY --from=second / /x\nCOPY --from=first / /y\n";
  expect(await keyOf(renamed)).toBe(await keyOf(one));
  expect(await keyOf(`FROM scratch AS unused\nRUN x\n${one}`)).toBe(await keyOf(one));
  const swapped = one.replace("--from=x", "--from=z").replace("--from=y", "--from=x").replace("--from=z", "--from=y");
  expect(await keyOf(swapped)).not.toBe(await keyOf(one));
});

test("an unused stage of an image of the catalogue reaches no key", async () => {
  expect(await touched({ "base/Dockerfile": BASE.replace("RUN never", "RUN ever") })).toEqual([]);
});

test("two different values never have the same canonical text, and the order of names never counts", () => {
  const value: fc.Arbitrary<Canonical> = fc.letrec<{ any: Canonical }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 3 },
      fc.string({ maxLength: 4 }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("any"), { maxLength: 3 }),
      fc.dictionary(fc.string({ maxLength: 3 }), tie("any"), { maxKeys: 3 }),
    ),
  })).any;
  fc.assert(
    fc.property(value, (one) => {
      const text = canonicalJson(one);
      expect(text).not.toContain("\n");
      expect(canonicalJson(JSON.parse(text) as Canonical)).toBe(text);
    }),
    { seed: 5 },
  );
  expect(canonicalJson({ b: 1, a: undefined, "": [2, { d: null, c: "x" }] })).toBe('{"":[2,{"c":"x","d":null}],"b":1}');
});

test("content cannot be moved over a boundary between fields without a new key", async () => {
  const pairs: readonly (readonly [string, string])[] = [
    ["RUN a b\nRUN c", "RUN a\nRUN b c"],
    ["ENV A=b C=d", 'ENV A="b C=d"'],
    ["ENV A=1\nENV B=2", "ENV A=1 B=2"],
    ["LABEL a=b", "LABEL a=\nLABEL b="],
    ['CMD ["a", "b"]', 'CMD ["a b"]'],
    ['CMD ["a\\",\\"b"]', 'CMD ["a", "b"]'],
    ["COPY a b /x/", "COPY b a /x/"],
    ["COPY a /x/a\nCOPY b /x/b", "COPY b /x/a\nCOPY a /x/b"],
    ["RUN <<EOF\na\nEOF\nRUN b", "RUN <<EOF\na\nRUN b\nEOF"],
    ["USER a:b", "USER a\nUSER b"],
  ];
  for (const [one, other] of pairs) {
    expect([one, await keyOf(`FROM scratch\n${one}\n`)]).not.toEqual([one, await keyOf(`FROM scratch\n${other}\n`)]);
  }
});

test("content that moves from one file to the next is a new key", async () => {
  const files = (one: string, other: string) => changed({ "app/main.py": one, "app/zero.py": other });
  const key = async (one: string, other: string) => (await keysOf(files(one, other)))["app:runtime"];
  expect(await key("ab", "c")).not.toBe(await key("a", "bc"));
  expect(await key("ab", "")).not.toBe(await key("", "ab"));
});

test("a base without a digest refuses its target and what is built from it, and says how to mend it; the rest is keyed", async () => {
  for (const lock of [undefined, "images:\n  debian:12:\n    digest: unresolved\n"]) {
    const files = {
      "bases.lock.yaml": lock,
      "x/image.yaml": settings(),
      "x/Dockerfile": "FROM scratch AS x\nCOPY lib/tool /\n",
    };
    const { chain } = await chainOf(changed(files));
    expect([...chain.targets.keys()]).toEqual(["x:x"]);
    expect([...chain.refused].map(([name, { because }]) => [name, because])).toEqual([
      ["base:runtime", undefined],
      ["lib:runtime", "base:runtime"],
      ["base:devel", undefined],
      ["app:runtime", "lib:runtime"],
    ]);
    const { message } = chain.refused.get("base:devel")?.error ?? { message: "" };
    expect(message).toMatch(
      /^dockerfiles\/base\/Dockerfile:1: .*digest.*\n {2}received: debian:12\n {2}allowed: {2}a digest in dockerfiles\/bases.lock.yaml.*\n {2}fix: {6}strata lock debian:12$/s,
    );
  }
});

test("a parent's ONBUILD triggers run in its children: what they read is an input of the child", async () => {
  const onbuild = changed({ "base/Dockerfile": `${BASE}ONBUILD COPY shared /shared\n`, "shared/x": "1" });
  const { "lib:runtime": lib, "base:runtime": base } = await inputsOf(onbuild);
  expect(lib?.files.map(({ path }) => path)).toEqual(["lib/tool", "shared/x"]);
  expect(base?.files.map(({ path }) => path)).not.toContain("shared/x");
  expect(await touched({ "shared/x": "2" }, onbuild)).toEqual(["app:runtime", "lib:runtime"]);
});

test("the inputs of a target say everything that is in its key, and what its instructions read", async () => {
  const {
    "app:runtime": app,
    "base:devel": devel,
    "base:runtime": base,
    "lib:runtime": lib,
  } = await inputsOf(smallChain);
  expect(devel).toMatchObject({
    algorithm: "strata-key-2",
    platform: "linux/amd64",
    epoch: 0,
    args: { TORCH_VERSION: "2.6.0" },
    bases: { "debian:12": DIGEST },
    parents: {},
  });
  expect(devel?.instructions.map(({ stage, line, text, files }) => [stage, line, text, files])).toEqual([
    ["devel", 1, "FROM debian:12 AS devel", undefined],
    ["devel", 2, "ARG TORCH_VERSION", undefined],
    ["devel", 3, "ARG MAX_JOBS", undefined],
    ["devel", 4, "RUN build $TORCH_VERSION", undefined],
    ["devel", 5, "COPY base/requirements.lock requirements.txt", ["base/requirements.lock"]],
  ]);
  expect(app?.parents).toEqual({ "base:devel": devel?.key, "lib:runtime": lib?.key });
  expect(lib?.parents).toEqual({ "base:runtime": base?.key });
  expect(app?.files.map(({ path, mode }) => [path, mode])).toEqual([
    ["app/Dockerfile", "0644"],
    ["app/image.yaml", "0644"],
    ["app/main.py", "0644"],
  ]);
});

test("a revision in Git and the work tree that it came from give the same keys", async () => {
  const folder = folderWith({ ...smallChain, "lib/tool": { executable: "tool\n" }, "app/link": { link: "main.py" } });
  commitAll(folder);
  const keys = async (tree: FileTree) => {
    const catalogue = readCatalogue(tree);
    const { targets, refused } = await collectChain(catalogue, resolveGraph(catalogue));
    expect(refused.size).toBe(0);
    return [...targets].map(([name, { inputs }]) => [name, inputs.key, inputs.files]);
  };
  expect(await keys(gitTree(folder, "HEAD"))).toEqual(await keys(workTree(folder)));
});
