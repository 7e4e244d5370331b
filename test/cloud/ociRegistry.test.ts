import type { RegistryLogin } from "../../cloud/registry/credentials.ts";
import { OciRegistry } from "../../cloud/registry/ociRegistry.ts";
import type { RetryPolicy } from "../../cloud/retry.ts";
import { type Door, digestOfText, startRegistry, type TestRegistry } from "./registryServer.ts";

const quick: RetryPolicy = { attempts: 4, firstDelayMs: 5, longestDelayMs: 2_000 };
const started: TestRegistry[] = [];

async function registry(door?: Door): Promise<TestRegistry> {
  const server = await startRegistry(door);
  started.push(server);
  return server;
}

function client(login: RegistryLogin = { kind: "anonymous" }): OciRegistry {
  return new OciRegistry({ logins: async () => login, retries: quick });
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

describe.each<[Door, RegistryLogin]>([
  ["open", { kind: "anonymous" }],
  ["anonymous token", { kind: "anonymous" }],
  ["user token", { kind: "password", user: "user", password: "secret" }],
  ["user password", { kind: "password", user: "user", password: "secret" }],
])("a registry whose door is: %s", (door, login) => {
  test("names the digest of a tag, and undefined for a tag that it does not have", async () => {
    const server = await registry(door);
    const digest = server.push("team/base", "v1", "layer");
    const images = client(login);
    expect(await images.digestOf(`${server.host}/team/base:v1`)).toBe(digest);
    expect(await images.digestOf(`${server.host}/team/base:v2`)).toBeUndefined();
    expect(await images.digestOf(`${server.host}/team/other:v1`)).toBeUndefined();
  });

  test("takes a tag for a digest", async () => {
    const server = await registry(door);
    const digest = server.push("team/base", "v1", "layer");
    const images = client(login);
    await images.createTag(`${server.host}/team/base@${digest}`, "key-1");
    expect(await images.digestOf(`${server.host}/team/base:key-1`)).toBe(digest);
  });

  test("copies to another repository by mounting, moving no layer", async () => {
    const server = await registry(door);
    const digest = server.push("dev/base", "v1", "layer");
    const images = client(login);
    await images.copy(`${server.host}/dev/base@${digest}`, `${server.host}/prod/base`);
    expect(await images.digestOf(`${server.host}/prod/base@${digest}`)).toBe(digest);
    expect(server.requests.filter((line) => line.startsWith("GET") && line.includes("/blobs/"))).toEqual([]);
  });
});

test("copies between registries under the same digest, and a second time moves nothing", async () => {
  const [from, to] = [await registry("anonymous token"), await registry("user token")];
  const digest = from.push("dev/base", "v1", "layer ".repeat(300_000));
  const images = new OciRegistry({
    retries: quick,
    logins: async (host) =>
      host === to.host ? { kind: "password", user: "user", password: "secret" } : { kind: "anonymous" },
  });
  await images.copy(`${from.host}/dev/base@${digest}`, `${to.host}/prod/base`);
  expect(await images.digestOf(`${to.host}/prod/base@${digest}`)).toBe(digest);
  expect(await images.digestOf(`${to.host}/prod/base:v1`)).toBeUndefined();
  const before = to.requests.length;
  await images.copy(`${from.host}/dev/base@${digest}`, `${to.host}/prod/base`);
  expect(to.requests.slice(before)).toEqual([`HEAD /v2/prod/base/manifests/${digest}`]);
});

test("a layer whose transfer is cut is sent again, whole", async () => {
  const [from, to] = [await registry(), await registry()];
  const digest = from.push("dev/base", "v1", "layer ".repeat(300_000));
  let cuts = 0;
  from.misbehave((request) => {
    if (!request.url?.includes("/blobs/") || request.method !== "GET" || cuts++ > 0) return undefined;
    return (response) => {
      response.writeHead(200, { "content-length": 1_800_000 });
      response.write("layer ".repeat(1000), () => response.destroy());
    };
  });
  await client().copy(`${from.host}/dev/base@${digest}`, `${to.host}/prod/base`);
  expect(cuts).toBeGreaterThan(1);
  expect(await client().digestOf(`${to.host}/prod/base@${digest}`)).toBe(digest);
});

test("a tag never moves: another digest under it is an error that names both, and the tag stays", async () => {
  const server = await registry();
  const first = server.push("base", "v1", "one");
  const second = server.push("base", "v2", "two");
  await expect(client().createTag(`${server.host}/base@${second}`, "v1")).rejects.toThrow(
    new RegExp(`names another image \\(${first}\\)[\\s\\S]*${second}`),
  );
  expect(await client().digestOf(`${server.host}/base:v1`)).toBe(first);
});

test("a tag that was created although the answer was lost counts as created", async () => {
  const server = await registry();
  const digest = server.push("base", "v1", "one");
  const images = client();
  const put: string[] = [];
  server.misbehave((request) => {
    if (request.method !== "PUT" || put.length > 0) return undefined;
    put.push(request.url ?? "");
    server.push("base", "key", "one");
    return (response) => response.destroy();
  });
  await images.createTag(`${server.host}/base@${digest}`, "key");
  expect(put).toHaveLength(1);
  expect(await images.digestOf(`${server.host}/base:key`)).toBe(digest);
});

test.each([400, 401, 403, 405, 409, 418, 429, 500, 502, 503, 504])(
  "an answer of %i is an error that names host, status, reference and fix, never an absent image",
  async (status) => {
    const server = await registry();
    server.misbehave(() => (response) => response.writeHead(status).end("<html>no</html>"));
    const reference = `${server.host}/team/base:v1`;
    await expect(client().digestOf(reference)).rejects.toMatchObject({
      name: "UserError",
      message: expect.stringMatching(
        new RegExp(`${server.host} .*${status}[\\s\\S]*received: ${reference}[\\s\\S]*fix: `),
      ),
    });
  },
);

test.each([429, 500, 503])("an answer of %i that passes is waited for", async (status) => {
  const server = await registry();
  const digest = server.push("base", "v1", "one");
  let left = 3;
  server.misbehave(() => (left-- > 0 ? (response) => response.writeHead(status).end() : undefined));
  expect(await client().digestOf(`${server.host}/base:v1`)).toBe(digest);
  expect(server.requests).toHaveLength(4);
});

test("Retry-After is obeyed, and one beyond the bound fails at once", async () => {
  const server = await registry();
  const digest = server.push("base", "v1", "one");
  let wait = "1";
  let left = 1;
  server.misbehave(() =>
    left-- > 0 ? (response) => response.writeHead(429, { "retry-after": wait }).end() : undefined,
  );
  const before = Date.now();
  expect(await client().digestOf(`${server.host}/base:v1`)).toBe(digest);
  expect(Date.now() - before).toBeGreaterThanOrEqual(990);
  [wait, left] = ["3600", 1];
  const requests = server.requests.length;
  await expect(client().digestOf(`${server.host}/base:v1`)).rejects.toThrow(/429/);
  expect(server.requests).toHaveLength(requests + 1);
});

test("a cut connection is tried again, and stays an error when every attempt is cut", async () => {
  const server = await registry();
  const digest = server.push("base", "v1", "one");
  let left = 2;
  server.misbehave(() => (left-- > 0 ? (response) => response.destroy() : undefined));
  expect(await client().digestOf(`${server.host}/base:v1`)).toBe(digest);
  left = Number.POSITIVE_INFINITY;
  await expect(client().digestOf(`${server.host}/base:v1`)).rejects.toThrow(/cannot be reached/);
});

test("a registry that is not there is an error", async () => {
  const server = await registry();
  await server.close();
  await expect(client().digestOf(`${server.host}/base:v1`)).rejects.toThrow(/ECONNREFUSED[\s\S]*fix: /);
});

test("a manifest whose bytes do not hash to its digest is refused", async () => {
  const server = await registry();
  const digest = server.push("base", "v1", "one");
  server.misbehave(() => (response) => {
    response.writeHead(200, { "docker-content-digest": digest }).end('{"poisoned":true}');
  });
  await expect(client().manifestOf(`${server.host}/base@${digest}`)).rejects.toThrow(/whose digest is/);
  await expect(client().manifestOf(`${server.host}/base:v1`)).rejects.toThrow(/whose digest is/);
});

test("a registry that leaves the digest out of its headers is read instead", async () => {
  const server = await registry();
  server.misbehave((request) => (response) => {
    response.writeHead(200, { "content-type": "application/vnd.oci.image.manifest.v1+json" });
    response.end(request.method === "HEAD" ? undefined : "{}");
  });
  expect(await client().digestOf(`${server.host}/base:v1`)).toBe(digestOfText("{}"));
});

test("fifty questions at once fetch one token", async () => {
  const server = await registry("anonymous token");
  const digest = server.push("base", "v1", "one");
  const images = client();
  const answers = await Promise.all(Array.from({ length: 50 }, () => images.digestOf(`${server.host}/base:v1`)));
  expect(new Set(answers)).toEqual(new Set([digest]));
  expect(server.requests.filter((line) => line.includes("/token"))).toHaveLength(1);
});

test("a token that was revoked is renewed once", async () => {
  const server = await registry("anonymous token");
  const digest = server.push("base", "v1", "one");
  const images = client();
  expect(await images.digestOf(`${server.host}/base:v1`)).toBe(digest);
  let left = 1;
  server.misbehave((request) =>
    request.method === "HEAD" && left-- > 0
      ? (response) => {
          const realm = `http://${server.host}/token`;
          response.writeHead(401, { "www-authenticate": `Bearer realm="${realm}"` }).end();
        }
      : undefined,
  );
  expect(await images.digestOf(`${server.host}/base:v1`)).toBe(digest);
  expect(server.requests.filter((line) => line.includes("/token"))).toHaveLength(2);
});

test("a redirect to another host is followed without the login", async () => {
  const [server, elsewhere] = [await registry("user password"), await registry()];
  const digest = elsewhere.push("base", "v1", "one");
  const seen: (string | undefined)[] = [];
  server.misbehave((request) => {
    if (request.headers.authorization === undefined) return undefined;
    return (response) => response.writeHead(307, { location: `http://${elsewhere.host}${request.url}` }).end();
  });
  elsewhere.misbehave((request) => void seen.push(request.headers.authorization));
  const images = client({ kind: "password", user: "user", password: "secret" });
  expect(await images.digestOf(`${server.host}/base:v1`)).toBe(digest);
  expect(seen).toEqual([undefined]);
});

test("a password is never sent for a token over plain http to another machine", async () => {
  const server = await registry();
  server.misbehave(() => (response) => {
    response.writeHead(401, { "www-authenticate": 'Bearer realm="http://tokens.example/t"' }).end();
  });
  const images = client({ kind: "password", user: "user", password: "secret" });
  await expect(images.digestOf(`${server.host}/base:v1`)).rejects.toThrow(/not an https address/);
});

test("only a digest can be tagged or copied", async () => {
  await expect(client().createTag("127.0.0.1:1/base:v1", "x")).rejects.toThrow(/by its digest/);
  await expect(client().copy("127.0.0.1:1/base:v1", "127.0.0.1:1/prod")).rejects.toThrow(/by its digest/);
});
