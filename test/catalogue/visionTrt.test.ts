import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { runPythonTests, verify } from "./pythonTests.ts";
import { catalogue, Sandbox } from "./sandbox.ts";

const image = join(catalogue, "vision-trt");
const PINNED = "0f5b6cf2".repeat(8);

test("Image Engine and its checks hold in Python", () => runPythonTests("test_vision_trt"));

test("every check's report has the contract's shape on a machine without torch", () => {
  expect(verify("vision-trt/verify/trt_benchmark.py")).toEqual({ exit: 0, status: "pass" });
  expect(verify("vision-trt/verify/trt_benchmark.py", "--tier", "gpu")).toEqual({ exit: 1, status: "fail" });
  expect(verify("vision-trt/verify/trt_batch_size.py")).toEqual({ exit: 77, status: "skip" });
  expect(verify("vision-trt/verify/trt_imports.py")).toEqual({ exit: 1, status: "fail" });
  expect(verify("vision-trt/verify/trt_gpu_monitor.py")).toEqual({ exit: 1, status: "fail" });
});

test("no check takes the name of one that the parent image has", () => {
  const own = readdirSync(join(image, "verify"));
  const parents = readdirSync(join(catalogue, "arr-pytorch-base/verify"));
  expect(own.filter((name) => parents.includes(name) && name.endsWith(".py"))).toEqual([]);
});

test("every shipped configuration names every setting, and optimized asks for TensorRT at fp16 with 16 images", () => {
  const read = (name: string) => parse(readFileSync(join(image, "image_engine/config", name), "utf8"));
  const places = (tree: object): string[] =>
    Object.entries(tree).flatMap(([key, value]) =>
      typeof value === "object" ? places(value).map((place) => `${key}.${place}`) : [key],
    );
  for (const name of readdirSync(join(image, "image_engine/config"))) {
    expect(places(read(name))).toEqual([
      "analysis.ml_models.use_tensorrt",
      "analysis.ml_models.tensorrt_precision",
      "analysis.ml_models.batch_size",
      "processing.clear_cache_frequency",
      "logging.level",
    ]);
  }
  expect(read("optimized_config.yaml").analysis.ml_models).toEqual({
    use_tensorrt: true,
    tensorrt_precision: "fp16",
    batch_size: 16,
  });
});

describe("build-wheels.sh", () => {
  let sandbox: Sandbox;
  beforeEach(() => {
    sandbox = new Sandbox([
      "vision-trt/build-tools.lock",
      "vision-trt/build-wheels.sh",
      "vision-trt/pyproject.toml",
      "vision-trt/tensorrt-libs.sha256",
      "vision-trt/tensorrt-wheels.lock",
      "vision-trt/tensorrt.lock",
    ]);
  });
  afterEach(() => sandbox.remove());

  test("refuses while TensorRT's libraries have no checksum, before anything is downloaded, and names the file", () => {
    const python = sandbox.program("python", "exit 99");
    const { exit, err } = sandbox.run("build-wheels.sh", ["build", sandbox.path("wheels")], { PYTHON: python });
    expect(exit).toBe(78);
    expect(err).toContain("tensorrt-libs.sha256");
  });

  test("refuses libraries with another checksum than the pinned one", () => {
    sandbox.write("tensorrt-libs.sha256", `# pinned\n${PINNED}\n`);
    const python = sandbox.program("python", wheelsOf("other content"));
    const { exit, err } = sandbox.run("build-wheels.sh", ["build", sandbox.path("wheels")], { PYTHON: python });
    expect(exit).toBe(65);
    expect(err).toContain(PINNED);
  });

  test("resolve prints the checksum that build then accepts", () => {
    const python = sandbox.program("python", wheelsOf("the libraries"));
    const resolved = sandbox.run("build-wheels.sh", ["resolve"], { PYTHON: python });
    expect(resolved.exit).toBe(0);
    expect(resolved.out).toMatch(/^[0-9a-f]{64}\n$/);

    sandbox.write("tensorrt-libs.sha256", `# pinned\n${resolved.out}`);
    const wheels = sandbox.path("wheels");
    sandbox.makeFolder("image_engine");
    const built = sandbox.run("build-wheels.sh", ["build", wheels], { PYTHON: python });
    expect(built).toMatchObject({ exit: 0, err: "" });
    expect(readdirSync(wheels).sort()).toEqual([
      "image_engine-1.0.0-py3-none-any.whl",
      "tensorrt_cu12_libs-10.7.0.post1-py3-none-any.whl",
      "torch_tensorrt-2.6.1-repacked.whl",
    ]);
  });

  test("an unknown command is refused with the usage", () => {
    expect(sandbox.run("build-wheels.sh", ["install"]).exit).toBe(64);
  });
});

/** A Python whose pip and wheel make the files that the real ones would, TensorRT's libraries with the given content. */
function wheelsOf(content: string): string {
  return `
after() { while [[ "$1" != "$flag" ]]; do shift; done; echo "$2"; }
case "$*" in
  *"pip install"*build-tools.lock*) ;;
  *"pip wheel"*tensorrt.lock*)
    [[ "$*" == *--require-hashes* && "$NVIDIA_TENSORRT_DISABLE_INTERNAL_PIP" == 1 ]] || exit 99
    folder=$(flag=--wheel-dir; after "$@"); mkdir -p "$folder"
    printf '%s' '${content}' >"$folder/tensorrt_cu12_libs-10.7.0.post1-py3-none-any.whl" ;;
  *"pip wheel"*) folder=$(flag=--wheel-dir; after "$@"); touch "$folder/image_engine-1.0.0-py3-none-any.whl" ;;
  *"pip download"*) folder=$(flag=--dest; after "$@"); touch "$folder/torch_tensorrt-2.6.1-cp310.whl" ;;
  *"wheel unpack"*)
    folder=$(flag=--dest; after "$@")/torch_tensorrt-2.6.1
    mkdir -p "$folder/torch_tensorrt/lib"; touch "$folder/torch_tensorrt/_C.cpython-310.so" ;;
  *"wheel pack"*)
    [[ ! -e "\${@: -1}/torch_tensorrt/lib" ]] || exit 98
    folder=$(flag=--dest-dir; after "$@"); touch "$folder/torch_tensorrt-2.6.1-repacked.whl" ;;
  *) exit 97 ;;
esac`;
}
