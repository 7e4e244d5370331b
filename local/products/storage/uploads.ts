import { randomUUID } from "node:crypto";
import { readBytes } from "../../http/body.ts";
import { GoogleError, invalid } from "../../http/errors.ts";
import { type Message, readMessage } from "../../schema/messages.ts";
import type { Blob } from "../../state/blobs.ts";
import { type Behaviours, type Call, RawAnswer } from "../product.ts";
import { bucketResource, fetchBucket } from "./buckets.ts";
import { findObject, putObject } from "./objectStore.ts";
import { checkPreconditions, PRECONDITIONS, requireWrite, writablePart } from "./rules.ts";

/** A resumable upload that has begun. */
interface Session {
  readonly bucket: string;
  readonly name: string;
  readonly metadata: Message;
  readonly query: Readonly<Record<string, unknown>>;
  readonly member: string | undefined;
  /** What came of it, once it is complete. */
  readonly result?: Message;
}

/** Chunks of a resumable upload, but for the last, are multiples of this many bytes. */
const CHUNK_UNIT = 256 * 1024;

/** The largest simple upload that is read into memory instead of through a file, in bytes. */
const IN_MEMORY = 1 << 20;

/** The largest multipart upload that is read, in bytes: larger ones go by the resumable protocol. */
const MULTIPART_LIMIT = 256 * 1024 * 1024;

/** `storage.objects.insert` with its three kinds of upload. */
export const UPLOAD_METHODS: Behaviours = {
  "storage.objects.insert": {
    permission: null,
    on: bucketResource,
    query: [...PRECONDITIONS, "name", "contentEncoding", "projection"],
    undeclared: ["upload_id"],
    raw: true,
    run: insertObject,
  },
};

async function insertObject(call: Call): Promise<Message | RawAnswer> {
  const url = new URL(call.request.url ?? "/", call.cloud.origin);
  if (!url.pathname.startsWith("/upload/")) throw invalid("Objects are inserted under /upload/storage/v1/");
  const kind = url.searchParams.get("uploadType");
  const session = url.searchParams.get("upload_id");
  if (kind === "resumable") return session ? continueSession(call, session) : beginSession(call);
  if (kind === "multipart") return multipart(call);
  if (kind !== "media") throw invalid("uploadType must be media, multipart or resumable");
  const metadata = { name: call.query.name, contentType: call.request.headers["content-type"] };
  const small = Number(call.request.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= IN_MEMORY;
  const content = small ? await readBytes(call.request) : call.request;
  return finish(call, call.path.bucket ?? "", metadata, call.query, await call.cloud.blobs.write(content));
}

async function multipart(call: Call): Promise<Message> {
  const boundary = /boundary="?([^";]+)"?/.exec(call.request.headers["content-type"] ?? "")?.[1];
  if (!boundary) throw invalid("A multipart upload needs a boundary");
  const body = await readBytes(call.request, MULTIPART_LIMIT);
  const [first, second] = partsOf(body, boundary);
  if (!first || !second) throw invalid("A multipart upload has two parts: metadata and media");
  const metadata = readMetadata(call, first.content);
  const contentType = metadata.contentType ?? second.headers["content-type"];
  const blob = await call.cloud.blobs.write(second.content);
  return finish(call, call.path.bucket ?? "", { name: call.query.name, ...metadata, contentType }, call.query, blob);
}

interface Part {
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

function partsOf(body: Buffer, boundary: string): readonly Part[] {
  const mark = Buffer.from(`--${boundary}`);
  const parts: Part[] = [];
  let start = body.indexOf(mark);
  for (
    let end = body.indexOf(mark, start + mark.length);
    start >= 0 && end >= 0;
    end = body.indexOf(mark, start + mark.length)
  ) {
    const part = body.subarray(start + mark.length, end);
    const head = part.indexOf("\r\n\r\n");
    const lines = part.subarray(0, head).toString().split("\r\n").filter(Boolean);
    const headers = lines.map((line) => [
      line.split(":")[0]?.trim().toLowerCase() ?? "",
      line.slice(line.indexOf(":") + 1).trim(),
    ]);
    parts.push({ headers: Object.fromEntries(headers), content: part.subarray(head + 4, part.length - 2) });
    start = end;
  }
  return parts;
}

function readMetadata(call: Call, bytes: Buffer): Message {
  if (bytes.length === 0) return {};
  try {
    return readMessage(call.definitions, "Object", JSON.parse(bytes.toString()));
  } catch (error) {
    if (error instanceof GoogleError) throw error;
    throw new GoogleError("INVALID_ARGUMENT", "The metadata is not JSON.", { malformed: true });
  }
}

async function beginSession(call: Call): Promise<RawAnswer> {
  const { headers } = call.request;
  const metadata = { name: call.query.name, ...readMetadata(call, await readBytes(call.request)) };
  const contentType = (metadata as Message).contentType ?? headers["x-upload-content-type"];
  const name = objectName(metadata);
  const bucket = call.path.bucket ?? "";
  fetchBucket(call);
  const live = findObject(call.cloud, bucket, name);
  requireWrite(call, bucket, name, live !== undefined);
  checkPreconditions(call.query, live);
  const id = randomUUID();
  const session: Session = {
    bucket,
    name,
    metadata: { ...metadata, ...(contentType !== undefined && { contentType }) },
    query: call.query,
    member: call.caller.member,
  };
  call.cloud.documents.put("storage.sessions", id, session);
  return new RawAnswer((response) => {
    const location = `${call.cloud.origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${id}`;
    response.writeHead(200, { Location: location, "X-GUploader-UploadID": id, "Content-Length": "0" });
    response.end();
  });
}

/** Takes a chunk, tells how much has come, or ends the upload. */
async function continueSession(call: Call, id: string): Promise<Message | RawAnswer> {
  const { cloud, request } = call;
  const session = cloud.documents.get<Session>("storage.sessions", id);
  if (!session) throw new GoogleError("NOT_FOUND", `There is no upload ${id}`, { http: 410, reason: "gone" });
  if (request.method === "DELETE") {
    cloud.blobs.discard(id);
    cloud.documents.delete("storage.sessions", id);
    return answerEmpty(499);
  }
  if (session.result) return session.result;
  const received = cloud.blobs.uploaded(id);
  const range = readChunkRange(request.headers["content-range"]);
  const start = range.start ?? received;
  if (start > received) throw invalid(`The chunk begins at ${start}, but ${received} bytes have come`);
  const chunk = await readBytes(request, Number.MAX_SAFE_INTEGER);
  const size = await cloud.blobs.append(id, chunk.subarray(received - start));
  const complete = range.total === undefined ? range.toTheEnd : size === range.total;
  if (!complete) {
    if (chunk.length % CHUNK_UNIT !== 0) {
      throw invalid(`Chunks but the last must be multiples of ${CHUNK_UNIT} bytes; this one has ${chunk.length}`);
    }
    return answerEmpty(308, size > 0 ? { Range: `bytes=0-${size - 1}` } : {});
  }
  const owner: Call = { ...call, caller: { member: session.member } };
  const result = finish(owner, session.bucket, session.metadata, session.query, await cloud.blobs.finish(id));
  cloud.documents.put("storage.sessions", id, { ...session, result });
  return result;
}

interface ChunkRange {
  /** The first byte; undefined where the client only asks how much has come. */
  readonly start?: number;
  /** Whether the chunk goes to the end of the content, however long that is. */
  readonly toTheEnd: boolean;
  /** Bytes of the whole content, where the client knows. */
  readonly total?: number;
}

/** Reads `bytes 0-99/200`, `bytes 0-99/*`, `bytes 0-*\/*` (to the end), `bytes *\/200` (a question), or no header. */
function readChunkRange(header: string | undefined): ChunkRange {
  if (header === undefined) return { start: 0, toTheEnd: true };
  const [, first, last, total] = /^bytes (?:(\d+)-(\d+|\*)|\*)\/(\d+|\*)$/.exec(header) ?? [];
  if (total === undefined) throw invalid(`Content-Range '${header}' is not understood`);
  return {
    ...(first !== undefined && { start: Number(first) }),
    toTheEnd: last === "*",
    ...(total !== "*" && { total: Number(total) }),
  };
}

function answerEmpty(status: number, headers: Readonly<Record<string, string>> = {}): RawAnswer {
  return new RawAnswer((response) => {
    response.writeHead(status, { ...headers, "Content-Length": "0" });
    response.end();
  });
}

function objectName(metadata: Message): string {
  const name = metadata.name;
  if (typeof name !== "string" || name === "" || Buffer.byteLength(name) > 1024 || /[\r\n]/.test(name)) {
    throw invalid(`Invalid object name: ${JSON.stringify(name ?? "")}`);
  }
  return name;
}

/** Makes complete bytes an object. From the check of the preconditions to the write nothing else can happen. */
function finish(
  call: Call,
  bucket: string,
  metadata: Message,
  query: Readonly<Record<string, unknown>>,
  blob: Blob,
): Message {
  const name = objectName(metadata);
  fetchBucket(call, bucket);
  const live = findObject(call.cloud, bucket, name);
  requireWrite(call, bucket, name, live !== undefined);
  checkPreconditions(query, live);
  checkSum("md5", metadata.md5Hash, blob.md5);
  checkSum("crc32c", metadata.crc32c, blob.crc32c);
  const encoding = query.contentEncoding === undefined ? {} : { contentEncoding: query.contentEncoding };
  return putObject(call.cloud, bucket, name, blob, { ...writablePart(metadata), ...encoding });
}

function checkSum(kind: string, expected: unknown, found: string): void {
  if (expected === undefined || expected === found) return;
  throw invalid(`Provided ${kind} hash "${expected}" doesn't match calculated ${kind} hash "${found}".`);
}
