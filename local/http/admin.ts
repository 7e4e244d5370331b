import type { IncomingMessage, ServerResponse } from "node:http";
import { z } from "zod";
import type { Cloud } from "../cloud.ts";
import { OPERATOR } from "../identity/tokens.ts";
import { queueOf } from "../products/cloudBuild/queue.ts";
import { REPOSITORY_EVENT, repositoryEvent } from "../products/cloudBuild/triggerRuns.ts";
import { PRODUCTS } from "../products/index.ts";
import { ALL_SERVICES, createProject, INITIAL_SERVICES } from "../products/projects.ts";
import { BUILD_QUOTAS, setQuotaLimit } from "../products/quotas.ts";
import { readJson } from "./body.ts";
import { buildLog, LOG_PATH } from "./buildLog.ts";
import { GoogleError, invalid } from "./errors.ts";

type AdminRoute = (cloud: Cloud, body: unknown, url: URL) => unknown;

const PROJECT = z.strictObject({
  projectId: z.string().regex(/^[a-z][a-z0-9-]{4,28}[a-z0-9]$/),
  services: z.enum(["initial", "all"]).default("initial"),
});
const QUOTA = z.strictObject({ metric: z.enum(BUILD_QUOTAS.map((quota) => quota.metric)), vcpus: z.int().min(0) });
const TOKEN = z.strictObject({ account: z.string(), seconds: z.int().min(1).optional() });

/** What the operator can ask of the local cloud itself, under `/_local/`: no part of Google's API. */
const ROUTES: Readonly<Record<string, AdminRoute>> = {
  "GET status": (cloud) => ({
    origin: cloud.origin,
    settings: cloud.settings,
    requests: cloud.journal.count,
    faults: cloud.faults.list().length,
    projects: cloud.documents.list("projects").map((row) => row.name),
  }),
  "GET accounts": (cloud) => ({
    accounts: cloud.documents.list("iam.serviceAccounts").map(({ name }) => name.split("/").at(-1)),
  }),
  "GET methods": () => ({ methods: PRODUCTS.flatMap((product) => Object.keys(product.methods)) }),
  "GET repositories": (cloud) => ({
    repositories: cloud.documents.list("cloudbuild.repositories").map(({ name }) => name),
  }),
  "GET journal": (cloud, _body, url) => ({ entries: cloud.journal.since(Number(url.searchParams.get("since") ?? 0)) }),
  "GET faults": (cloud) => ({ faults: cloud.faults.list() }),
  "POST faults": (cloud, body) => {
    cloud.faults.add(body);
    return { faults: cloud.faults.list() };
  },
  "DELETE faults": (cloud) => {
    cloud.faults.clear();
    return { faults: [] };
  },
  "POST projects": (cloud, body) => {
    const { projectId, services } = read(PROJECT, body);
    return createProject(cloud.documents, projectId, services === "all" ? ALL_SERVICES : INITIAL_SERVICES);
  },
  "POST repository-events": (cloud, body) => ({ runs: repositoryEvent(cloud, read(REPOSITORY_EVENT, body)) }),
  "POST quotas": (cloud, body) => {
    const { metric, vcpus } = read(QUOTA, body);
    setQuotaLimit(cloud.documents, metric, vcpus);
    queueOf(cloud).pump();
    return { metric, vcpus };
  },
  "POST tokens": (cloud, body) => {
    const { account, seconds } = read(TOKEN, body);
    return { token: cloud.tokens.mint(account.includes(":") ? account : `serviceAccount:${account}`, seconds) };
  },
};

function read<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
  return parsed.data;
}

/** Answers a request under `/_local/`; only the operator's token is let in, but to the log of a build. */
export async function answerAdmin(cloud: Cloud, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", cloud.origin);
  const build = request.method === "GET" ? LOG_PATH.exec(url.pathname)?.[1] : undefined;
  if (build !== undefined) {
    const log = await buildLog(cloud, build);
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" }).end(log);
    return;
  }
  const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
  if (cloud.tokens.read(token).member !== OPERATOR)
    throw new GoogleError("PERMISSION_DENIED", "Only the operator may do this");
  const route = ROUTES[`${request.method} ${url.pathname.slice("/_local/".length)}`];
  if (!route) throw new GoogleError("NOT_FOUND", `The local cloud has no ${request.method} ${url.pathname}`);
  const answer = await route(cloud, await readJson(request), url);
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(answer));
}
