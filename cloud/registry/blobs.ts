import { createHash } from "node:crypto";
import type { Reference } from "../../chain/reference.ts";
import { readBytes } from "../http.ts";
import { TransientError } from "../retry.ts";
import { detailOf, RefusedByRegistry } from "./failure.ts";
import type { RegistrySession, Scope } from "./session.ts";

/** The longest silence of a registry while a layer moves, in milliseconds. */
const blobTimeoutMs = 60_000;
/** What is read of an answer that should be empty or an error, in bytes. */
const longestAnswer = 1 << 16;

/** Reads a whole blob of at most `most` bytes, which are checked against its digest. */
export async function readBlob(
  digest: string,
  { repository }: Reference,
  session: RegistrySession,
  most: number,
): Promise<Uint8Array> {
  const path = `${repository}/blobs/${digest}`;
  return session.send(
    { method: "GET", path, headers: { "accept-encoding": "identity" }, timeoutMs: blobTimeoutMs },
    [{ repository, actions: "pull" }],
    async (blob, alive) => {
      if (!blob.ok) throw await refusal(blob, alive);
      const bytes = await readBytes(blob, most, alive);
      const sent = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
      if (sent !== digest) throw new Error(`sent a blob whose digest is ${sent} and not ${digest}`);
      return bytes;
    },
  );
}

/**
 * Copies one blob. Within a registry it is mounted, so that no byte moves; between registries it is streamed from one
 * to the other, and the receiving registry checks it against its digest.
 */
export async function copyBlob(
  digest: string,
  source: Reference,
  target: Reference,
  sessionOf: (registry: string) => RegistrySession,
): Promise<void> {
  const to = sessionOf(target.registry);
  const push: Scope = { repository: target.repository, actions: "pull,push" };
  const pull: Scope = { repository: source.repository, actions: "pull" };
  const within = source.registry === target.registry;
  const scopes = within ? ([push, pull] as const) : ([push] as const);
  if (await hasBlob(to, scopes, digest)) return;
  const upload = await startUpload(to, scopes, digest, within ? source.repository : undefined);
  if (upload === undefined) return;
  await sessionOf(source.registry).send(
    {
      method: "GET",
      path: `${source.repository}/blobs/${digest}`,
      headers: { "accept-encoding": "identity" },
      timeoutMs: blobTimeoutMs,
    },
    [pull],
    async (blob, received) => {
      if (!blob.ok) throw await refusal(blob, received);
      await send(to, scopes, upload, blob, received);
    },
  );
}

/** What a request to the receiving repository may do; its own scope comes first. */
type Scopes = readonly [Scope, ...Scope[]];

function hasBlob(session: RegistrySession, scopes: Scopes, digest: string): Promise<boolean> {
  return session.send(
    { method: "HEAD", path: `${scopes[0].repository}/blobs/${digest}`, timeoutMs: blobTimeoutMs },
    scopes,
    async (response) => {
      if (!response.ok && response.status !== 404) throw new RefusedByRegistry(response.status, "");
      return response.ok;
    },
  );
}

/** The address to upload to, or undefined if the registry mounted the blob. */
function startUpload(
  session: RegistrySession,
  scopes: Scopes,
  digest: string,
  mountFrom: string | undefined,
): Promise<string | undefined> {
  const repository = scopes[0].repository;
  const mount = mountFrom === undefined ? "" : `?${new URLSearchParams({ mount: digest, from: mountFrom })}`;
  return session.send(
    { method: "POST", path: `${repository}/blobs/uploads/${mount}`, body: "", timeoutMs: blobTimeoutMs },
    scopes,
    async (response, alive) => {
      if (response.status === 201) return undefined;
      const location = response.headers.get("location");
      if (response.status !== 202 || location === null) throw await refusal(response, alive);
      const address = new URL(location, response.url);
      address.searchParams.set("digest", digest);
      return address.href;
    },
  );
}

/** Sends the bytes of `blob` in one request, of the length that the source announced. */
function send(
  session: RegistrySession,
  scopes: Scopes,
  upload: string,
  blob: Response,
  received: () => void,
): Promise<void> {
  const length = blob.headers.get("content-length");
  const headers: Record<string, string> = { "content-type": "application/octet-stream" };
  if (length !== null) headers["content-length"] = length;
  const body = (sent: () => void) => {
    // A stream can be sent once: if the token ran out meanwhile, the blob is fetched anew.
    if (blob.body === null || blob.bodyUsed) throw new TransientError("wanted the layer a second time");
    const passing = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        received();
        sent();
        controller.enqueue(chunk);
      },
    });
    return blob.body.pipeThrough(passing);
  };
  return session.send(
    { method: "PUT", path: upload, headers, body, timeoutMs: blobTimeoutMs },
    scopes,
    async (response, alive) => {
      if (response.status !== 201) throw await refusal(response, alive);
    },
  );
}

async function refusal(response: Response, alive: () => void): Promise<RefusedByRegistry> {
  return new RefusedByRegistry(response.status, detailOf(await readBytes(response, longestAnswer, alive)));
}
