import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../chain/errors.ts";
import type { GoogleApi } from "../../cloud/google/api.ts";
import { Bucket } from "../../cloud/google/bucket.ts";
import type { StoredObject } from "../../cloud/objectStore.ts";
import type { ImageRegistry } from "../../cloud/registry/imageRegistry.ts";
import { errorCode } from "../../cloud/systemError.ts";
import { hitsSentence, sentence } from "../../compilerCache/sentence.ts";
import { CompilerCacheService } from "../../compilerCache/service.ts";
import { storeAt } from "../../compilerCache/store.ts";
import type { BuildJob, StoredInput } from "../job.ts";
import { VERIFIED_LINE } from "../progress.ts";
import { buildArguments, checkArguments, repositoryOf } from "./buildx.ts";
import { CheckListener, checksDockerfile } from "./checks.ts";
import { command } from "./command.ts";
import type { Workspace } from "./workspace.ts";

/** What the steps of a build work with. */
export interface StepTools {
  readonly job: BuildJob;
  readonly workspace: Workspace;
  readonly registry: ImageRegistry;
  readonly api: GoogleApi;
  /** buildx: the program, and what stands before its own arguments (`docker buildx`). */
  readonly buildx: readonly [string, ...string[]];
  readonly environment: NodeJS.ProcessEnv;
  /** Writes a line to the build's log. */
  print(line: string): void;
}

/** How long the compiler cache may take to store what it has when the build is over, in milliseconds. */
const drainMs = 10 * 60_000;

/**
 * Where the compiler cache listens if it can. Its address is a build arg, which BuildKit counts to a step: with another
 * port each time, no build would find the compiled stage of the build before it.
 */
const cachePort = 48_170;

/** Fetches the context and the Dockerfile, and checks that they are what was packed. */
export async function fetchContext({ job, workspace, api }: StepTools): Promise<void> {
  const archive = join(workspace.folder, "context.tar");
  await fetchInput(job.context, archive, job, api);
  await fetchInput(job.dockerfile, workspace.dockerfile, job, api);
  // The context holds only what is read. An ignore file in it is content, and must not be applied to it again.
  await writeFile(`${workspace.dockerfile}.dockerignore`, "");
  await mkdir(workspace.context, { recursive: true });
  await command("tar", ["-xf", archive, "-C", workspace.context], { doing: "unpack the context" });
}

async function fetchInput(input: StoredInput, file: string, job: BuildJob, api: GoogleApi): Promise<void> {
  const [bucket, name] = placeOf(input.object);
  const digest = await new Bucket(api, bucket).read(name, async (object: StoredObject) => {
    const hash = createHash("sha256");
    const hashed = async function* () {
      for await (const chunk of object.body) {
        hash.update(chunk);
        yield chunk;
      }
    };
    await pipeline(hashed(), createWriteStream(file));
    return hash.digest("hex");
  });
  if (digest === input.digest) return;
  throw new UserError({
    problem: `what ${job.target} is built from is ${digest === undefined ? "not in the bucket" : "not what was packed"}`,
    value: digest ?? input.object,
    allowed: input.digest,
    fix: "remove the object and start the build again: it is packed anew",
  });
}

/** Builds the stage and pushes it by its digest; compiles go through the compiler cache where there is one. */
export async function build(tools: StepTools): Promise<void> {
  const { job, workspace, buildx, environment, print } = tools;
  const cache = job.compilerCache === undefined ? undefined : await startCompilerCache(job.compilerCache, print);
  try {
    const [program, ...before] = buildx;
    const args = [...before, ...buildArguments(job, workspace, cache?.remoteStorage)];
    await command(program, args, { doing: `build ${job.target}`, environment });
  } finally {
    // What was compiled is of use to the next build even where this one failed.
    const account = await cache?.stop(drainMs);
    if (account !== undefined) await writeFile(workspace.compilerCache, JSON.stringify(account));
    const hits = account?.compiles && hitsSentence(account.compiles);
    if (hits !== undefined) print(`compiler cache: ${hits}`);
  }
  const metadata: { "containerimage.digest"?: string } = JSON.parse(await readFile(workspace.metadata, "utf8"));
  const digest = metadata["containerimage.digest"];
  if (digest === undefined) throw new Error("buildx did not say which digest it pushed");
  // The file appears whole or not at all, because it says that this step succeeded.
  await writeFile(`${workspace.digest}.new`, digest);
  await rename(`${workspace.digest}.new`, workspace.digest);
  print(`built ${repositoryOf(job)}@${digest}`);
}

/** Runs the image's own checks in the image that was pushed. */
export async function verify({ job, workspace, buildx, environment, print }: StepTools): Promise<void> {
  const [program, ...before] = buildx;
  const digest = await readFile(workspace.digest, "utf8");
  const listener = new CheckListener(job.checks);
  if (job.checks.length > 0) {
    const args = [...before, ...checkArguments(job, digest)];
    const stdin = checksDockerfile(job.checks);
    const hear = (line: string) => listener.hear(line);
    await command(program, args, { stdin, doing: `verify ${job.target}`, environment, hear });
  }
  await writeFile(workspace.checks, JSON.stringify(listener.outcomes));
  print(`${VERIFIED_LINE} ${job.checks.length} checks passed on ${digest}`);
}

/** Creates the key's tag: from now on the image is published. */
export async function publish({ job, workspace, registry, print }: StepTools): Promise<void> {
  const digest = await readFile(workspace.digest, "utf8");
  await registry.createTag(`${repositoryOf(job)}@${digest}`, job.key);
  print(`published ${job.reference}`);
}

async function startCompilerCache(place: string, print: (line: string) => void): Promise<CompilerCacheService> {
  const startAt = (port: number) =>
    CompilerCacheService.start({
      ...storeAt(place),
      readOnly: false,
      host: "127.0.0.1",
      port,
      tell: (event) => print(`compiler cache: ${sentence(event)}`),
    });
  try {
    return await startAt(cachePort);
  } catch (error) {
    // Another build of this machine has it.
    if (errorCode(error) === "EADDRINUSE") return startAt(0);
    throw error;
  }
}

function placeOf(url: string): readonly [bucket: string, name: string] {
  const [, bucket = "", name = ""] = /^gs:\/\/([^/]+)\/(.+)$/.exec(url) ?? [];
  return [bucket, name];
}
