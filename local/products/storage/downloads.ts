import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { GoogleError } from "../../http/errors.ts";
import { type Call, RawAnswer } from "../product.ts";
import type { StoredObject } from "./objectStore.ts";

/** Sends an object's bytes, or the range of them that the request asks for. */
export function sendObject(call: Call, { resource, sha256 }: StoredObject): RawAnswer {
  const size = Number(resource.size);
  const unzip =
    resource.contentEncoding === "gzip" && !String(call.request.headers["accept-encoding"] ?? "").includes("gzip");
  const range = unzip ? undefined : readRange(call.request.headers.range, size);
  const headers: Record<string, string> = {
    "Content-Type": String(resource.contentType),
    "X-Goog-Hash": `crc32c=${resource.crc32c},md5=${resource.md5Hash}`,
    "X-Goog-Generation": String(resource.generation),
    "X-Goog-Metageneration": String(resource.metageneration),
    "X-Goog-Storage-Class": String(resource.storageClass),
    "X-Goog-Stored-Content-Encoding": String(resource.contentEncoding ?? "identity"),
    "X-Goog-Stored-Content-Length": String(size),
    "Accept-Ranges": "bytes",
    ETag: String(resource.etag),
    ...(resource.contentEncoding && !unzip ? { "Content-Encoding": String(resource.contentEncoding) } : {}),
    ...(resource.cacheControl ? { "Cache-Control": String(resource.cacheControl) } : {}),
    ...(range ? { "Content-Range": `bytes ${range.start}-${range.end}/${size}` } : {}),
    ...(unzip ? {} : { "Content-Length": String(range ? range.end - range.start + 1 : size) }),
  };
  return new RawAnswer(async (response) => {
    response.writeHead(range ? 206 : 200, headers);
    const bytes = call.cloud.blobs.read(sha256, range);
    // A client that goes away while it is being served is no concern of the server.
    await (unzip ? pipeline(bytes, createGunzip(), response) : pipeline(bytes, response)).catch(() =>
      response.destroy(),
    );
  });
}

/**
 * Reads a `Range` header.
 *
 * @returns the first and last byte, both included; undefined for no range.
 * @throws GoogleError 416 for a range that begins after the end.
 */
export function readRange(header: string | undefined, size: number): { start: number; end: number } | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (start >= size || start > end) {
    throw new GoogleError("INVALID_ARGUMENT", `The requested range ${header} cannot be satisfied.`, {
      http: 416,
      reason: "requestedRangeNotSatisfiable",
    });
  }
  return { start, end };
}
