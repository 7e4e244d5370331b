import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type CacheEvent, Entries, type EntryLimits, type EntryStore, standardLimits } from "./entries.ts";
import { entryIn, newFrame } from "./entryFrame.ts";
import { keyInPath } from "./entryPath.ts";
import { addCompiles, type CacheStatistics, type CompilesByLanguage, readStatisticsLog } from "./statistics.ts";

/** What a service serves, and to whom. */
export interface ServiceOptions {
  readonly store: EntryStore;
  /** The first part of the names of all entries; see {@link cachePrefix}. */
  readonly prefix: string;
  /** A build that is not trusted reads and never writes. */
  readonly readOnly: boolean;
  /** The address to listen on; only this machine should reach it. */
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly limits?: EntryLimits;
  readonly tell?: (event: CacheEvent) => void;
}

/** A statistics log of a build of ten thousand files has a few MB. */
const longestLog = 64 << 20;

/**
 * Speaks ccache's remote-storage protocol (HTTP GET, HEAD, PUT and DELETE of one entry) on one side and an object
 * store on the other. ccache takes any answer but 2xx for "no entry" or "not stored" and goes on compiling.
 *
 * Beside the entries it answers `POST /-/statistics-log` (the file that CCACHE_STATSLOG named), `GET /-/statistics`
 * and `POST /-/drain` (the statistics, once everything has been stored).
 */
export class CompilerCacheService {
  private readonly entries: Entries;
  private readonly readOnly: boolean;
  private readonly server: Server;
  private compiles: CompilesByLanguage | undefined;

  private constructor(options: ServiceOptions) {
    const { store, prefix, limits = standardLimits, tell = () => {} } = options;
    this.entries = new Entries(store, prefix, limits, tell);
    this.readOnly = options.readOnly;
    this.server = createServer((request, response) => {
      this.answer(request, response).catch(() => response.destroy());
    });
  }

  /** Starts a service; it listens when the promise resolves. */
  static async start(options: ServiceOptions): Promise<CompilerCacheService> {
    const service = new CompilerCacheService(options);
    await new Promise<void>((resolve, reject) => {
      service.server.once("error", reject);
      service.server.listen({ host: options.host, port: options.port, backlog: 4096 }, resolve);
    });
    return service;
  }

  /** `http://host:port`. */
  get address(): string {
    const { address, port, family } = this.server.address() as AddressInfo;
    return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
  }

  /** The value of CCACHE_REMOTE_STORAGE for a build; one that may not write is told not to try. */
  get remoteStorage(): string {
    return `${this.address}|layout=flat${this.readOnly ? "|read-only=true" : ""}`;
  }

  get statistics(): CacheStatistics {
    const store = { ...this.entries.statistics };
    return { readOnly: this.refuses, store, ...(this.compiles && { compiles: this.compiles }) };
  }

  /** Stops taking requests, finishes those that run and stores what was taken, but waits no longer than `mostMs`. */
  async stop(mostMs: number): Promise<CacheStatistics> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeIdleConnections();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, mostMs);
    });
    await Promise.race([closed.then(() => this.entries.drained()), late]);
    clearTimeout(timer);
    this.server.closeAllConnections();
    return this.statistics;
  }

  /** Whether entries are refused: by the build's own setting, or because the store does. */
  private get refuses(): boolean {
    return this.readOnly || this.entries.readOnly;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "/" } = request;
    const key = keyInPath(url);
    if (key !== undefined && (method === "GET" || method === "HEAD")) return this.read(key, method, response);
    if (key !== undefined && (method === "PUT" || method === "DELETE")) {
      if (this.refuses) return this.refuse(response);
      return method === "PUT" ? this.write(key, request, response) : this.remove(key, response);
    }
    if (url === "/-/statistics" && method === "GET") return json(response, this.statistics);
    if (url === "/-/statistics-log" && method === "POST") return this.takeLog(request, response);
    if (url === "/-/drain" && method === "POST") {
      await this.entries.drained();
      return json(response, this.statistics);
    }
    response.writeHead(key === undefined ? 404 : 405).end();
  }

  private async read(key: string, method: string, response: ServerResponse): Promise<void> {
    const found = await this.entries.read(key, async (bytes) => {
      response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length });
      await sent(response, method === "HEAD" ? undefined : bytes);
    });
    if (!found) response.writeHead(404).end();
  }

  private async write(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const length = Number(request.headers["content-length"] ?? Number.NaN);
    if (!Number.isSafeInteger(length)) return void response.writeHead(411).end();
    if (!(await this.entries.expect(length))) return void response.writeHead(503).end();
    const frame = newFrame(length);
    if (!(await fill(entryIn(frame), request))) {
      this.entries.abandon(length);
      return void response.destroy();
    }
    this.entries.write(key, frame);
    response.writeHead(201).end();
  }

  private async remove(key: string, response: ServerResponse): Promise<void> {
    await this.entries.remove(key);
    response.writeHead(204).end();
  }

  private refuse(response: ServerResponse): void {
    this.entries.statistics.refused++;
    response.writeHead(403, { "content-type": "text/plain" }).end("the compiler cache is read-only for this build\n");
  }

  private async takeLog(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const log = await bodyOf(request, longestLog);
    if (log === undefined) return void response.writeHead(413).end();
    const compiles = readStatisticsLog(log.toString("utf8"));
    this.compiles = this.compiles === undefined ? compiles : addCompiles(this.compiles, compiles);
    response.writeHead(204).end();
  }
}

/** Whether a body has exactly as many bytes as there is room for; then they are there. */
async function fill(room: Uint8Array, request: IncomingMessage): Promise<boolean> {
  let length = 0;
  try {
    for await (const chunk of request) {
      if (length + chunk.length > room.length) return false;
      room.set(chunk, length);
      length += chunk.length;
    }
  } catch {
    return false;
  }
  return length === room.length;
}

/** A whole body of at most `most` bytes, or undefined if it is longer or was cut. */
async function bodyOf(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      length += chunk.length;
      if (length > most) return undefined;
      chunks.push(chunk);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(chunks);
}

/** Resolves when the answer has gone out or its reader has gone away: until then its bytes are in memory. */
function sent(response: ServerResponse, bytes: Uint8Array | undefined): Promise<void> {
  return new Promise((resolve) => {
    response.once("close", resolve);
    response.end(bytes, resolve);
  });
}

function json(response: ServerResponse, value: object): void {
  response.writeHead(200, { "content-type": "application/json" }).end(`${JSON.stringify(value, undefined, 2)}\n`);
}
