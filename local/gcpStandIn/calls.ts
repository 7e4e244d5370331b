import { setTimeout as sleep } from "node:timers/promises";
import { UserError } from "../../chain/errors.ts";

/** A JSON object of Google's APIs. */
export type Json = Record<string, unknown>;

/** A product as pulumi-gcp tells them apart, by the variable that moves it. */
const endpoints = {
  artifactRegistry: "GOOGLE_ARTIFACT_REGISTRY_CUSTOM_ENDPOINT",
  cloudBuild: "GOOGLE_CLOUD_BUILD_CUSTOM_ENDPOINT",
  cloudBuildV2: "GOOGLE_CLOUDBUILDV2_CUSTOM_ENDPOINT",
  storage: "GOOGLE_STORAGE_CUSTOM_ENDPOINT",
  iam: "GOOGLE_IAM_BETA_CUSTOM_ENDPOINT",
  secretManager: "GOOGLE_SECRET_MANAGER_CUSTOM_ENDPOINT",
  resourceManager: "GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT",
  serviceUsage: "GOOGLE_SERVICE_USAGE_CUSTOM_ENDPOINT",
  pubsub: "GOOGLE_PUBSUB_CUSTOM_ENDPOINT",
  cloudScheduler: "GOOGLE_CLOUD_SCHEDULER_CUSTOM_ENDPOINT",
} as const;

export type Product = keyof typeof endpoints;

/** An answer that is neither 2xx nor worth another try. */
export class CallError extends Error {
  override readonly name = "CallError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(`googleapi: Error ${status}: ${message}`);
    this.status = status;
  }
}

type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** How a call is made, other than by its path. */
export interface CallOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** Content that goes with the body, in the second part of an upload of two. */
  readonly media?: { readonly type: string; readonly content: string };
}

/** Answers after which pulumi-gcp tries the same call again, in every method. */
const passing = new Set([429, 500, 502, 503]);

/** How long pulumi-gcp goes on trying before a resource fails. */
const patienceMs = 20 * 60 * 1000;

/** How long an operation is left alone between two looks at it. */
const pollMs = 1000;

/**
 * Calls a method of one of Google's APIs below the address that the environment gives.
 *
 * @param path - relative to the endpoint, such as `projects/P/locations/L/repositories/R`.
 * @throws CallError for an answer that is an error and not a passing one.
 */
export async function call(product: Product, verb: Verb, path: string, options: CallOptions = {}): Promise<Json> {
  const { body, media } = options;
  const url = new URL(`${endpointOf(product)}${path}`);
  if (media) url.pathname = `/upload${url.pathname}`;
  for (const [key, value] of Object.entries({ alt: "json", ...options.query })) url.searchParams.set(key, value);
  const request: RequestInit = {
    method: verb,
    headers: { Authorization: `Bearer ${accessToken()}`, "Content-Type": media ? RELATED : "application/json" },
    ...(body && { body: media ? inTwoParts(body, media) : JSON.stringify(body) }),
  };
  const started = Date.now();
  for (let [wait, next] = [500, 1000]; ; [wait, next] = [next, wait + next]) {
    const answer = await attempt(url, request);
    if (answer.kind === "done") return answer.body;
    if (Date.now() - started + wait > patienceMs) throw answer.error;
    await sleep(wait);
  }
}

const BOUNDARY = "strata-stand-in";
const RELATED = `multipart/related; boundary=${BOUNDARY}`;

function inTwoParts(body: Json, { type, content }: NonNullable<CallOptions["media"]>): string {
  const part = (contentType: string, text: string) =>
    `--${BOUNDARY}\r\nContent-Type: ${contentType}\r\n\r\n${text}\r\n`;
  return `${part("application/json", JSON.stringify(body))}${part(type, content)}--${BOUNDARY}--\r\n`;
}

/** The resource, or undefined where it is not (404). */
export async function find(product: Product, path: string, query?: CallOptions["query"]): Promise<Json | undefined> {
  return orAbsent(call(product, "GET", path, { query }));
}

/** The answer of a call, or undefined where it was 404. */
export async function orAbsent(answer: Promise<Json>): Promise<Json | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof CallError && error.status === 404) return undefined;
    throw error;
  }
}

/** Waits until a long-running operation is done. An answer without a name was no operation, and is done. */
export async function finished(product: Product, operation: Json): Promise<void> {
  let now = operation;
  while (now.name !== undefined && now.done !== true) {
    now = await call(product, "GET", String(now.name));
    if (now.done !== true) await sleep(pollMs);
  }
  const error = now.error as { code?: number; message?: string } | undefined;
  if (error) throw new Error(`Error code ${error.code}, message: ${error.message}`);
}

type Attempt = { readonly kind: "done"; readonly body: Json } | { readonly kind: "passing"; readonly error: Error };

async function attempt(url: URL, request: RequestInit): Promise<Attempt> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, request);
    text = await response.text();
  } catch (error) {
    return { kind: "passing", error: new Error(`no answer from ${url.origin}`, { cause: error }) };
  }
  if (response.ok) return { kind: "done", body: text === "" ? {} : JSON.parse(text) };
  const error = new CallError(response.status, messageOf(text));
  if (passing.has(response.status)) return { kind: "passing", error };
  throw error;
}

function messageOf(text: string): string {
  try {
    return JSON.parse(text).error.message;
  } catch {
    return text;
  }
}

/** The stand-in never reaches for the real cloud: without the variable it does not know where to call. */
function endpointOf(product: Product): string {
  return required(endpoints[product], "the address that `strata local env` prints");
}

function accessToken(): string {
  return required("GOOGLE_OAUTH_ACCESS_TOKEN", "a token that `strata local env` prints");
}

function required(variable: string, allowed: string): string {
  const value = process.env[variable];
  if (value) return value;
  throw new UserError({
    problem: `the stand-in for pulumi-gcp drives the local Google Cloud only, and ${variable} is not set`,
    allowed,
    fix: 'eval "$(strata local env)"',
  });
}
