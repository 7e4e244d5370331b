import { UserError } from "../../chain/errors.ts";
import { exchange, type HttpRequest, readBytes, UnreachableError } from "../http.ts";
import { patientRetries, type RetryPolicy, TransientError, withRetries } from "../retry.ts";
import { errorMessage } from "../systemError.ts";
import { defaultGoogleCredentials, type GoogleCredentials } from "./credentials.ts";
import { endpointOf, type GoogleProduct } from "./endpoints.ts";

/** An answer of a Google API that is an error and will stay one. */
export class GoogleError extends Error {
  override readonly name = "GoogleError";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** One call: the path below the product's endpoint, and what to do with the answer. */
export interface GoogleCall extends Pick<HttpRequest, "method"> {
  /** Below the endpoint, already encoded, without a leading slash. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** What the call is for, in a person's words: "read the build's state". */
  readonly doing: string;
}

/** What a {@link GoogleApi} may be told; everything has a default. */
export interface GoogleApiOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly credentials?: GoogleCredentials;
  readonly retries?: RetryPolicy;
}

/** No JSON answer is longer than this, in bytes. */
const longestAnswer = 32 << 20;

const timeoutMs = 30_000;

/**
 * Calls Google's REST APIs with an access token, patiently with what passes. The endpoints can be moved by the same
 * variables that move the pulumi-gcp provider's (path prefixes included, which Google's generated clients cannot do).
 */
export class GoogleApi {
  private readonly environment: NodeJS.ProcessEnv;
  private readonly credentials: GoogleCredentials;
  private readonly retries: RetryPolicy;

  constructor({ environment = process.env, credentials, retries = patientRetries }: GoogleApiOptions = {}) {
    this.environment = environment;
    this.credentials = credentials ?? defaultGoogleCredentials(environment);
    this.retries = retries;
  }

  /** The product's endpoint, which ends in `/`. */
  endpoint(product: GoogleProduct): string {
    return endpointOf(product, this.environment);
  }

  /**
   * Calls a method and gives its JSON answer, whose shape the caller states. Throws a {@link GoogleError} for an
   * answer that is an error, so that the caller can tell those that it expects (404, 409) from the others.
   */
  async json<T>(product: GoogleProduct, call: GoogleCall, retries: RetryPolicy = this.retries): Promise<T> {
    const query = new URLSearchParams(call.query).toString();
    const url = `${this.endpoint(product)}${call.path}${query === "" ? "" : `?${query}`}`;
    const body = call.body === undefined ? {} : { body: JSON.stringify(call.body) };
    const headers = { "content-type": "application/json" };
    return this.send({ method: call.method, url, headers, timeoutMs, ...body }, call.doing, readJson<T>, retries);
  }

  /** Sends any request with the access token; `read` judges the answer, see {@link exchange}. */
  async send<T>(
    request: HttpRequest,
    doing: string,
    read: (response: Response, alive: () => void) => Promise<T>,
    retries: RetryPolicy = this.retries,
  ): Promise<T> {
    try {
      return await withRetries(retries, async () => {
        const headers = { ...request.headers, authorization: `Bearer ${await this.token()}` };
        return exchange({ ...request, headers }, read);
      });
    } catch (error) {
      throw explained(error, doing, request.url);
    }
  }

  private async token(): Promise<string> {
    const token = await this.credentials.accessToken();
    if (token !== undefined) return token;
    throw new UserError({
      problem: "this machine has no Google Cloud credentials",
      allowed: "Application Default Credentials, or an access token in GOOGLE_OAUTH_ACCESS_TOKEN",
      fix: "run `gcloud auth application-default login`",
    });
  }
}

/** Reads a JSON answer, or throws the error that Google describes in it. */
export async function readJson<T>(response: Response, alive: () => void): Promise<T> {
  if (!response.ok) throw await googleError(response, alive);
  const bytes = await readBytes(response, longestAnswer, alive);
  return JSON.parse(bytes.length === 0 ? "{}" : Buffer.from(bytes).toString("utf8"));
}

/** The error in an answer (`{"error":{"code","message","status"}}`), or the start of whatever was sent. */
export async function googleError(response: Response, alive: () => void): Promise<GoogleError> {
  const text = Buffer.from(await readBytes(response, longestAnswer, alive)).toString("utf8");
  try {
    const { error }: { error?: { message?: string } } = JSON.parse(text);
    return new GoogleError(response.status, error?.message ?? text.slice(0, 200));
  } catch {
    return new GoogleError(response.status, text.slice(0, 200));
  }
}

function explained(error: unknown, doing: string, url: string): unknown {
  const host = new URL(url).host;
  if (error instanceof GoogleError && (error.status === 401 || error.status === 403)) {
    return new UserError(
      {
        problem: `Google Cloud does not let this account ${doing} (${error.status})`,
        value: error.message,
        fix:
          error.status === 401
            ? "log in again: `gcloud auth application-default login`"
            : "grant the missing role to the account; `docs/operating.md` lists what each command needs",
      },
      { cause: error },
    );
  }
  if (error instanceof TransientError || error instanceof UnreachableError) {
    return new UserError(
      {
        problem: `cannot ${doing}: ${errorMessage(error)}`,
        fix: `check that this machine reaches ${host} (name, proxy, firewall), then run the command again`,
      },
      { cause: error },
    );
  }
  return error;
}
