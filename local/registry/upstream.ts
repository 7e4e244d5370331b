import { Readable } from "node:stream";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import { RegistrySession } from "../../cloud/registry/session.ts";
import type { RetryPolicy } from "../../cloud/retry.ts";
import type { Cloud } from "../cloud.ts";
import { GoogleError } from "../http/errors.ts";
import { isMessage } from "../schema/masks.ts";
import type { Message } from "../schema/messages.ts";
import { requireRepository } from "./address.ts";
import { RegistryContent } from "./content.ts";

/** Where a remote repository fetches from what it does not have. */
interface Upstream {
  readonly registry: string;
  /** What stands before an image's name there, with a slash at its end; empty for Docker Hub. */
  readonly prefix: string;
}

/** Upstreams are asked without a name: no account's password is on this machine. */
const anonymous = async () => ({ kind: "anonymous" }) as const;

/** A client of the mirror tries again by itself. */
const once: RetryPolicy = { attempts: 1, firstDelayMs: 0, longestDelayMs: 0 };

/** The longest silence of an upstream while a layer comes, in milliseconds. */
const silenceMs = 60_000;

/**
 * Makes sure that a repository has the manifest that a tag or digest names, if it is a remote one and its upstream has
 * it. A digest is fetched once; a tag is looked up each time, because it may have moved.
 *
 * @throws GoogleError 501 for an upstream that is no Docker registry, 503 where it cannot be reached.
 */
export async function bringManifest(cloud: Cloud, repository: string, image: string, reference: string): Promise<void> {
  const upstream = upstreamOf(cloud, repository);
  if (upstream === undefined) return;
  const content = new RegistryContent(cloud);
  const packageName = RegistryContent.packageName(repository, image);
  const byDigest = reference.startsWith("sha256:");
  if (byDigest && content.manifest(packageName, reference)) return;
  const name = `${upstream.registry}/${upstream.prefix}${image}${byDigest ? "@" : ":"}${reference}`;
  const found = await reached(name, () => new OciRegistry({ logins: anonymous, retries: once }).manifestOf(name));
  if (found === undefined) return;
  const { digest, mediaType, bytes } = found;
  const { config, layers = [] }: { config?: Part; layers?: readonly Part[] } = JSON.parse(
    Buffer.from(bytes).toString(),
  );
  const imageSize = [config, ...layers].reduce((sum, part) => sum + (part?.size ?? 0), bytes.length);
  await cloud.blobs.write(bytes);
  const manifest = { digest, mediaType, size: bytes.length, imageSize, uploadTime: new Date().toISOString() };
  content.putManifest(packageName, manifest, byDigest ? undefined : reference);
}

interface Part {
  readonly size: number;
}

/**
 * Makes sure that a repository has a blob, if it is a remote one and its upstream has it.
 *
 * @throws GoogleError 501 for an upstream that is no Docker registry, 503 where it cannot be reached.
 */
export async function bringBlob(cloud: Cloud, repository: string, image: string, digest: string): Promise<void> {
  const upstream = upstreamOf(cloud, repository);
  const content = new RegistryContent(cloud);
  if (upstream === undefined || content.hasBlob(repository, digest)) return;
  const source = `${upstream.prefix}${image}`;
  const sha256 = await reached(`${upstream.registry}/${source}@${digest}`, () =>
    new RegistrySession(upstream.registry, anonymous).send(
      { method: "GET", path: `${source}/blobs/${digest}`, timeoutMs: silenceMs },
      [{ repository: source, actions: "pull" }],
      async ({ ok, status, body }, alive) => {
        if (status === 404) return undefined;
        if (!ok || body === null) throw new Error(`answered ${status}`);
        return (await cloud.blobs.write(Readable.from(heard(body, alive)))).sha256;
      },
    ),
  );
  if (sha256 === undefined) return;
  if (`sha256:${sha256}` !== digest) throw unreachable(source, `its bytes have the digest sha256:${sha256}`);
  content.addBlob(repository, digest);
}

/** The bytes as they come, each chunk of them a sign of life. */
async function* heard(body: ReadableStream<Uint8Array>, alive: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    alive();
    yield chunk;
  }
}

/** The upstream of a remote repository; undefined for any other. */
function upstreamOf(cloud: Cloud, repository: string): Upstream | undefined {
  const { mode, remoteRepositoryConfig } = requireRepository(cloud, repository);
  if (mode !== "REMOTE_REPOSITORY") return undefined;
  const { dockerRepository, commonRepository } = (remoteRepositoryConfig ?? {}) as Readonly<Record<string, Message>>;
  if (isMessage(dockerRepository) && dockerRepository.publicRepository === "DOCKER_HUB") {
    return { registry: "docker.io", prefix: "" };
  }
  const uri = isMessage(commonRepository) ? String(commonRepository.uri) : "";
  if (!URL.canParse(uri)) {
    throw new GoogleError("UNIMPLEMENTED", `The local cloud does not speak to the upstream of ${repository}`, {
      reason: "UNSUPPORTED",
    });
  }
  const { host, pathname } = new URL(uri);
  const path = pathname.replace(/^\/+|\/+$/g, "");
  return { registry: host, prefix: path === "" ? "" : `${path}/` };
}

async function reached<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw unreachable(what, error instanceof Error ? error.message : String(error));
  }
}

function unreachable(what: string, why: string): GoogleError {
  return new GoogleError("UNAVAILABLE", `The upstream does not give ${what}: ${why}`, { reason: "UNAVAILABLE" });
}
