import { request } from "node:http";
import { UserError } from "../../chain/errors.ts";
import { html } from "../../page/html.ts";
import { type PageServer, servePage } from "../../page/serve.ts";
import { everyState, HOSTILE } from "./chainToShow.ts";

let server: PageServer;
let looks = 0;
/** What every look waits for. */
let hold: Promise<void> | undefined;
beforeAll(async () => {
  const run = everyState();
  const view = async () => {
    looks += 1;
    await hold;
    return run.view();
  };
  server = await servePage({ view, port: 0 });
});
afterAll(() => server.close());

/** The status of a request that names a host of its choice, as a page does whose name was made to point here. */
function statusAs(host: string, path = "/", method = "GET"): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, server.url), { method, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once("error", reject).end();
  });
}

test("only requests that name this machine are answered", async () => {
  const { port } = new URL(server.url);
  expect(await statusAs(`127.0.0.1:${port}`)).toBe(200);
  expect(await statusAs(`localhost:${port}`)).toBe(200);
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1", `127.0.0.1.evil.example:${port}`]) {
    expect([host, await statusAs(host)]).toEqual([host, 421]);
    expect([host, await statusAs(host, "/events")]).toEqual([host, 421]);
  }
});

test("it can only be read, and has nothing but the page", async () => {
  const { host } = new URL(server.url);
  expect(await statusAs(host, "/", "POST")).toBe(405);
  expect(await statusAs(host, "/", "HEAD")).toBe(200);
  expect(await statusAs(host, "/../package.json")).toBe(404);
  expect(await statusAs(host, "/constructor")).toBe(404);
});

test("its policy lets nothing be loaded from elsewhere, and no script of the page's own text be run", async () => {
  const { headers } = await fetch(server.url);
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("unsafe");
  expect(headers.get("access-control-allow-origin")).toBeNull();
});

test("a port that is in use, or none, is told with what to do", async () => {
  const port = Number(new URL(server.url).port);
  const again = servePage({ view: () => everyState().view(), port });
  await expect(again).rejects.toThrow(UserError);
  await expect(again).rejects.toThrow(/another program listens on the page's port\n {2}received: \d+\n.*\n {2}fix:/);
  await expect(servePage({ view: () => everyState().view(), port: 70_000 })).rejects.toThrow("cannot have this port");
});

test("nothing is looked at while nobody looks", async () => {
  const leave = new AbortController();
  const { body } = await fetch(new URL("/events", server.url), { signal: leave.signal });
  await body?.getReader().read();
  leave.abort();
  await new Promise((resolve) => setTimeout(resolve, 700));
  const before = looks;
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(looks).toBe(before);
});

test("who leaves before the first look is done is not looked for", async () => {
  let letGo = () => {};
  hold = new Promise((resolve) => {
    letGo = resolve;
  });
  const before = looks;
  const leave = new AbortController();
  const asked = fetch(new URL("/events", server.url), { signal: leave.signal });
  while (looks === before) await new Promise((resolve) => setTimeout(resolve, 10));
  leave.abort();
  await expect(asked).rejects.toThrow();
  await new Promise((resolve) => setTimeout(resolve, 200));
  hold = undefined;
  letGo();
  await new Promise((resolve) => setTimeout(resolve, 1200));
  expect(looks).toBe(before + 1);
});

test("a template's values cannot become markup, and lose what nobody can read", () => {
  const { text } = html`<p title="${HOSTILE}">${[HOSTILE, 1, undefined, false]}</p>`;
  expect(text.match(/[<>"']/g)).toEqual(["<", '"', '"', ">", "<", ">"]);
  expect(text).not.toContain("\u001b");
  expect(text).not.toContain("\u202e");
  expect(html`${html`<b>`}`.text).toBe("<b>");
});
