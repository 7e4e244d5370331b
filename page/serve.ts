import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { UserError } from "../chain/errors.ts";
import { LiveStream } from "./liveStream.ts";
import { renderContent, renderLivePage } from "./render/page.ts";
import { readStyle } from "./style/style.ts";
import type { ChainView } from "./view.ts";

/** What is served, and where. */
export interface PageOptions {
  /** How things stand; asked while somebody looks, about twice a second. */
  readonly view: () => ChainView | Promise<ChainView>;
  /** The port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
}

/** A page that is served. */
export interface PageServer {
  /** `http://127.0.0.1:PORT/`. */
  readonly url: string;
  /** Ends it, and the connections of those who look. */
  close(): Promise<void>;
}

/**
 * Serves a chain as a page to this machine: listens on the loopback address only, and answers only requests that name
 * it, so that no page of another origin reads it through a name that it lets point here.
 *
 * @throws UserError where the port is in use or not allowed.
 */
export async function servePage({ view, port }: PageOptions): Promise<PageServer> {
  const live = new LiveStream(async () => renderContent(await view()).text);
  const server = createServer((request, response) => {
    answer(request, response, view, live).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else send(response, 500, "text/plain", `The page could not be made: ${error}\n`);
    });
  });
  await listen(server, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      live.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Nothing is loaded but what this server has, no script or style in the page's own text is run, and nobody frames it:
 * should a text of a log ever become markup, it could still do nothing.
 */
const POLICY = [
  "default-src 'none'",
  ...["script-src", "style-src", "connect-src"].map((kind) => `${kind} 'self'`),
  ...["base-uri", "form-action", "frame-ancestors"].map((kind) => `${kind} 'none'`),
].join("; ");

const ASSETS: Readonly<Record<string, readonly [type: string, read: () => string]>> = {
  "/page.css": ["text/css", readStyle],
  "/live.js": ["text/javascript", () => readFileSync(join(import.meta.dirname, "browser", "live.js"), "utf8")],
};

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  view: PageOptions["view"],
  live: LiveStream,
): Promise<void> {
  if (!isLoopback(request)) {
    return send(response, 421, "text/plain", "This page is for this machine: open it as http://127.0.0.1.\n");
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    response.setHeader("Allow", "GET, HEAD");
    return send(response, 405, "text/plain", "This page can only be read.\n");
  }
  const path = request.url?.split("?")[0] ?? "/";
  if (path === "/events" && request.method === "GET") return live.add(response);
  const asset = Object.hasOwn(ASSETS, path) ? ASSETS[path] : undefined;
  if (asset !== undefined) return send(response, 200, asset[0], asset[1]());
  if (path !== "/") return send(response, 404, "text/plain", "There is nothing here but the page at /.\n");
  send(response, 200, "text/html", renderLivePage(await view()).text);
}

/** Whether the request was made to this machine by a name that nobody else can give it. */
function isLoopback({ headers: { host = "" }, socket }: IncomingMessage): boolean {
  return [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`].includes(host.toLowerCase());
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, {
    "Content-Type": `${type}; charset=utf-8`,
    "Content-Length": Buffer.byteLength(text),
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
  });
  response.end(response.req.method === "HEAD" ? undefined : text);
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE" && code !== "EACCES" && code !== "ERR_SOCKET_BAD_PORT") throw error;
    throw new UserError({
      problem: code === "EADDRINUSE" ? "another program listens on the page's port" : "the page cannot have this port",
      value: String(port),
      allowed: "a free port from 1024 to 65535, or 0 for any",
      fix: "name another port",
    });
  }
}
