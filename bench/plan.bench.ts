import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBuildkitd } from "../toolbox/buildkitd.ts";
import { tool } from "../toolbox/tool.ts";
import { type Row, sideBySide, timed } from "./measure.ts";

const TURNS = 7;
/** What cli/strata.mjs is started with by its first line and by the npm scripts. */
const NODE_OPTIONS = ["--min-semi-space-size=64", "--max-semi-space-size=64"];
const STRATA = fileURLToPath(new URL("../cli/strata.mjs", import.meta.url));
const CATALOGUE = fileURLToPath(new URL("../dockerfiles", import.meta.url));

/** Targets of the stand-in, as many as the catalogue has. */
const TARGETS = 9;
const FILES = 20;

/**
 * The whole plan against BuildKit's answer that nothing is to be done. The bases of the real catalogue cannot be had
 * everywhere, so BuildKit answers for as many images of the same kind that are FROM scratch.
 */
export async function rows(): Promise<Row[]> {
  const [buildkitd, buildctl, runc, buildx, busybox] = [
    await tool("buildkitd"),
    await tool("buildctl"),
    await tool("runc"),
    await tool("buildx"),
    await tool("busybox"),
  ];
  const daemon = await startBuildkitd({ buildkitd, runc });
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-plan-"));
  try {
    writeCatalogue(join(folder, "dockerfiles"), busybox.path);
    process.env.BUILDX_CONFIG = join(folder, "buildx");
    timed(buildx.path, ["create", "--name", "bench", "--driver", "remote", daemon.address]);
    writeFileSync(join(folder, "bake.json"), strata(["bake"], folder).output);
    const bake = () => {
      const args = [
        "bake",
        "--builder",
        "bench",
        "-f",
        "bake.json",
        "--allow",
        "fs.read=*",
        "--set",
        "*.output=type=cacheonly",
      ];
      return timed(buildx.path, args, folder).seconds;
    };
    const each = () => {
      let seconds = 0;
      for (let image = 0; image < TARGETS; image++)
        seconds += timed(buildctl.path, noOp(daemon.address, image), folder).seconds;
      return seconds;
    };
    const standIn = sideBySide(TURNS, () => strata(["plan"], folder).seconds, each);
    const baked = sideBySide(TURNS, () => strata(["plan"], folder).seconds, bake);
    const real = sideBySide(
      TURNS,
      () => timed(process.execPath, [...NODE_OPTIONS, STRATA, "plan", "--catalogue", CATALOGUE]).seconds,
      bake,
    );
    const work = `strata plan of ${TARGETS} images, whole process`;
    return [
      {
        work,
        against: "buildctl build of each, nothing to do",
        ours: standIn.ours,
        theirs: standIn.theirs,
        unit: "s",
        goal: "5 times faster",
        met: standIn.theirs / standIn.ours >= 5,
      },
      {
        work,
        against: "docker buildx bake of all at once, nothing to do",
        ours: baked.ours,
        theirs: baked.theirs,
        unit: "s",
        goal: "no slower",
        met: baked.theirs >= baked.ours,
      },
      {
        work: "strata plan of the whole catalogue, whole process",
        against: "",
        ours: real.ours,
        unit: "s",
        goal: "under 0.25 s",
        met: real.ours < 0.25,
      },
    ];
  } finally {
    await daemon.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function strata(words: readonly string[], folder: string) {
  return timed(process.execPath, [...NODE_OPTIONS, STRATA, ...words], folder);
}

function noOp(address: string, image: number): readonly string[] {
  const local = ["--local", "context=dockerfiles", "--local", "dockerfile=dockerfiles"];
  const options = ["--opt", `filename=image-${image}/Dockerfile`, "--opt", "target=runtime"];
  return ["--addr", address, "build", "--frontend", "dockerfile.v0", ...local, ...options];
}

function writeCatalogue(folder: string, busybox: string): void {
  mkdirSync(join(folder, "shared"), { recursive: true });
  cpSync(busybox, join(folder, "shared", "busybox"), { dereference: true });
  for (let image = 0; image < TARGETS; image++) {
    const name = `image-${image}`;
    mkdirSync(join(folder, name, "files"), { recursive: true });
    writeFileSync(
      join(folder, name, "image.yaml"),
      `description: stand-in ${image}\nmachine: e2-highcpu-8\nexpectedMinutes: 5\n`,
    );
    writeFileSync(join(folder, name, "Dockerfile.dockerignore"), `*\n!shared\n!${name}\n`);
    writeFileSync(join(folder, name, "Dockerfile"), dockerfile(name));
    for (let file = 0; file < FILES; file++)
      writeFileSync(join(folder, name, "files", `${file}.txt`), `${image} ${file}\n`.repeat(500));
  }
}

function dockerfile(name: string): string {
  return `FROM scratch AS build
COPY shared/busybox /bin/sh
COPY ${name}/files /src
RUN echo "built ${name}" > /result
FROM scratch AS runtime
COPY shared/busybox /bin/sh
COPY --from=build /result /result
ENV NAME=${name}
RUN echo "$NAME"
USER 1000
CMD ["/bin/sh"]
`;
}
