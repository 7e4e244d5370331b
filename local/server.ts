import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { Cloud, type CloudSettings, DEFAULT_SETTINGS } from "./cloud.ts";
import { answerAdmin } from "./http/admin.ts";
import { chooseRoute, dispatch } from "./http/dispatch.ts";
import { GoogleError } from "./http/errors.ts";
import type { Fault } from "./http/faults.ts";
import { Router } from "./http/router.ts";
import { type Caller, OPERATOR } from "./identity/tokens.ts";
import { PRODUCTS, resumeProducts } from "./products/index.ts";
import { RawAnswer } from "./products/product.ts";
import { ALL_SERVICES, createProject, INITIAL_SERVICES } from "./products/projects.ts";
import { answerRegistry, registryError } from "./registry/protocol.ts";

/** How a local cloud is started. */
export interface LocalCloudOptions {
  /** Where its state is kept; what is there is taken up again. */
  readonly directory: string;
  /** The port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Projects to make where they are not there yet. */
  readonly projects?: readonly string[];
  /** What new projects have enabled: what Google's have (the default), or every service that is played here. */
  readonly services?: "initial" | "all";
  /** Settings that differ from the default. */
  readonly settings?: Partial<CloudSettings>;
}

/** A running local cloud. */
export interface LocalCloud {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  /** What it is made of: tests read the journal and set the weather here. */
  readonly cloud: Cloud;
  /** A token of the operator, who may do everything and whose token does not end. */
  readonly operatorToken: string;
  /** Stops it and lets go of the folder. */
  close(): Promise<void>;
}

/** Starts Google Cloud on this machine. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const cloud = new Cloud(options.directory, { ...DEFAULT_SETTINGS, ...options.settings });
  const services = options.services === "all" ? ALL_SERVICES : INITIAL_SERVICES;
  for (const project of options.projects ?? []) createProject(cloud.documents, project, services);
  const router = new Router(PRODUCTS);
  const server = createServer((request, response) => void answer(cloud, router, request, response));
  server.keepAliveTimeout = 60_000;
  await listen(server, options.port ?? 0);
  cloud.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  resumeProducts(cloud);
  return {
    origin: cloud.origin,
    cloud,
    operatorToken: cloud.tokens.mint(OPERATOR),
    close: () => stop(server, cloud),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

async function stop(server: Server, cloud: Cloud): Promise<void> {
  cloud.events.emit("stop");
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
  cloud.stopped = true;
  cloud.documents.close();
}

/** What the journal will say of a request, filled in while it is answered. */
interface Note {
  method: string;
  write: boolean;
  caller?: string;
  refused?: string;
  fault?: string;
}

async function answer(
  cloud: Cloud,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse<IncomingMessage>,
): Promise<void> {
  const verb = request.method ?? "GET";
  const target = request.url ?? "/";
  const note: Note = { method: target.split("?")[0] ?? "/", write: verb !== "GET" && verb !== "HEAD" };
  const at = new Date().toISOString();
  const admin = target.startsWith("/_local/");
  response.once("close", () => {
    const status = response.headersSent ? response.statusCode : 0;
    if (!admin) cloud.journal.add({ at, verb, path: target, status, ...note });
  });
  try {
    await (admin ? answerAdmin(cloud, request, response) : answerProduct(cloud, router, request, response, note));
  } catch (error) {
    sendError(response, error, note, target.startsWith("/v2/"));
  }
  if (!request.readableEnded) request.resume();
}

async function answerProduct(
  cloud: Cloud,
  router: Router,
  request: IncomingMessage,
  response: ServerResponse<IncomingMessage>,
  note: Note,
): Promise<void> {
  const verb = request.method ?? "GET";
  if (cloud.brokenBy !== undefined) throw new Error("its state could not be written", { cause: cloud.brokenBy });
  const url = new URL(request.url ?? "/", "http://127.0.0.1");
  if (url.pathname.startsWith("/v2/") && !/^\/v2\/projects\/[^/]+\/(locations|metrics)\b/.test(url.pathname)) {
    note.method = `registry ${url.pathname.split("/").at(-2) ?? ""}`;
    const fault = await meetFault(cloud, note, verb, url.pathname, response);
    if (fault?.kind === "lose")
      await loseAnswer(response, (unheard) => answerRegistry(cloud, request, unheard, url, note));
    else if (fault?.kind !== "drop" && fault?.kind !== "status")
      await answerRegistry(cloud, request, response, url, note);
    return;
  }
  const match = chooseRoute(router.match(...mediaRoute(verb, url.pathname)));
  note.method = match.route.method.method;
  note.write = match.route.behaviour?.write ?? verb !== "GET";
  const caller = callerOf(cloud, request);
  if (caller.member !== undefined) note.caller = caller.member;
  const fault = await meetFault(cloud, note, verb, url.pathname, response);
  if (fault?.kind === "drop" || fault?.kind === "status") return;
  const result = await dispatch(cloud, match, caller, request, url.searchParams, fault);
  if (fault?.kind === "lose") cut(response);
  else if (result instanceof RawAnswer) await result.send(response);
  else sendJson(response, 200, result);
}

/** Does what was asked, with an answer that goes nowhere, and cuts the connection. A read has nothing to do. */
async function loseAnswer(
  response: ServerResponse<IncomingMessage>,
  answer: (unheard: ServerResponse) => Promise<void>,
): Promise<void> {
  const { method } = response.req;
  if (method !== "GET" && method !== "HEAD") await answer(new ServerResponse(response.req));
  cut(response);
}

/**
 * Cuts the connection that an answer would go out on. Destroying the answer is not enough: while the one before it on
 * the same connection is not quite done, it has no connection yet, and the client would wait for ever.
 */
function cut(response: ServerResponse<IncomingMessage>): void {
  response.req.socket.destroy();
  response.destroy();
}

/**
 * Cloud Storage's paths for content: those under `/download` are the usual ones; all that comes under `/upload`,
 * whatever its verb, is a part of one insertion.
 */
function mediaRoute(verb: string, path: string): readonly [string, string] {
  if (path.startsWith("/upload/storage/")) return ["POST", path.slice("/upload".length)];
  if (path.startsWith("/download/storage/")) return [verb, path.slice("/download".length)];
  return [verb, path];
}

function callerOf(cloud: Cloud, request: IncomingMessage): Caller {
  const [scheme, token] = (request.headers.authorization ?? "").split(" ");
  return token && scheme?.toLowerCase() === "bearer" ? cloud.tokens.read(token) : { member: undefined };
}

async function meetFault(
  cloud: Cloud,
  note: Note,
  verb: string,
  path: string,
  response: ServerResponse<IncomingMessage>,
): Promise<Fault | undefined> {
  const fault = cloud.faults.take(note.method, verb, path);
  if (!fault) return undefined;
  note.fault = fault.kind;
  if (fault.kind === "delay") await sleep(fault.delayMs);
  if (fault.kind === "drop") cut(response);
  if (fault.kind === "status") {
    const message = fault.message ?? "An injected fault";
    if (fault.retryAfter !== undefined) response.setHeader("Retry-After", String(fault.retryAfter));
    sendJson(response, fault.status ?? 503, { error: { code: fault.status, message, status: "UNAVAILABLE" } });
  }
  return fault;
}

function sendError(response: ServerResponse<IncomingMessage>, error: unknown, note: Note, registry: boolean): void {
  if (response.destroyed || response.headersSent) {
    cut(response);
    return;
  }
  // A mistake of the local cloud is answered 501, which no client retries, with the whole reason.
  const known =
    error instanceof GoogleError
      ? error
      : new GoogleError("UNIMPLEMENTED", `The local cloud failed: ${inFull(error)}`, { malformed: true });
  if (known.extras.malformed) note.refused = known.message;
  sendJson(response, known.http, registry ? registryError(known) : known.body());
}

function inFull(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? (error.stack ?? error.message) : `${error.message}: ${inFull(error.cause)}`;
}

/** Sends a JSON answer. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "Content-Type": "application/json; charset=UTF-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}
