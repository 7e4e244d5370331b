import { type IncomingMessage, request } from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { UserError } from "../../chain/errors.ts";
import { errorMessage } from "../../cloud/systemError.ts";

/** The part of an image that Docker is asked for. */
export interface InspectedImage {
  /** `sha256:…` of its configuration. */
  readonly Id: string;
  /** Each `repository@sha256:…` that it was pulled as. */
  readonly RepoDigests: readonly string[];
}

/** One line of the stream that a build or a pull answers with. */
interface Progress {
  readonly error?: string;
}

/** Docker's API as of Docker 20.10; every later daemon still answers it. */
const VERSION = "v1.41";

/** Where a daemon listens that was told nothing else. */
const DEFAULT_HOST = "unix:///var/run/docker.sock";

/** Asks whether a daemon answers. Throws a UserError where none does. */
export async function requireDaemon(): Promise<void> {
  try {
    (await accepted(await send("GET", "version"))).resume();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError({
      problem: `no Docker daemon answers: ${errorMessage(error)}`,
      value: process.env.DOCKER_HOST ?? DEFAULT_HOST,
      fix: "start Docker, or let DOCKER_HOST name the socket of a daemon that runs (unix://…)",
    });
  }
}

/** The image of a name, or undefined where the daemon has none. */
export async function inspectImage(name: string): Promise<InspectedImage | undefined> {
  const answer = await send("GET", `images/${name}/json`);
  if (answer.statusCode !== 404) return (await json(await accepted(answer))) as InspectedImage;
  answer.resume();
  return undefined;
}

/** Gives an image one more name. */
export async function tagImage(name: string, repository: string, tag: string): Promise<void> {
  (await accepted(await send("POST", `images/${name}/tag`, { repo: repository, tag }))).resume();
}

/** Pulls an image, `repository@sha256:…` or `repository:tag`. */
export async function pullImage(name: string, platform: string | undefined): Promise<void> {
  await finished(await send("POST", "images/create", { fromImage: name, ...(platform && { platform }) }));
}

/** Takes a name from an image, and the image away with its last name. */
export async function removeImage(name: string): Promise<void> {
  (await accepted(await send("DELETE", `images/${name}`))).resume();
}

/**
 * Builds with the daemon's BuildKit.
 *
 * @param context a tar with the Dockerfile in it.
 * @param query as in Docker's API: dockerfile, t, target, platform, buildargs.
 */
export async function buildImage(context: Readable, query: Readonly<Record<string, string>>): Promise<void> {
  await finished(await send("POST", "build", { ...query, version: "2" }, context));
}

function send(
  method: string,
  path: string,
  query: Readonly<Record<string, string>> = {},
  body?: Readable,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = request({
      ...daemonAddress(),
      method,
      path: `/${VERSION}/${path}?${new URLSearchParams(query)}`,
      ...(body && { headers: { "content-type": "application/x-tar" } }),
    });
    asked.once("response", resolve);
    asked.once("error", reject);
    if (body) pipeline(body, asked).catch(reject);
    else asked.end();
  });
}

/** The answer, unless it is an error. */
async function accepted(answer: IncomingMessage): Promise<IncomingMessage> {
  if ((answer.statusCode ?? 500) < 400) return answer;
  const { message } = (await json(answer)) as { readonly message: string };
  throw new Error(`Docker answered ${answer.statusCode}: ${message}`);
}

/** Reads a stream of progress to its end. Docker answers 200 at once, and tells in the stream whether it failed. */
async function finished(answer: IncomingMessage): Promise<void> {
  let failure: string | undefined;
  for await (const line of createInterface({ input: await accepted(answer) })) {
    if (line.trim() !== "") failure = (JSON.parse(line) as Progress).error ?? failure;
  }
  if (failure !== undefined) throw new Error(failure);
}

/** Where DOCKER_HOST, or Docker's default, says that the daemon is. */
function daemonAddress(): { readonly socketPath: string } {
  const host = process.env.DOCKER_HOST ?? DEFAULT_HOST;
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  throw new UserError({
    problem: "the stand-in for pulumi-docker drives a daemon of this machine only",
    value: host,
    allowed: "a DOCKER_HOST that starts with unix://",
    fix: "unset DOCKER_HOST",
  });
}
