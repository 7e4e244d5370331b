import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Buildkitd, startBuildkitd } from "../../toolbox/buildkitd.ts";
import type { Tool } from "../../toolbox/tool.ts";
import type { State } from "./state.ts";

/** The programs that the ground truth is made of. */
export const oracleTools = ["buildkitd", "buildctl", "runc", "busybox"] as const;

export type OracleTools = Readonly<Record<(typeof oracleTools)[number], Tool>>;

/** What BuildKit did for one build. */
export interface Build {
  /** The steps that were run and not answered from the cache, without those that only load what the build is given. */
  readonly ran: readonly string[];
  /** Digest of the image's config: environment, command, labels, history... */
  readonly config: string;
}

/** A base image for the cases, as an OCI layout on disk. */
export interface BaseImage {
  /** The name that Dockerfiles use. */
  readonly name: string;
  readonly layout: string;
  readonly digest: string;
}

/** A build that BuildKit refused or that failed; the message is BuildKit's. */
export class BuildFailed extends Error {
  override readonly name = "BuildFailed";
}

/**
 * BuildKit walks its copy of the last build's context while it brings it up to date, and now and then meets a folder that
 * has just become a link. That says nothing about the context, and a second try finds it up to date.
 */
const ownCopyChanged = /failed to walk: lstat \S*\/snapshots\/.*: too many levels of symbolic links/;

/** BuildKit with an empty cache. */
export class Oracle {
  readonly #daemon: Buildkitd;
  readonly #buildctl: string;
  readonly #bases: readonly BaseImage[];
  readonly #scratch: string;

  private constructor(daemon: Buildkitd, buildctl: string, bases: readonly BaseImage[]) {
    this.#daemon = daemon;
    this.#buildctl = buildctl;
    this.#bases = bases;
    this.#scratch = mkdtempSync(join(tmpdir(), "strata-oracle-"));
  }

  static async start({ buildkitd, buildctl, runc }: OracleTools, bases: readonly BaseImage[]): Promise<Oracle> {
    return new Oracle(await startBuildkitd({ buildkitd, runc }), buildctl.path, bases);
  }

  /** Builds a state whose context lies in `folder`. */
  async build(state: State, folder: string): Promise<Build> {
    const metadata = join(this.#scratch, "metadata.json");
    const progress = await this.#run([
      ...this.#frontend(state, folder),
      "--output=type=image,compression=uncompressed",
      `--metadata-file=${metadata}`,
    ]);
    const { "containerimage.config.digest": config } = JSON.parse(readFileSync(metadata, "utf8"));
    return { ran: stepsRun(progress), config };
  }

  /** Builds a state whose context lies in `folder` and writes the files of its target's root below `output`. */
  async exportFiles(state: State, folder: string, output: string): Promise<void> {
    const exportOnce = () => this.#run([...this.#frontend(state, folder), `--output=type=local,dest=${output}`]);
    await exportOnce().catch((error: unknown) => {
      if (!(error instanceof BuildFailed) || !ownCopyChanged.test(error.message)) throw error;
      return exportOnce();
    });
  }

  /** Builds a state and writes its image as an OCI layout; returns the image's digest. */
  async exportLayout(state: State, folder: string, layout: string): Promise<string> {
    await this.#run([...this.#frontend(state, folder), `--output=type=oci,tar=false,dest=${layout}`]);
    const index = JSON.parse(readFileSync(join(layout, "index.json"), "utf8"));
    return index.manifests[0].digest;
  }

  /** Forgets everything that was built. */
  async forget(): Promise<void> {
    await this.#buildctlOutput(["prune", "--all"]);
  }

  async stop(): Promise<void> {
    await this.#daemon.stop();
    rmSync(this.#scratch, { recursive: true, force: true });
  }

  #frontend(state: State, folder: string): string[] {
    return [
      "--frontend=dockerfile.v0",
      `--local=context=${folder}`,
      `--local=dockerfile=${join(folder, dirname(state.dockerfile))}`,
      `--opt=filename=${state.dockerfile.slice(state.dockerfile.lastIndexOf("/") + 1)}`,
      ...(state.target === undefined ? [] : [`--opt=target=${state.target}`]),
      ...Object.entries(state.buildArgs).map(([name, value]) => `--opt=build-arg:${name}=${value}`),
      ...this.#bases.flatMap(({ name, layout, digest }, index) => [
        `--oci-layout=base${index}=${layout}`,
        `--opt=context:${name}=oci-layout://base${index}@${digest}`,
      ]),
    ];
  }

  #run(args: readonly string[]): Promise<string> {
    return this.#buildctlOutput(["build", "--progress=rawjson", ...args]);
  }

  /** Standard error of buildctl: where it writes its progress. */
  #buildctlOutput(args: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.#buildctl, ["--addr", this.#daemon.address, ...args], {
        stdio: ["ignore", "ignore", "pipe"],
      });
      const chunks: Buffer[] = [];
      child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
      child.on("error", reject);
      child.on("close", (status) => {
        const said = Buffer.concat(chunks).toString("utf8");
        if (status === 0) resolve(said);
        else
          reject(
            new BuildFailed(
              said
                .split("\n")
                .filter((line) => line !== "" && !line.startsWith("{"))
                .join("\n"),
            ),
          );
      });
    });
  }
}

interface Vertex {
  readonly digest: string;
  readonly name: string;
  readonly started?: string;
  readonly cached?: boolean;
}

/** Names of steps that read what the build is given: they are looked at in every build and are no work. */
const loading = /^(\[internal\]|\[context |exporting |FROM |\[[^\]]*\] FROM )/;

function stepsRun(progress: string): string[] {
  const last = new Map<string, Vertex>();
  for (const line of progress.split("\n").filter((text) => text.startsWith("{")))
    for (const vertex of (JSON.parse(line) as { vertexes?: Vertex[] }).vertexes ?? []) last.set(vertex.digest, vertex);
  return [...last.values()]
    .filter(({ name, started, cached }) => started !== undefined && !cached && !loading.test(name))
    .map(({ name }) => name);
}

/** Builds the base images of the cases: a shell in two versions, and a folder of files. */
export async function makeBases(tools: OracleTools, folder: string): Promise<BaseImage[]> {
  const busybox = { kind: "file", content: readFileSync(tools.busybox.path), mode: 0o755 } as const;
  const texts: Record<string, string> = {
    "base:1": "FROM scratch\nCOPY busybox /bin/sh\n",
    "base:2": "FROM scratch\nCOPY busybox /bin/sh\nENV BASE=2\n",
    "files:1": "FROM scratch\nCOPY <<one /files/one\n1\none\nCOPY <<two /files/two\n2\ntwo\n",
  };
  const oracle = await Oracle.start(tools, []);
  try {
    const bases: BaseImage[] = [];
    for (const [index, [name, text]] of Object.entries(texts).entries()) {
      const context = join(folder, `context${index}`);
      const layout = join(folder, `layout${index}`);
      mkdirSync(context, { recursive: true });
      writeFileSync(join(context, "busybox"), busybox.content, { mode: 0o755 });
      writeFileSync(join(context, "Dockerfile"), text);
      const state = { files: new Map(), dockerfile: "Dockerfile", buildArgs: { SOURCE_DATE_EPOCH: "0" } };
      bases.push({ name, layout, digest: await oracle.exportLayout(state, context, layout) });
    }
    return bases;
  } finally {
    await oracle.stop();
  }
}
