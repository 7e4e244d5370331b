import fc from "fast-check";
import { parseBaseLock, pinnedDigest } from "../../chain/bases.ts";
import { readCatalogue } from "../../chain/catalogue.ts";
import { UserError } from "../../chain/errors.ts";
import { resolveGraph } from "../../chain/graph.ts";
import { parseImageSettings } from "../../chain/imageSettings.ts";
import { withDigests } from "../../chain/lockFile.ts";
import { link } from "./context/memoryTree.ts";
import { chainOf, changed, DIGEST, refusalOf, settings, smallChain, treeOf } from "./smallChain.ts";

const graphOf = (files: Record<string, string>) => resolveGraph(readCatalogue(treeOf(files)));
const parse = (text: string) => parseImageSettings(text, "x/image.yaml");

describe("image.yaml", () => {
  test("build args are taken as they are written: versions are no numbers", () => {
    const text = settings(
      "args: { P: 3.10, Q: 12.0, H: 0x10, Z: 0123, T: True, E: 1e3, S: '2.0', N: 12345678901234567890 }",
    );
    expect(parse(text).args).toEqual({
      P: "3.10",
      Q: "12.0",
      H: "0x10",
      Z: "0123",
      T: "True",
      E: "1e3",
      S: "2.0",
      N: "12345678901234567890",
    });
  });

  test("defaults are no args, no hints, epoch 0, no checks, 2 GB a job", () => {
    expect(parse(settings())).toMatchObject({ args: {}, hints: [], epoch: 0, verify: [], peakGbPerJob: 2 });
  });

  test.each([
    ["an unknown field", "machin: x", "4: there is no field machin", '"x"', "description, targets, context, args"],
    ["an unknown machine", "", "2: machine is no machine type that strata knows", '"c9-big-8"', "family-kind-vCPUs"],
    ["a field of the wrong kind", "targets: runtime", "4: targets is not usable", '"runtime"', "names of stages"],
    ["an epoch below 0", "epoch: -1", "4: epoch is not usable", "-1", "a whole number, 0 or more"],
    ["an arg that cannot be a build arg", "args:\n  A-B: 1", "5: A-B cannot be a name in args", '"1"', "NAME: value"],
    [
      "a check of an unknown tier",
      "verify:\n  - run: [a]\n    tier: cpu",
      "6: verify.0.tier is not usable",
      '"cpu"',
      "- run: ",
    ],
  ])("%s is refused with file, line, value, what is allowed and the fix", (_, more, problem, value, allowed) => {
    const message = refusalOf(() => parse(more === "" ? settings("", "c9-big-8") : settings(more)));
    expect(message).toContain(`x/image.yaml:${problem}`);
    expect(message).toContain(`received: ${value}`);
    expect(message).toMatch(new RegExp(`allowed: .*${allowed}`));
    expect(message).toContain("fix:      edit x/image.yaml");
  });

  test("a field that is missing is said to be missing, and what is no YAML has its line, what is allowed and the fix", () => {
    const lines = (text: string) => refusalOf(() => parse(text)).split("\n");
    expect(lines("description: a\nexpectedMinutes: 1\n").slice(0, 2)).toEqual([
      "x/image.yaml:1: machine is missing",
      "  received: nothing",
    ]);
    expect(lines(settings("epoch: [1\n"))).toEqual([
      expect.stringMatching(/^x\/image\.yaml:4: this is no YAML: /),
      "  received: epoch: [1",
      expect.stringMatching(/^ {2}allowed: {2}\S/),
      "  fix:      correct line 4",
    ]);
  });

  test("a torchvision of another torch is refused, and the one that belongs to it is named", () => {
    const text = settings(
      "# TORCHVISION_VERSION goes with torch\nargs:\n  TORCH_VERSION: 2.6.0\n  TORCHVISION_VERSION: 0.20.0\n",
    );
    expect(refusalOf(() => parse(text))).toBe(
      [
        "x/image.yaml:7: TORCHVISION_VERSION 0.20.0 does not go with torch 2.6.0; 0.20.0 belongs to torch 2.5.0",
        "  received: 0.20.0",
        "  allowed:  0.21.0",
        "  fix:      set TORCHVISION_VERSION to 0.21.0",
      ].join("\n"),
    );
    expect(parse(text.replace("0.20.0", "0.21.0")).args.TORCHVISION_VERSION).toBe("0.21.0");
  });

  test.each([
    ["PYTHON_VERSION: 3.14", "3.9 to 3.13"],
    ["CUDA_VERSION: 12.1", "11.8, 12.4, 12.6"],
    ["TORCHAUDIO_VERSION: 2.5.0", "2.6.0"],
  ])("%s does not go with torch 2.6.0, which goes with %s", (arg, allowed) => {
    expect(refusalOf(() => parse(settings(`args: { TORCH_VERSION: 2.6.0, ${arg} }`)))).toContain(
      `allowed:  ${allowed}`,
    );
  });

  test("an arg that is also a hint is refused with its line, because one is in the key and the other is not", () => {
    const text = settings("args:\n  MAX_JOBS: 4\nhints: [MAX_JOBS]\n");
    expect(refusalOf(() => parse(text))).toContain("x/image.yaml:5: MAX_JOBS is both an arg and a hint");
  });

  test("any text ends in settings or in a UserError that names the file", () => {
    const piece = fc.constantFrom(
      ...["args:", "\n", " ", "- ", ": ", "{", "}", "[", "]", "*x", "&x ", "!!js ", "? ", "|", ">", "'", '"', "#", "~"],
      ...["description: a", "machine: c3-standard-8", "expectedMinutes: 1", "<<: ", "---\n", "%YAML 9\n", "\t", "1.0"],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        try {
          parse(settings(pieces.join("")));
          parse(pieces.join(""));
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
          expect(error.detail.at?.file).toBe("x/image.yaml");
        }
      }),
      { numRuns: 1500, seed: 3 },
    );
  });
});

describe("the catalogue", () => {
  test("a folder without an image is refused with what a catalogue looks like", () => {
    expect(refusalOf(() => readCatalogue(treeOf({ "a/Dockerfile": "FROM scratch" })))).toMatch(
      /the catalogue has no image\n {2}received: dockerfiles\n {2}allowed: .*image.yaml\n {2}fix: .*--catalogue/,
    );
  });

  test("a folder whose name cannot be an image's name is refused with the fix", () => {
    const files = { "Base/image.yaml": settings(), "Base/Dockerfile": "FROM scratch AS a" };
    expect(refusalOf(() => readCatalogue(treeOf(files)))).toMatch(
      /^dockerfiles\/Base: .*\n {2}received: Base\n.*lower-case/,
    );
  });

  test("an image without a Dockerfile is refused with the path where it was looked for", () => {
    expect(refusalOf(() => readCatalogue(treeOf({ "a/image.yaml": settings() })))).toContain(
      "dockerfiles/a/Dockerfile",
    );
  });

  test("without targets the last stage is the target, and has to have a name", () => {
    const image = (dockerfile: string) => treeOf({ "a/image.yaml": settings(), "a/Dockerfile": dockerfile });
    expect(readCatalogue(image("FROM scratch AS x\nFROM scratch AS y")).images.get("a")?.targets).toEqual(["y"]);
    expect(refusalOf(() => readCatalogue(image("FROM scratch AS x\nFROM scratch")))).toBe(
      [
        "dockerfiles/a/Dockerfile:2: the last stage has no name, so the image has no target",
        "  received: FROM without AS",
        "  allowed:  FROM … AS name",
        "  fix:      write FROM … AS runtime in dockerfiles/a/Dockerfile",
      ].join("\n"),
    );
  });

  test("a target without a stage is refused at the line of targets, with the stages that there are", () => {
    const files = changed({ "base/image.yaml": settings("targets: [devel, runtim]") });
    expect(refusalOf(() => readCatalogue(treeOf(files)))).toBe(
      [
        "dockerfiles/base/image.yaml:4: the Dockerfile has no stage for the target runtim",
        "  received: runtim",
        "  allowed:  devel, unused, runtime",
        "  fix:      add FROM … AS runtim to dockerfiles/base/Dockerfile, or take runtim out of targets",
      ].join("\n"),
    );
  });
});

describe("the graph", () => {
  test("parents come from FROM, COPY --from and mounts, before their children, with tiers; a bare name is the last target", () => {
    const graph = graphOf(smallChain);
    const seen = [...graph.values()].map(({ name, parents, bases, tier }) => ({ name, parents, bases, tier }));
    expect(seen).toEqual([
      { name: "base:runtime", parents: [], bases: ["debian:12"], tier: 0 },
      { name: "lib:runtime", parents: ["base:runtime"], bases: [], tier: 1 },
      { name: "base:devel", parents: [], bases: ["debian:12"], tier: 0 },
      { name: "app:runtime", parents: ["lib:runtime", "base:devel"], bases: [], tier: 2 },
    ]);
  });

  test("a stage that the target does not use brings no parent and no base", () => {
    const files = changed({ "lib/Dockerfile": "FROM app AS other\nFROM base:runtime AS runtime\nCOPY lib/tool /\n" });
    expect(graphOf(files).get("lib:runtime")?.parents).toEqual(["base:runtime"]);
  });

  test("a circle is refused with its whole path, from whichever image it is met", () => {
    const files = changed({ "lib/Dockerfile": "FROM app AS runtime\n" });
    expect(refusalOf(() => graphOf(files))).toBe(
      [
        "dockerfiles/app/Dockerfile: the images need each other in a circle",
        "  received: app:runtime -> lib:runtime -> app:runtime",
        "  allowed:  a chain in which no target needs itself",
        "  fix:      take one of these targets from another image, or move what both need into a third",
      ].join("\n"),
    );
  });

  test("a slip of the pen in a parent's name is refused with the image that is meant, and the way to it", () => {
    const files = changed({ "lib/Dockerfile": "FROM debian:12 AS x\nFROM bse:runtime AS runtime\n" });
    expect(refusalOf(() => graphOf(files))).toBe(
      [
        "dockerfiles/lib/Dockerfile:2: there is no image bse in the catalogue (needed by app:runtime -> lib:runtime); is base meant?",
        "  received: bse:runtime",
        "  allowed:  app, base, lib",
        "  fix:      write base, or docker.io/library/bse:runtime if the image of that name at Docker Hub is meant",
      ].join("\n"),
    );
  });

  test("a parent's stage that is no target is refused with the targets that there are", () => {
    const files = changed({ "lib/Dockerfile": "FROM base:unused AS runtime\n" });
    expect(refusalOf(() => graphOf(files))).toMatch(
      /^dockerfiles\/lib\/Dockerfile:1: the parent base has no target unused .*\n {2}received: base:unused\n {2}allowed: {2}base:devel, base:runtime\n/,
    );
  });

  test("a name with a registry or a folder is a base, however much it looks like an image of the catalogue", () => {
    const files = changed({
      "lib/Dockerfile":
        "FROM docker.io/library/bas:1 AS a\nFROM bas:5000/x AS b\nFROM a AS runtime\nCOPY --from=b / /\n",
    });
    expect(graphOf(files).get("lib:runtime")?.bases).toEqual(["docker.io/library/bas:1", "bas:5000/x"]);
  });
});

describe("the lock of base images", () => {
  const at = { file: "a/Dockerfile", line: 3 };

  test("two spellings of one image are one entry; a digest in the name counts more than the lock", () => {
    const lock = parseBaseLock(`images: { docker.io/library/debian:12: { digest: "${DIGEST}" } }`, "bases.lock.yaml");
    expect(pinnedDigest("debian:12", lock, at)).toBe(DIGEST);
    const other = `sha256:${"00".repeat(32)}`;
    expect(pinnedDigest(`debian:12@${other}`, lock, at)).toBe(other);
  });

  test.each([
    ["missing", "images: {}", "no digest pins this base image"],
    ["unresolved", "images: { debian:12: { digest: unresolved } }", "stands as unresolved in bases.lock.yaml"],
  ])("a base that is %s in the lock is refused with the command that resolves it", (_, text, problem) => {
    const message = refusalOf(() => pinnedDigest("debian:12", parseBaseLock(text, "bases.lock.yaml"), at));
    expect(message).toMatch(/^a\/Dockerfile:3: /);
    expect(message).toContain(problem);
    expect(message).toContain("received: debian:12\n");
    expect(message).toContain("fix:      strata lock debian:12");
  });

  test("a digest or a name that cannot be one is refused with file and line", () => {
    const digest = refusalOf(() => parseBaseLock("images:\n  debian:12:\n    digest: md5:1\n", "bases.lock.yaml"));
    expect(digest).toMatch(/^bases\.lock\.yaml:2: .*has to be sha256: and 64 lower-case hex digits/);
    const name = refusalOf(() =>
      parseBaseLock("images:\n  a: {digest: unresolved}\n  UP: {digest: unresolved}", "l.yaml"),
    );
    expect(name).toMatch(/^l\.yaml:3: this is not the name of an image\n {2}received: UP/);
  });

  test("new digests leave comments, order and other entries alone", () => {
    const before = "# ours\nimages:\n  # why\n  debian:12:\n    digest: unresolved\n  x:1: { digest: unresolved }\n";
    const after = withDigests(
      before,
      new Map([
        ["docker.io/library/debian:12", DIGEST],
        ["y:2", DIGEST],
      ]),
    );
    expect(after).toBe(
      `# ours\nimages:\n  # why\n  debian:12:\n    digest: ${DIGEST}\n  x:1: { digest: unresolved }\n  y:2:\n    digest: ${DIGEST}\n`,
    );
  });

  test("a new lock has an entry a line and can be read again", () => {
    const text = withDigests(
      "",
      new Map([
        ["debian:12", DIGEST],
        ["a/b", DIGEST],
      ]),
    );
    expect(text).toContain(`images:\n  debian:12:\n    digest: ${DIGEST}\n  a/b:\n`);
    expect(parseBaseLock(text, "l").digests.get("docker.io/a/b:latest")).toBe(DIGEST);
  });
});

describe("names of stages and images", () => {
  const refusalIn = async (dockerfile: string, lock = smallChain["bases.lock.yaml"]) => {
    const files = changed({ "app/Dockerfile": dockerfile, "bases.lock.yaml": lock });
    return (await chainOf(files)).chain.refused.get("app:runtime")?.error.message;
  };

  test.each([
    ["a parent's", "FROM lib AS lib\nRUN x\nFROM lib AS runtime\n"],
    ["a base's", "FROM debian AS Debian\nRUN x\nFROM debian AS runtime\n"],
    ["a base's in full", "FROM docker.io/library/debian:latest AS debian\nRUN x\nFROM debian AS runtime\n"],
  ])("a stage with %s name is refused: the image's pin would replace it", async (_, dockerfile) => {
    const lock = `images:\n  debian:12: ${DIGEST}\n  debian: ${DIGEST}\n`;
    expect(await refusalIn(dockerfile, lock)).toMatch(
      /^dockerfiles\/app\/Dockerfile:1: the stage (lib|debian) has the name of/,
    );
  });

  test("a stage may be named like an image with another tag", async () => {
    expect(await refusalIn("FROM debian:12 AS debian\nRUN x\nFROM debian AS runtime\n")).toBeUndefined();
  });

  test("thousands of stages that are FROM each other are followed to the image that the first one is FROM", async () => {
    const stages = Array.from({ length: 8000 }, (_, n) => `FROM s${n} AS s${n + 1}\n`).join("");
    const files = changed({ "app/Dockerfile": `FROM lib AS s0\n${stages}FROM s8000 AS runtime\n` });
    expect((await chainOf(files)).graph.get("app:runtime")?.parents).toEqual(["lib:runtime"]);
  });

  test("a Dockerfile that is a link is read where it leads; one that leads nowhere is refused by both names", async () => {
    const linked = (target: string) => ({
      ...smallChain,
      "lib/real": smallChain["lib/Dockerfile"] ?? "",
      "lib/Dockerfile": link(target),
    });
    const { chain } = await chainOf(linked("../lib/real"));
    expect(chain.targets.get("lib:runtime")?.inputs.key).toBe(
      (await chainOf(smallChain)).chain.targets.get("lib:runtime")?.inputs.key,
    );
    await expect(chainOf(linked("gone"))).rejects.toThrow(
      /no such Dockerfile[\s\S]*lib\/Dockerfile, a link to lib\/gone/,
    );
  });
});
