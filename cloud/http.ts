import { types } from "node:util";
import { TransientError } from "./retry.ts";
import { errorCode, errorMessage } from "./systemError.ts";

/** One HTTP request. Its body is bytes or text, or a function that opens the stream to send. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A function is given `alive`, to be called for each chunk sent, which puts off the time-out. */
  readonly body?: string | Uint8Array<ArrayBuffer> | ((alive: () => void) => ReadableStream<Uint8Array>);
  /** The longest silence, in milliseconds: until the headers of the answer, then between two signs of life. */
  readonly timeoutMs: number;
}

/** A request that cannot succeed by being made again: an unknown host, a certificate that is not trusted. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

const mostRedirects = 5;

/**
 * Makes one request and hands the answer to `read`, which calls its second argument whenever data arrives. Answers
 * that may pass (408, 429, 5xx), cut connections and silence are a {@link TransientError}; every other status is the
 * reader's to judge. Redirects of GET and HEAD are followed, without the Authorization header once the origin changes,
 * and never from https to http.
 */
export async function exchange<T>(
  request: HttpRequest,
  read: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  const host = new URL(request.url).host;
  const timer = setTimeout(() => {
    silence.abort(new TransientError(`${host} gave no answer for ${request.timeoutMs / 1000} s`));
  }, request.timeoutMs);
  const alive = () => void timer.refresh();
  try {
    const response = await fetchFollowing(request, silence.signal, alive);
    alive();
    if (mayPass(response.status)) {
      await response.body?.cancel();
      throw new TransientError(`${host} answered ${response.status}`, {
        status: response.status,
        retryAfterMs: retryAfter(response.headers.get("retry-after")),
      });
    }
    return await read(response, alive);
  } catch (error) {
    throw silence.signal.aborted ? silence.signal.reason : networkError(error, host);
  } finally {
    clearTimeout(timer);
  }
}

async function fetchFollowing(request: HttpRequest, signal: AbortSignal, alive: () => void): Promise<Response> {
  const headers = new Headers(request.headers);
  let url = new URL(request.url);
  for (let redirects = 0; ; redirects++) {
    const body = typeof request.body === "function" ? request.body(alive) : request.body;
    const init: RequestInit = { method: request.method, headers, signal, redirect: "manual" };
    if (body !== undefined) Object.assign(init, { body, duplex: "half" });
    const response = await fetch(url, init);
    const location = response.headers.get("location");
    const follows = request.method === "GET" || request.method === "HEAD";
    if (!follows || response.status < 301 || response.status > 308 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, url);
    if (redirects === mostRedirects)
      throw new UnreachableError(`${url.host} redirects more than ${mostRedirects} times`);
    if (next.protocol !== "https:" && url.protocol === "https:") {
      throw new UnreachableError(`${url.host} redirects from https to ${next.protocol}//${next.host}`);
    }
    if (next.origin !== url.origin) headers.delete("authorization");
    url = next;
  }
}

function mayPass(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/** Retry-After as seconds or as a date, in milliseconds from now. */
function retryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const milliseconds = /^\d+$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isNaN(milliseconds) ? undefined : Math.max(0, milliseconds);
}

/** What undici reports for a connection that was refused, cut or never answered. */
const passingCodes = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EAI_AGAIN",
  "ENETDOWN",
  "ENETUNREACH",
  "EHOSTUNREACH",
  "UND_ERR_SOCKET",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
  "HPE_INVALID_EOF_STATE",
]);

/** Sorts an error of fetch: `TypeError: fetch failed` or `terminated`, with what happened as its cause. */
function networkError(error: unknown, host: string): unknown {
  const cause = types.isNativeError(error) && error.name === "TypeError" ? error.cause : undefined;
  if (cause === undefined) return error;
  const codes = codesOf(cause);
  const message = `${host} cannot be reached (${codes[0] ?? errorMessage(cause)})`;
  return codes.some((code) => passingCodes.has(code))
    ? new TransientError(message, { cause: error })
    : new UnreachableError(message, { cause: error });
}

/** The codes of an error, of its causes and of the errors it gathers (one for each address that was tried). */
function codesOf(error: unknown): string[] {
  if (!types.isNativeError(error)) return [];
  const gathered = "errors" in error && Array.isArray(error.errors) ? error.errors.flatMap(codesOf) : [];
  const own = errorCode(error);
  return [...(own === undefined ? [] : [own]), ...gathered, ...codesOf(error.cause)];
}

/** Reads a whole body, refusing one that is longer than `most` bytes. */
export async function readBytes(response: Response, most: number, alive: () => void): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    alive();
    length += chunk.length;
    if (length > most) throw new Error(`the answer of ${new URL(response.url).host} is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** Whether a host name or address, with or without a port, is this machine's own. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "");
  return name === "localhost" || name === "[::1]" || /^127(\.\d{1,3}){3}$/.test(name);
}
