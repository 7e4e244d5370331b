import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

/** A comment as the double keeps it. */
export interface Comment {
  readonly id: number;
  readonly body: string;
  readonly user: { readonly login: string; readonly type: "User" | "Bot" };
}

/** A double of the part of GitHub's REST API that comments take, for one repository. */
export interface GitHubDouble {
  readonly api: string;
  readonly comments: Comment[];
  /** Requests in their order, as `VERB /path`. */
  readonly requests: string[];
  /** Answers of the next requests, before they are looked at: a status, "cut", or a page for people. */
  readonly weather: (number | "cut" | "page")[];
  /** A verb whose requests are done and never answered. */
  losing?: string;
  close(): Promise<void>;
}

/** Whom a token belongs to, and what it may do. */
export interface Token {
  readonly login: string;
  /** An app's token has no user of its own. */
  readonly app?: boolean;
  readonly readOnly?: boolean;
}

const LONGEST = 65_536;

export async function startGitHub(
  repository: string,
  pullRequests: readonly number[],
  tokens: Readonly<Record<string, Token>>,
): Promise<GitHubDouble> {
  const comments: Comment[] = [];
  const requests: string[] = [];
  const weather: GitHubDouble["weather"] = [];
  let next = 1;

  async function answer(request: IncomingMessage): Promise<readonly [status: number, body: unknown]> {
    const url = new URL(request.url ?? "/", "http://github");
    const token = tokens[(request.headers.authorization ?? "").replace(/^Bearer /, "")];
    if (!token) return [401, { message: "Bad credentials" }];
    if (!request.headers["user-agent"]) return [403, { message: "Request forbidden by administrative rules." }];
    if (url.pathname === "/user") return token.app ? [403, {}] : [200, { login: token.login }];
    const user = { login: token.login, type: token.app ? ("Bot" as const) : ("User" as const) };
    const [, owner, path = ""] = new RegExp(`^/repos/(${repository})/(.*)$`).exec(url.pathname) ?? [];
    if (!owner) return [404, { message: "Not Found" }];
    const number = Number(/^issues\/(\d+)\/comments$/.exec(path)?.[1] ?? 0);
    if (request.method === "GET" && pullRequests.includes(number)) {
      const size = Number(url.searchParams.get("per_page") ?? 30);
      const start = (Number(url.searchParams.get("page") ?? 1) - 1) * size;
      return [200, comments.slice(start, start + size)];
    }
    const { body = "" }: { body?: string } = JSON.parse((await text(request)) || "{}");
    if (token.readOnly) return [403, { message: "Resource not accessible by personal access token" }];
    if (body.length > LONGEST) return [422, { message: `body is too long (maximum is ${LONGEST} characters)` }];
    if (request.method === "POST" && pullRequests.includes(number)) {
      const made = { id: next++, body, user };
      comments.push(made);
      return [201, made];
    }
    const id = Number(/^issues\/comments\/(\d+)$/.exec(path)?.[1] ?? 0);
    const at = comments.findIndex((one) => one.id === id);
    const found = comments[at];
    if (request.method !== "PATCH" || !found) return [404, { message: "Not Found" }];
    comments[at] = { ...found, body };
    return [200, comments[at]];
  }

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const bad = weather.shift();
    if (bad === "cut") {
      request.socket.destroy();
      return;
    }
    if (bad === "page") {
      response.end("<!DOCTYPE html><title>Sign in</title>");
      return;
    }
    const answered = bad === undefined ? answer(request) : Promise.resolve([bad, {}] as const);
    void answered.then(([status, body]) => {
      if (request.method === double.losing) {
        request.socket.destroy();
        return;
      }
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const double: GitHubDouble = {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    comments,
    requests,
    weather,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return double;
}
