import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUILDKIT_IMAGE } from "../../builder/buildkit.ts";
import { recordObject } from "../../builder/recentRecords.ts";
import { buildRequest, inputObject } from "../../builder/request.ts";
import { readAll } from "../../cloud/objectStore.ts";
import { variablesOf } from "../../local/workers/process.ts";
import { available } from "../../toolbox/available.ts";
import { type Bench, REGION, startBench } from "../cloud/onLocalCloud.ts";
import { PROJECT } from "../local/testCloud.ts";
import { builderOn, targetOf } from "./scene.ts";
import { STEP_TOOLS, type StepContainers, startStepContainers } from "./stepContainers.ts";

const found = process.getuid?.() === 0 ? available([...STEP_TOOLS]) : { reason: "Docker's daemon needs root on Linux" };

function containerTest(name: string, check: () => Promise<void>): void {
  if (found.reason === undefined) test(name, check, 180_000);
  else test.skip(`${name} (skipped: ${found.reason})`, () => {});
}

// The request that Cloud Build gets, step by step in containers, with BuildKit in the container that buildx starts beside.
describe("the steps of a build in containers", () => {
  let bench: Bench;
  let containers: StepContainers;
  const folder = mkdtempSync(join(tmpdir(), "strata-in-containers-"));

  beforeAll(async () => {
    bench = await startBench();
    const repositories = `/artifactregistry/v1/projects/${PROJECT}/locations/${REGION}/repositories`;
    await bench.cloud.ok("POST", `${repositories}?repository_id=layers`, { format: "DOCKER" });
    if (found.tools === undefined) return;
    containers = await startStepContainers(found.tools, BUILDKIT_IMAGE, Number(new URL(bench.cloud.origin).port));
  }, 180_000);

  afterAll(async () => {
    await containers?.close();
    await bench?.cloud.close();
    rmSync(folder, { recursive: true, force: true });
  });

  containerTest(
    "build, verify and publish, with a compiler cache that a RUN step reaches on its loopback address",
    async () => {
      const builder = builderOn(bench);
      const source = join(folder, "source");
      mkdirSync(source);
      copyFileSync(found.tools?.busybox.path ?? "", join(source, "busybox"));
      const archive = join(folder, "context.tar");
      execFileSync("tar", ["-C", source, "-cf", archive, "busybox"]);
      const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
      const context = new Uint8Array(readFileSync(archive));
      const dockerfile = new Uint8Array(Buffer.from(DOCKERFILE));
      const uploaded = { context: sha256(context), dockerfile: sha256(dockerfile) };
      await bench.bucket.write(inputObject("context", uploaded.context), context);
      await bench.bucket.write(inputObject("dockerfile", uploaded.dockerfile), dockerfile);
      const checks = [{ run: ["/bin/sh", "-c", "read word </word; [ $word = 1 ]"], tier: "build" as const }];
      const target = { ...targetOf(builder, "base:runtime"), dockerfile, checks, compiles: true };
      const settings = { ...builder.settings, tool: "tool:here", compilerCache: "builds" };
      const { steps, options } = buildRequest(target, uploaded, settings);
      const env = { ...bench.environment, ...variablesOf(options.env), BUILD_ID: "b1", HOME: "/workspace" };
      for (const step of steps) {
        const published = await builder.services.registry.digestOf(target.reference);
        expect([step.id, published !== undefined]).toEqual([step.id, step.id === "record"]);
        const { code, output } = await containers.run(step, env);
        expect([step.id, code, output]).toEqual([step.id, 0, expect.anything()]);
        if (step.id === "build") expect(output).toContain("the cache answers");
      }
      const digest = await builder.services.registry.digestOf(target.reference);
      const record = await bench.bucket.read(recordObject("base:runtime", target.key), async (object) =>
        JSON.parse(Buffer.from(await readAll(object, 1 << 20)).toString()),
      );
      expect(record).toMatchObject({ digest, build: "b1", checks: [{ outcome: "passed" }] });
    },
  );
});

/** Asks the compiler cache, whose address is a build arg, from a RUN step. */
const DOCKERFILE = `FROM scratch AS runtime
COPY busybox /bin/busybox
SHELL ["/bin/busybox", "sh", "-c"]
RUN ["/bin/busybox", "ln", "-s", "busybox", "/bin/sh"]
ARG COMPILER_CACHE_URL
RUN address=\${COMPILER_CACHE_URL#http://}; address=\${address%%[|/]*}; \\
  /bin/busybox nc -w 5 \${address%:*} \${address##*:} </dev/null && echo "the cache answers"
RUN echo 1 >/word
`;
