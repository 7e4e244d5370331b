import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a test makes of one request: an answer of its own, or undefined to let the registry answer. */
export type Fault = (request: IncomingMessage) => ((response: ServerResponse) => void) | undefined;

/** A registry in memory on a loopback port, which can be told to misbehave. */
export interface TestRegistry {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Every request so far, as `METHOD path?query`. */
  readonly requests: readonly string[];
  /** Stores an image of one layer under a tag and gives its digest; `config` is its configuration's own part. */
  push(repository: string, tag: string, layer: string, config?: object): string;
  /** What the next requests meet; replaced by each call. */
  misbehave(fault: Fault): void;
  close(): Promise<void>;
}

/** How the registry wants to be logged in to. `user` needs the password `secret`. */
export type Door = "open" | "anonymous token" | "user token" | "user password";

export function digestOfText(text: string | Uint8Array): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Starts a registry with the token flow of the distribution protocol; its tokens are good for one scope set. */
export async function startRegistry(door: Door = "open"): Promise<TestRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { type: string; bytes: Buffer }>();
  const requests: string[] = [];
  let fault: Fault = () => undefined;

  const basicOk = (request: IncomingMessage) =>
    request.headers.authorization === `Basic ${Buffer.from("user:secret").toString("base64")}`;

  const server = createServer((request, response) => {
    // A client that goes away in the middle of a request is no failure of the registry.
    answer(request, response).catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? "/", "http://registry");
    requests.push(`${request.method} ${url.pathname}${url.search}`);
    const misbehaviour = fault(request);
    if (misbehaviour !== undefined) return misbehaviour(response);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (url.pathname === "/token") {
      if (door === "user token" && !basicOk(request)) return response.writeHead(401).end();
      const token = url.searchParams.getAll("scope").sort().join(" ");
      return response.end(JSON.stringify({ token: Buffer.from(token).toString("base64"), expires_in: 300 }));
    }
    const match = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/.exec(url.pathname);
    const [, repository = "", kind = "", name = ""] = match ?? [];
    const action = request.method === "GET" || request.method === "HEAD" ? "pull" : "pull,push";
    if (door === "user password" && !basicOk(request)) {
      return response.writeHead(401, { "www-authenticate": 'Basic realm="here"' }).end();
    }
    if (door.endsWith("token")) {
      const token = (request.headers.authorization ?? "").replace("Bearer ", "");
      const scopes = Buffer.from(token, "base64").toString().split(" ");
      const granted = scopes.some(
        (scope) => scope === `repository:${repository}:pull,push` || scope === `repository:${repository}:${action}`,
      );
      if (!granted) {
        const realm = `http://${request.headers.host}/token`;
        const wanted = `Bearer realm="${realm}",service="test, \\"quoted\\"",scope="repository:${repository}:${action}"`;
        return response.writeHead(401, { "www-authenticate": wanted }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
      }
    }
    if (kind === "manifests") return onManifest();
    if (kind === "blobs") return onBlob();
    response.writeHead(404).end();

    function onManifest() {
      const key = `${repository}@${name}`;
      if (request.method === "PUT") {
        const digest = digestOfText(body);
        const before = manifests.get(key);
        if (before !== undefined && digestOfText(before.bytes) !== digest) {
          return response.writeHead(409).end('{"errors":[{"code":"DENIED","message":"tags are immutable"}]}');
        }
        const stored = { type: request.headers["content-type"] ?? "", bytes: body };
        manifests.set(key, stored);
        manifests.set(`${repository}@${digest}`, stored);
        return response.writeHead(201, { "docker-content-digest": digest }).end();
      }
      const found = manifests.get(key);
      if (found === undefined) return response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      response.writeHead(200, { "content-type": found.type, "docker-content-digest": digestOfText(found.bytes) });
      response.end(request.method === "HEAD" ? undefined : found.bytes);
    }

    function onBlob() {
      if (request.method === "POST") {
        const mount = url.searchParams.get("mount");
        const from = `${url.searchParams.get("from")}@${mount}`;
        const mounted = blobs.get(from);
        if (mount !== null && mounted !== undefined) {
          blobs.set(`${repository}@${mount}`, mounted);
          return response.writeHead(201).end();
        }
        return response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/1?state=x` }).end();
      }
      if (request.method === "PUT") {
        const digest = url.searchParams.get("digest") ?? "";
        if (digestOfText(body) !== digest) {
          return response.writeHead(400).end('{"errors":[{"code":"DIGEST_INVALID"}]}');
        }
        blobs.set(`${repository}@${digest}`, body);
        return response.writeHead(201).end();
      }
      const found = blobs.get(`${repository}@${name}`);
      if (found === undefined) return response.writeHead(404).end();
      response.writeHead(200, { "content-length": found.length });
      response.end(request.method === "HEAD" ? undefined : found);
    }
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    push(repository, tag, layer, config) {
      const blob = (text: string) => {
        blobs.set(`${repository}@${digestOfText(text)}`, Buffer.from(text));
        return { mediaType: "application/octet-stream", digest: digestOfText(text), size: Buffer.byteLength(text) };
      };
      const type = "application/vnd.oci.image.manifest.v1+json";
      const manifest = {
        schemaVersion: 2,
        mediaType: type,
        config: blob(JSON.stringify({ of: layer, config })),
        layers: [blob(layer)],
      };
      const store = (document: object, mediaType: string, names: string[]) => {
        const bytes = Buffer.from(JSON.stringify(document));
        const digest = digestOfText(bytes);
        for (const known of [digest, ...names]) manifests.set(`${repository}@${known}`, { type: mediaType, bytes });
        return { mediaType, digest, size: bytes.length };
      };
      const index = "application/vnd.oci.image.index.v1+json";
      const child = store(manifest, type, []);
      return store({ schemaVersion: 2, mediaType: index, manifests: [child] }, index, [tag]).digest;
    },
    misbehave(next) {
      fault = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
