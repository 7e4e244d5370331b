import { exchange, type HttpRequest, isLoopback, readBytes } from "../http.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import type { RegistryLogin, RegistryLogins } from "./credentials.ts";

/** What a request may do to a repository; what its token is asked for. */
export interface Scope {
  readonly repository: string;
  readonly actions: "pull" | "pull,push";
}

/** Reads the answer to a request; see {@link exchange}. */
export type Reader<T> = (response: Response, alive: () => void) => Promise<T>;

/** A request below `/v2/` of a registry, or to the absolute URL that the registry gave for an upload. */
export type RegistryRequest = Omit<HttpRequest, "url"> & { readonly path: string };

interface Token {
  /** The Authorization header; undefined where there is no login to show. */
  readonly header: string | undefined;
  readonly expiresAt: number;
}

/** What became of a request: an answer that was read, or a challenge to answer first. */
type Attempt<T> =
  | { readonly challenge: undefined; readonly value: T }
  /** `refused` reads the 401 itself, for when there is no better answer. */
  | { readonly challenge: Challenge; readonly refused: () => Promise<T> };

/** No token is longer than this, in bytes; Google's and Docker Hub's are below 10 KB. */
const longestToken = 1 << 20;
/** A token that is about to expire is not used: it might expire on the way. In milliseconds. */
const expiryMargin = 10_000;

/**
 * Requests to one registry, with the authorization it asks for: the first 401 says how (WWW-Authenticate), then the
 * token is fetched once for each set of scopes and shared by all requests, and a token that was refused is renewed
 * once. Whether a request is made again after a passing failure is the caller's decision.
 */
export class RegistrySession {
  private readonly registry: string;
  private readonly logins: RegistryLogins;
  private readonly tokens = new Map<string, Promise<Token>>();

  constructor(registry: string, logins: RegistryLogins) {
    this.registry = registry;
    this.logins = logins;
  }

  async send<T>(request: RegistryRequest, scopes: readonly Scope[], read: Reader<T>): Promise<T> {
    const key = JSON.stringify(scopes);
    const used = this.tokens.get(key);
    const token = await used;
    const usable = token !== undefined && token.expiresAt - expiryMargin > Date.now() ? token.header : undefined;
    const first = await this.attempt(request, usable, read);
    if (first.challenge === undefined) return first.value;
    // Of many requests that were refused at once, the first fetches the token and the others wait for it.
    if (this.tokens.get(key) === used) this.renew(key, this.authorize(first.challenge, scopes));
    const second = await this.attempt(request, (await this.tokens.get(key))?.header, read);
    return second.challenge === undefined ? second.value : second.refused();
  }

  private renew(key: string, token: Promise<Token>): void {
    this.tokens.set(key, token);
    token.catch(() => {
      if (this.tokens.get(key) === token) this.tokens.delete(key);
    });
  }

  private attempt<T>(
    request: RegistryRequest,
    authorization: string | undefined,
    read: Reader<T>,
  ): Promise<Attempt<T>> {
    const { path, headers, ...rest } = request;
    const url = new URL(path, baseUrl(this.registry));
    const allHeaders: Record<string, string> = { ...headers };
    // An upload may be sent elsewhere, with an address that is its own permission.
    const own = url.origin === new URL(baseUrl(this.registry)).origin;
    if (authorization !== undefined && own) allHeaders.authorization = authorization;
    return exchange<Attempt<T>>({ ...rest, url: url.href, headers: allHeaders }, async (response, alive) => {
      const wanted = response.headers.get("www-authenticate") ?? "";
      const challenge = response.status === 401 ? parseChallenge(wanted) : undefined;
      if (challenge === undefined) return { challenge, value: await read(response, alive) };
      const body = await readBytes(response, longestToken, alive);
      const kept = new Response(body, { status: response.status, headers: response.headers });
      return { challenge, refused: () => read(kept, alive) };
    });
  }

  private async authorize(challenge: Challenge, scopes: readonly Scope[]): Promise<Token> {
    const login = await this.logins(this.registry);
    if (login.kind === "token") return { header: `Bearer ${login.token}`, expiresAt: Number.POSITIVE_INFINITY };
    if (challenge.scheme === "basic") {
      return { header: basic(login), expiresAt: Number.POSITIVE_INFINITY };
    }
    return this.fetchToken(challenge, scopes, login);
  }

  private async fetchToken(challenge: Challenge, scopes: readonly Scope[], login: RegistryLogin): Promise<Token> {
    const realm = challenge.parameters.get("realm") ?? "";
    const url = URL.canParse(realm) ? new URL(realm) : undefined;
    if (url === undefined || (url.protocol !== "https:" && !isLoopback(url.host))) {
      throw new Error(`${this.registry} sends its clients for a token to "${realm}", which is not an https address`);
    }
    const service = challenge.parameters.get("service");
    if (service !== undefined) url.searchParams.set("service", service);
    for (const { repository, actions } of scopes) {
      url.searchParams.append("scope", `repository:${repository}:${actions}`);
    }
    const authorization = basic(login);
    return exchange(
      {
        method: "GET",
        url: url.href,
        headers: authorization === undefined ? {} : { authorization },
        timeoutMs: 30_000,
      },
      async (response, alive) => {
        const bytes = await readBytes(response, longestToken, alive);
        if (!response.ok) throw new TokenRefused(url.host, response.status);
        return readToken(bytes);
      },
    );
  }
}

/** The service that gives a registry's tokens refused to give one. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
  readonly status: number;

  constructor(host: string, status: number) {
    super(`${host}, which gives the registry's tokens, answered ${status}`);
    this.status = status;
  }
}

/** The address below which a registry is spoken to: https, and http on this machine's own addresses only. */
function baseUrl(registry: string): string {
  const host = registry === "docker.io" ? "registry-1.docker.io" : registry;
  return `${isLoopback(host) ? "http" : "https"}://${host}/v2/`;
}

function basic(login: RegistryLogin): string | undefined {
  if (login.kind !== "password") return undefined;
  return `Basic ${Buffer.from(`${login.user}:${login.password}`).toString("base64")}`;
}

/** A token answer: `token` or `access_token`, good for `expires_in` seconds, or 60 where it does not say. */
function readToken(bytes: Uint8Array): Token {
  const answer: { token?: string; access_token?: string; expires_in?: number } = JSON.parse(
    Buffer.from(bytes).toString(),
  );
  const token = answer.token ?? answer.access_token;
  if (token === undefined) throw new Error("the registry's token service answered without a token");
  return { header: `Bearer ${token}`, expiresAt: Date.now() + (answer.expires_in ?? 60) * 1000 };
}
