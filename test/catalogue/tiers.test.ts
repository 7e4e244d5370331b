import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseImageSettings } from "../../chain/imageSettings.ts";
import { runPythonTests, verify } from "./pythonTests.ts";
import { catalogue } from "./sandbox.ts";

const images = ["arr-pytorch-base", "arr-ml-stack", "arr-trainer", "arr-vertex-launcher"];

function read(path: string): string {
  return readFileSync(join(catalogue, path), "utf8");
}

describe("the contract of verification scripts", () => {
  test("its exit codes, text and report are as written down", () => {
    runPythonTests("test_contract.py");
  });

  test("the tiers' checks judge as they should", () => {
    runPythonTests("test_tiers.py");
  });

  const scripts = [
    "arr-pytorch-base/verify/arch_coverage.py",
    "arr-pytorch-base/verify/environment.py",
    "arr-pytorch-base/verify/torch_build.py",
    "arr-ml-stack/verify/ml_stack.py",
    "arr-trainer/verify/trainer_smoke.py",
  ];
  test.each(scripts)("%s runs on a machine without torch and says in a valid report that it is missing", (script) => {
    expect(verify(script)).toEqual({ exit: 1, status: "fail" });
    expect(verify(script, "--tier", "gpu")).toEqual({ exit: 1, status: "fail" });
  });
});

describe("image.yaml", () => {
  test.each(images)("%s: it is valid, and its targets are stages of its Dockerfile", (image) => {
    const settings = parseImageSettings(read(`${image}/image.yaml`), `${image}/image.yaml`);
    for (const target of settings.targets ?? [])
      expect(read(`${image}/Dockerfile`)).toMatch(new RegExp(`^FROM .* AS ${target}$`, "m"));
    for (const hint of settings.hints) expect(read(`${image}/Dockerfile`)).toMatch(new RegExp(`^ARG ${hint}$`, "m"));
    for (const [arg, value] of Object.entries(settings.args)) {
      expect(read(`${image}/Dockerfile`)).toContain(`ARG ${arg}=${value}\n`);
    }
  });

  test.each(images)("%s: every check that it names is a file of it or of an image below", (image) => {
    const below = images.slice(0, images.indexOf(image) + 1);
    for (const { run } of parseImageSettings(read(`${image}/image.yaml`), image).verify) {
      const script = run[1]?.replace("/opt/image/verify/", "");
      expect(below.filter((one) => existsSync(join(catalogue, one, "verify", script ?? "")))).toHaveLength(1);
    }
  });

  test("torchvision 0.20.0 is refused beside torch 2.6.0, and 0.21.0 is named", () => {
    const wrong = read("arr-pytorch-base/image.yaml").replace(
      "TORCHVISION_VERSION: 0.21.0",
      "TORCHVISION_VERSION: 0.20.0",
    );
    expect(() => parseImageSettings(wrong, "image.yaml")).toThrow(
      /0\.20\.0 does not go with torch 2\.6\.0[\s\S]*0\.21\.0/,
    );
  });
});

describe("Dockerfiles", () => {
  test("every clone names a full commit id", () => {
    const commits = [...read("arr-pytorch-base/Dockerfile").matchAll(/^ARG (\w+_COMMIT)=(.*)$/gm)];
    expect(commits.map(([, name]) => name)).toEqual(["PYTORCH_COMMIT", "TORCHVISION_COMMIT", "TORCHAUDIO_COMMIT"]);
    for (const [, , commit] of commits) expect(commit).toMatch(/^[0-9a-f]{40}$/);
    for (const image of images) expect(read(`${image}/Dockerfile`)).not.toMatch(/git clone/);
  });

  test("hints end in a stage that is not published: neither its name nor an ENV of them is in a published one", () => {
    const [, wheels, ...after] = read("arr-pytorch-base/Dockerfile").split(
      /^(?=FROM builder AS wheels)|^(?=FROM toolchain AS packages)/m,
    );
    expect(wheels).toContain("ARG MAX_JOBS");
    expect(after.join("")).not.toMatch(/MAX_JOBS|COMPILER_CACHE_URL/);
    for (const stage of after) expect(stage).not.toMatch(/^FROM wheels/m);
  });

  test.each(images)("%s: its last stage does not run as root", (image) => {
    const users = [...read(`${image}/Dockerfile`).matchAll(/^USER (.*)$/gm)].map(([, user]) => user);
    // The launcher changes no user: it has its parent's.
    expect(users.at(-1) ?? "1000:1000").toBe("1000:1000");
  });

  test.each(images)("%s: every file that it names passes its ignore file", (image) => {
    const allowed = read(`${image}/Dockerfile.dockerignore`)
      .split("\n")
      .filter((line) => line.startsWith("!"));
    const files = globSync(
      allowed.map((line) => line.slice(1)),
      { cwd: catalogue },
    );
    const text = read(`${image}/Dockerfile`);
    const mounted = [...text.matchAll(/type=bind,source=([^,\s]+)/g)].map(([, source]) => source);
    const copied = [...text.matchAll(/^COPY (?!.*--from)(?:--\S+ )*(.*) \S+$/gm)].flatMap(
      ([, sources]) => sources?.split(" ") ?? [],
    );
    expect(mounted.length + copied.length).toBeGreaterThan(2);
    for (const source of [...mounted, ...copied]) {
      const below = files.filter((file) => file === source || (source?.endsWith("/") && file.startsWith(source)));
      expect(`${source}: ${below.length > 0}`).toBe(`${source}: true`);
    }
  });
});
