import type { IncomingMessage } from "node:http";
import { gunzipSync } from "node:zlib";
import { GoogleError } from "./errors.ts";

/** The largest JSON body that is read, in bytes; Google's limit for most APIs. */
const LIMIT = 10 * 1024 * 1024;

/** Reads a request's body into memory. */
export async function readBytes(request: IncomingMessage, limit = LIMIT): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    size += bytes.length;
    if (size > limit) throw new GoogleError("INVALID_ARGUMENT", `Request payload exceeds ${limit} bytes`);
    chunks.push(bytes);
  }
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
}

/**
 * Reads a request's body as JSON; an empty one is undefined.
 *
 * @throws GoogleError 400 where it is not JSON.
 */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBytes(request);
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new GoogleError("INVALID_ARGUMENT", "Invalid JSON payload received. Unexpected token.", { malformed: true });
  }
}
