import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import type { ImageArgs } from "@pulumi/docker";
import type { Unwrap } from "@pulumi/pulumi";
import type { Kind } from "../standIn/kind.ts";
import { buildImage, inspectImage } from "./engineApi.ts";

type Inputs = Unwrap<ImageArgs>;
type Build = NonNullable<Inputs["build"]>;

/** What the plugin's outputs are for an image that is not pushed; contextDigest it keeps among the inputs. */
type Outputs = {
  readonly baseImageName: string;
  readonly registryServer: string;
  readonly context: string;
  readonly dockerfile: string;
  readonly repoDigest: string;
  readonly contextDigest: string;
};

/**
 * docker:index/image:Image, for images that stay in the daemon. As with the plugin, its context is looked at in a
 * preview already, what changes is built anew, and deletion leaves the image where it is.
 */
export const image: Kind<Inputs, Outputs> = {
  immutable: [],
  deleteFirst: false,
  computed: ["baseImageName", "registryServer", "context", "dockerfile", "repoDigest", "contextDigest"],

  check({ build, skipPush }) {
    const { dockerfile } = placesOf(build);
    const wrong = (property: string, reason: string) => [{ property, reason }];
    if (!skipPush) return wrong("skipPush", "the stand-in for pulumi-docker pushes nothing");
    if (!existsSync(dockerfile)) return wrong("build", `could not open dockerfile at relative path ${dockerfile}`);
    return [];
  },

  async changedBehind({ contextDigest }, { build }) {
    return contextDigest === digestOf(build) ? [] : ["build"];
  },

  async create(inputs) {
    return { id: inputs.imageName, outputs: await built(inputs) };
  },

  /** The plugin asks nobody: an image that somebody removed from the daemon is not missed. */
  async read(_, state) {
    return state as Inputs & Outputs;
  },

  async update(_, __, inputs) {
    return built(inputs);
  },

  async delete() {},
};

async function built({ imageName, build }: Inputs): Promise<Outputs> {
  const { context, dockerfile } = placesOf(build);
  const inContext = relative(context, dockerfile);
  const contextDigest = digestOf(build);
  await buildImage(archiveOf(context), {
    dockerfile: inContext,
    t: imageName,
    buildargs: JSON.stringify(build?.args ?? {}),
    ...(build?.target && { target: build.target }),
    ...(build?.platform && { platform: build.platform }),
    ...(build?.network && { networkmode: build.network }),
  });
  const made = await inspectImage(imageName);
  if (!made) throw new Error(`Docker built ${imageName}, and does not have it`);
  return {
    baseImageName: imageName,
    registryServer: "",
    context,
    dockerfile: inContext,
    repoDigest: made.Id,
    contextDigest,
  };
}

function placesOf(build: Build | undefined): { readonly context: string; readonly dockerfile: string } {
  const context = build?.context ?? ".";
  return { context, dockerfile: build?.dockerfile ?? join(context, "Dockerfile") };
}

/** A tar of a folder; it ends in an error where a file is not in it, because Docker would build without that file. */
function archiveOf(folder: string): Readable {
  const tar = spawn("tar", ["--owner=0", "--group=0", "--numeric-owner", "-cf", "-", "-C", folder, "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const archive = tar.stdout.pipe(new PassThrough(), { end: false });
  tar.once("error", (error) => archive.destroy(error));
  tar.once("close", (code) => {
    if (code === 0) archive.end();
    else archive.destroy(new Error(`tar could not read all of ${folder}`));
  });
  return archive;
}

/** A digest of the Dockerfile and of every file of the context with its mode. */
function digestOf(build: Build | undefined): string {
  const { context, dockerfile } = placesOf(build);
  const digest = createHash("sha256").update(readFileSync(dockerfile));
  for (const path of readdirSync(context, { recursive: true, encoding: "utf8" }).sort()) {
    const file = join(context, path);
    const stats = lstatSync(file);
    if (stats.isDirectory()) continue;
    const content = stats.isSymbolicLink() ? readlinkSync(file) : readFileSync(file);
    digest.update(JSON.stringify([path, stats.mode, createHash("sha256").update(content).digest("hex")]));
  }
  return digest.digest("hex");
}
