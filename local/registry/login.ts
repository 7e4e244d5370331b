import type { IncomingMessage, ServerResponse } from "node:http";
import type { Cloud } from "../cloud.ts";
import { readBytes } from "../http/body.ts";
import type { Caller } from "../identity/tokens.ts";
import { registryFailure } from "./errors.ts";

/** User names that Artifact Registry takes with an access token as the password. */
const TOKEN_USERS = new Set(["oauth2accesstoken", "_dcgcloud_token"]);

/** How long a registry token is good, in seconds. */
const LIFETIME = 3600;

/** Stands in a registry token for a client that has not said who it is. */
const ANONYMOUS = "anonymous";

/**
 * Who makes a registry request.
 *
 * @returns undefined for a request without credentials, which is sent to the token service first.
 * @throws GoogleError 401 for credentials that are not good.
 */
export function registryCaller(cloud: Cloud, request: IncomingMessage): Caller | undefined {
  const [scheme = "", value = ""] = (request.headers.authorization ?? "").split(" ");
  if (scheme.toLowerCase() === "basic") return passwordCaller(cloud, value);
  if (scheme.toLowerCase() !== "bearer") return undefined;
  const caller = cloud.tokens.read(value);
  return caller.member === ANONYMOUS ? { member: undefined } : caller;
}

function passwordCaller(cloud: Cloud, encoded: string): Caller {
  const [user = "", ...password] = Buffer.from(encoded, "base64").toString().split(":");
  if (!TOKEN_USERS.has(user)) {
    throw registryFailure(401, "UNAUTHORIZED", `Log in as oauth2accesstoken with an access token, not as '${user}'`);
  }
  return cloud.tokens.read(password.join(":"));
}

/** Tells a client where to get a token. */
export function challenge(cloud: Cloud, response: ServerResponse, scope?: string): void {
  const scoped = scope ? `,scope="${scope}"` : "";
  const header = `Bearer realm="${cloud.origin}/v2/token",service="${cloud.host}"${scoped}`;
  const body = JSON.stringify({ errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] });
  response.writeHead(401, { "WWW-Authenticate": header, "Content-Type": "application/json" });
  response.end(body);
}

/** The token service: gives a token for credentials, by GET with a password or by POST as OAuth 2 has it. */
export async function answerToken(cloud: Cloud, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let caller = registryCaller(cloud, request) ?? { member: undefined };
  if (request.method === "POST") {
    const form = new URLSearchParams((await readBytes(request)).toString());
    const password = form.get("password") ?? form.get("refresh_token");
    if (password) caller = cloud.tokens.read(password);
  }
  const token = cloud.tokens.mint(caller.member ?? ANONYMOUS, LIFETIME);
  const body = { token, access_token: token, expires_in: LIFETIME, issued_at: new Date().toISOString() };
  response.writeHead(200, { "Content-Type": "application/json" });
  response.end(JSON.stringify(body));
}
