import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { record } from "../../builder/inBuild/record.ts";
import { build, fetchContext, publish, type StepTools, verify } from "../../builder/inBuild/steps.ts";
import { timed } from "../../builder/inBuild/stepTimes.ts";
import { workspaceIn } from "../../builder/inBuild/workspace.ts";
import type { BuildJob } from "../../builder/job.ts";
import { recentRecords, recordObject } from "../../builder/recentRecords.ts";
import { inputsInGroups, recordSchema } from "../../builder/record.ts";
import { readAll, type StoredObject } from "../../cloud/objectStore.ts";
import { pause } from "../../cloud/retry.ts";
import type { Buildkitd } from "../../toolbox/buildkitd.ts";
import { startBuildkitd } from "../../toolbox/buildkitd.ts";
import { tool } from "../../toolbox/tool.ts";
import { type Bench, BUCKET, REGION, startBench } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";
import { builderOn, targetOf } from "./scene.ts";

jest.setTimeout(120_000);

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const run = promisify(execFile);
const root = process.getuid?.() === 0;
/** BuildKit needs root; the title says why these are skipped. */
const withRoot = root ? describe : describe.skip;

withRoot(`the steps of a build, with a real BuildKit${root ? "" : " (skipped: not root)"}`, () => {
  let folder: string;
  let bench: Bench;
  let daemon: Buildkitd;
  let environment: NodeJS.ProcessEnv;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "strata-steps-"));
    const [buildkitd, runc] = [await tool("buildkitd"), await tool("runc")];
    daemon = await startBuildkitd({ buildkitd, runc });
    environment = {
      ...process.env,
      BUILDX_CONFIG: join(folder, "buildx"),
      BUILDX_BUILDER: "strata",
      DOCKER_CONFIG: folder,
    };
    const { path } = await tool("buildx");
    await run(path, ["create", "--name", "strata", "--driver", "remote", daemon.address], { env: environment });
    bench = await startBench();
    const repositories = `/artifactregistry/v1/projects/${PROJECT}/locations/${REGION}/repositories`;
    await bench.cloud.ok("POST", `${repositories}?repository_id=layers`, { format: "DOCKER" });
    const auth = Buffer.from(`oauth2accesstoken:${bench.cloud.running.operatorToken}`).toString("base64");
    const host = bench.cloud.origin.replace("http://", "");
    await writeFile(join(folder, "config.json"), JSON.stringify({ auths: { [host]: { auth } } }));
    // BuildKit may have to be built first.
  }, 600_000);

  afterAll(async () => {
    await daemon?.stop();
    await bench?.cloud.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A job whose context is in the bucket, and a workspace of its own. */
  async function toolsFor(
    name: string,
    check: readonly string[],
    text = TEXT,
  ): Promise<StepTools & { printed: string[] }> {
    const source = join(folder, `${name}-source`);
    await mkdir(join(source, "base"), { recursive: true });
    await copyFile((await tool("busybox")).path, join(source, "base", "busybox"));
    // Ignores itself and everything else, were it applied to what has been packed.
    await writeFile(join(source, ".dockerignore"), "**\n");
    const dockerfile = new Uint8Array(Buffer.from(text));
    const archive = join(folder, `${name}.tar`);
    await run("tar", ["-cf", archive, "-C", source, "base", ".dockerignore"]);
    const bytes = new Uint8Array(await readFile(archive));
    const digest = digestOf(bytes);
    const dockerfileObject = `contexts/${digestOf(dockerfile)}.Dockerfile`;
    await bench.bucket.write(dockerfileObject, dockerfile);
    await bench.bucket.write(`contexts/${digest}.tar`, bytes);
    const { services, settings } = builderOn(bench);
    const key = createHash("sha256").update(name).digest("hex");
    const job: BuildJob = {
      target: "base:runtime",
      key,
      reference: `${settings.images}/base/runtime:${key}`,
      platform: "linux/amd64",
      dockerfile: { object: `gs://${BUCKET}/${dockerfileObject}`, digest: digestOf(dockerfile) },
      stage: "runtime",
      args: { WORD: "hello" },
      hints: {},
      checks: [{ run: [...check], tier: "build" }],
      images: {},
      context: { object: `gs://${BUCKET}/contexts/${digest}.tar`, digest },
      layers: `${settings.layers}/base`,
      siblings: [],
      store: BUCKET,
      record: {
        strata: "0.0.0",
        algorithm: "strata-key-2",
        machine: "e2-standard-4",
        inputs: inputsInGroups(targetOf(builderOn(bench), "base:runtime").inputs),
      },
    };
    const workspace = workspaceIn(join(folder, `${name}-workspace`));
    await mkdir(workspace.folder, { recursive: true });
    const printed: string[] = [];
    const { path } = await tool("buildx");
    const print = (line: string) => void printed.push(line);
    return { job, workspace, registry: services.registry, api: bench.api, buildx: [path], environment, print, printed };
  }

  async function readText(name: string): Promise<string> {
    const read = async (object: StoredObject) => Buffer.from(await readAll(object, 1 << 20)).toString();
    return (await bench.bucket.read(name, read)) ?? "";
  }

  test("build, verify, publish and record: the tag appears last, and names what was verified", async () => {
    const tools = await toolsFor("good", [
      "/bin/sh",
      "-c",
      'read word </word; [ "$word" = hello ] && [ -f /all/.dockerignore ]',
    ]);
    await timed("context", tools.workspace, () => fetchContext(tools));
    await timed("build", tools.workspace, () => build(tools));
    expect(await tools.registry.digestOf(tools.job.reference)).toBeUndefined();
    await verify(tools);
    expect(await tools.registry.digestOf(tools.job.reference)).toBeUndefined();
    expect(tools.printed.at(-1)).toContain("STRATA-VERIFIED 1 checks passed");
    await publish(tools);
    const digest = await readFile(tools.workspace.digest, "utf8");
    expect(await tools.registry.digestOf(tools.job.reference)).toBe(digest);
    await record(tools);
    const kept = await readText(recordObject("base:runtime", tools.job.key));
    expect(recordSchema.parse(JSON.parse(kept))).toMatchObject({
      digest,
      key: tools.job.key,
      target: "base:runtime",
      machine: "e2-standard-4",
      steps: [{ id: "context" }, { id: "build" }],
      checks: [{ outcome: "passed" }],
    });
    expect(await recentRecords(bench.bucket, "base:runtime")).toEqual([JSON.parse(kept)]);
  });

  test("a check that fails stops the build before the tag; one that cannot answer (77) does not", async () => {
    const failing = await toolsFor("failing", ["/bin/sh", "-c", "echo sm_90 is missing; exit 1"]);
    await fetchContext(failing);
    await build(failing);
    await expect(verify(failing)).rejects.toThrow(/cannot verify base:runtime/);
    expect(failing.printed.some((line) => line.includes("STRATA-VERIFIED"))).toBe(false);
    const skipping = await toolsFor("skipping", ["/bin/sh", "-c", "exit 77"]);
    await fetchContext(skipping);
    await build(skipping);
    await verify(skipping);
    expect(JSON.parse(await readFile(skipping.workspace.checks, "utf8"))).toEqual([
      { run: "/bin/sh -c exit 77", outcome: "skipped" },
    ]);
  });

  test("two builds of the same inputs, without each other's cache, have the same layers", async () => {
    const layersOf = async (name: string) => {
      const tools = await toolsFor(name, ["/bin/sh"]);
      const job = { ...tools.job, layers: `${tools.job.layers}-${name}`, reference: tools.job.reference };
      await fetchContext(tools);
      await build({ ...tools, job, buildx: [...tools.buildx], environment });
      const image = `${job.reference.split(":").slice(0, -1).join(":")}@${await readFile(tools.workspace.digest, "utf8")}`;
      const index = await tools.registry.manifestOf(image);
      const { manifests } = JSON.parse(Buffer.from(index?.bytes ?? []).toString());
      const child = await tools.registry.manifestOf(image.replace(/@.*/, `@${manifests[0].digest}`));
      const { config, layers } = JSON.parse(Buffer.from(child?.bytes ?? []).toString());
      return [config, ...layers].map(({ digest }: { digest: string }) => digest);
    };
    const first = await layersOf("first");
    await run((await tool("buildctl")).path, ["--addr", daemon.address, "prune", "--all"]);
    await pause(1100);
    const second = await layersOf("second");
    expect(first.length).toBeGreaterThan(2);
    expect(second).toEqual(first);
  });

  test("an environment with a scanner gets its list beside the provenance, and the same layers as one without", async () => {
    const scanner = await pushScanner();
    const { statements, layers, versions } = await attestedBy(scanner);
    const spdx = statements.find(({ predicateType }) => predicateType === "https://spdx.dev/Document");
    expect(spdx).toMatchObject({ predicate: { spdxVersion: "SPDX-2.3", name: "what a stand-in saw: /word" } });
    const types = statements.map(({ predicateType }) => predicateType);
    expect(types).toContainEqual(expect.stringContaining("slsa.dev/provenance"));
    const without = await attestedBy(undefined);
    expect(without.statements.map(({ predicateType }) => predicateType)).toEqual(
      types.filter((one) => !one?.includes("spdx")),
    );
    expect(without.layers).toEqual(layers);
    // Clean-up counts three versions for a build: the index and these two.
    expect([versions, without.versions]).toEqual([2, 2]);
  });

  /** Builds the same image with a scanner or without one, and reads what its index has. */
  async function attestedBy(sbomScanner: string | undefined) {
    const tools = await toolsFor(`attested-${sbomScanner !== undefined}`, ["/bin/sh"]);
    await fetchContext(tools);
    await build({ ...tools, job: { ...tools.job, ...(sbomScanner !== undefined && { sbomScanner }) } });
    const repository = tools.job.reference.replace(/:[^:]*$/, "");
    const digest = await readFile(tools.workspace.digest, "utf8");
    const read = async (of: string): Promise<Manifest> => {
      const manifest = await tools.registry.manifestOf(`${repository}@${of}`);
      return JSON.parse(Buffer.from(manifest?.bytes ?? []).toString());
    };
    const { manifests = [] } = await read(digest);
    const [image, attestations] = manifests;
    if (image === undefined || attestations === undefined) throw new Error("there is no image with attestations");
    const { layers = [] } = await read(image.digest);
    const statements = ((await read(attestations.digest)).layers ?? []).map(async (layer): Promise<Statement> => {
      const [host = "", ...path] = repository.split("/");
      const url = `http://${host}/v2/${path.join("/")}/blobs/${layer.digest}`;
      const headers = { Authorization: `Bearer ${bench.cloud.running.operatorToken}` };
      return JSON.parse(await (await fetch(url, { headers })).text());
    });
    return {
      statements: await Promise.all(statements),
      layers: layers.map((layer) => layer.digest),
      versions: manifests.length,
    };
  }

  /**
   * Pushes a stand-in for a scanner: a script that speaks BuildKit's protocol for them, and lists one file of the image
   * that it was given. Answers with its reference, by its digest.
   */
  async function pushScanner(): Promise<string> {
    const source = join(folder, "scanner");
    await mkdir(source);
    await copyFile((await tool("busybox")).path, join(source, "busybox"));
    await writeFile(join(source, "scan.sh"), SCAN);
    await writeFile(
      join(source, "Dockerfile"),
      'FROM scratch\nCOPY busybox /bin/sh\nCOPY scan.sh /scan.sh\nENTRYPOINT ["/bin/sh", "/scan.sh"]\n',
    );
    const metadata = join(folder, "scanner.json");
    const repository = `${builderOn(bench).settings.images}/scanner`;
    const { path } = await tool("buildx");
    const args = [
      "build",
      "--provenance=false",
      "--metadata-file",
      metadata,
      "--push",
      "--tag",
      `${repository}:1`,
      source,
    ];
    await run(path, args, { env: environment });
    return `${repository}@${JSON.parse(await readFile(metadata, "utf8"))["containerimage.digest"]}`;
  }

  test("a stage takes the steps that it has in common with another stage of its image from there", async () => {
    const once =
      "FROM scratch AS shared\nCOPY base/busybox /bin/sh\nARG COMPILER_CACHE_URL\nRUN read up _ </proc/uptime; echo $up >/once\n";
    const text = `${once}FROM shared AS runtime\nFROM shared AS devel\nCOPY . /all/\n`;
    const onceIn = async (stage: string, siblings: readonly string[]) => {
      const tools = await toolsFor(`${stage}-${siblings}`, [], text);
      const job = {
        ...tools.job,
        compilerCache: `gs://${BUCKET}/compiles`,
        stage,
        siblings,
        layers: `${tools.job.layers}-siblings`,
      };
      await fetchContext(tools);
      await build({ ...tools, job });
      await run((await tool("buildctl")).path, ["--addr", daemon.address, "prune", "--all"]);
      const repository = job.reference.replace(/:[^:]*$/, "");
      const read = async (digest: string): Promise<Manifest> => {
        const manifest = await tools.registry.manifestOf(`${repository}@${digest}`);
        return JSON.parse(Buffer.from(manifest?.bytes ?? []).toString());
      };
      const [image] = (await read(await readFile(tools.workspace.digest, "utf8"))).manifests ?? [];
      return (await read(image?.digest ?? "")).layers?.[1]?.digest;
    };
    const runtime = await onceIn("runtime", ["devel"]);
    expect(await onceIn("devel", ["runtime", "never-built"])).toBe(runtime);
    expect(runtime).toBeDefined();
  });

  test("a context that is not the one that was packed is refused", async () => {
    const tools = await toolsFor("poisoned", ["/bin/sh"]);
    await bench.bucket.write(`contexts/${tools.job.context.digest}.tar`, new Uint8Array(1024));
    await expect(fetchContext(tools)).rejects.toThrow(/not what was packed/);
  });
});

/** The Dockerfile of a job. */
const TEXT = 'FROM scratch AS runtime\nCOPY base/busybox /bin/sh\nARG WORD\nRUN echo "$WORD" >/word\nCOPY . /all/\n';

interface Manifest {
  readonly manifests?: readonly { readonly digest: string }[];
  readonly layers?: readonly { readonly digest: string }[];
}

/** An in-toto statement. */
interface Statement {
  readonly predicateType?: string;
  readonly predicate?: object;
}

/** Finds a file that the Dockerfile of these tests makes, so that an empty root would be noticed. */
const SCAN = `#!/bin/sh
[ -f "$BUILDKIT_SCAN_SOURCE/word" ] || exit 1
echo '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document",
"predicate":{"spdxVersion":"SPDX-2.3","SPDXID":"SPDXRef-DOCUMENT","name":"what a stand-in saw: /word"}}' \
  >"$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
`;
