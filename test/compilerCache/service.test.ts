import { once } from "node:events";
import { request } from "node:http";
import { UserError } from "../../chain/errors.ts";
import { GoogleError } from "../../cloud/google/api.ts";
import { pause } from "../../cloud/retry.ts";
import { type CacheEvent, type EntryLimits, standardLimits } from "../../compilerCache/entries.ts";
import { CompilerCacheService } from "../../compilerCache/service.ts";
import { MemoryStore } from "./memoryStore.ts";

// A machine that is busy answers late.
jest.setTimeout(30_000);

const key = "5b41ddvb6rtsdu0mq1k8tk78othds3ik6";
const services: CompilerCacheService[] = [];
const events: CacheEvent[] = [];

async function serve(store: MemoryStore, more: { readOnly?: boolean; limits?: Partial<EntryLimits> } = {}) {
  const service = await CompilerCacheService.start({
    store,
    prefix: "p",
    readOnly: more.readOnly ?? false,
    host: "127.0.0.1",
    port: 0,
    limits: { ...standardLimits, ...more.limits },
    tell: (event) => void events.push(event),
  });
  services.push(service);
  return {
    service,
    url: `${service.address}/${key}`,
    call: (method: string, body?: string, path = `/${key}`) =>
      fetch(service.address + path, body === undefined ? { method } : { method, body }),
  };
}

afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop(1000)));
  events.length = 0;
});

test("what was put is got, before and after it has reached the store", async () => {
  const store = new MemoryStore();
  const stored = Promise.withResolvers<void>();
  store.before = (call) => (call === "write" ? stored.promise : Promise.resolve());
  const { call } = await serve(store);
  expect((await call("GET")).status).toBe(404);
  expect((await call("PUT", "object code")).status).toBe(201);
  expect(store.objects.size).toBe(0);
  expect(await (await call("GET")).text()).toBe("object code");
  stored.resolve();
  expect((await call("POST", "", "/-/drain")).status).toBe(200);
  expect(store.objects.size).toBe(1);
  expect(await (await call("GET")).text()).toBe("object code");
  expect((await call("HEAD")).headers.get("content-length")).toBe("11");
});

test("stopping stores what was taken first", async () => {
  const store = new MemoryStore();
  store.before = () => pause(200);
  const { service, call } = await serve(store);
  await call("PUT", "object code");
  const { store: account } = await service.stop(5000);
  expect(store.objects.size).toBe(1);
  expect(account).toMatchObject({ written: 1, unwritten: 0, bytesWritten: 11 });
});

test("stopping does not wait for ever for a store that hangs", async () => {
  const store = new MemoryStore();
  store.before = () => new Promise(() => {});
  const { service, call } = await serve(store);
  await call("PUT", "object code");
  const before = Date.now();
  await service.stop(300);
  expect(Date.now() - before).toBeLessThan(2000);
});

test.each<[string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>]>([
  ["truncated", (bytes) => bytes.slice(0, -3)],
  ["truncated to nothing", () => new Uint8Array()],
  ["longer", (bytes) => new Uint8Array([...bytes, 0])],
  ["changed in one bit", (bytes) => bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))],
  ["written without a frame", () => new Uint8Array(Buffer.from("object code"))],
])("an entry that is %s is a miss and is reported", async (_, damage) => {
  const store = new MemoryStore();
  const { service, call } = await serve(store);
  await call("PUT", "object code");
  await call("POST", "", "/-/drain");
  for (const [name, bytes] of store.objects) store.objects.set(name, damage(bytes));
  expect((await call("GET")).status).toBe(404);
  expect(service.statistics.store).toMatchObject({ hits: 0, rejected: 1 });
  expect(events).toEqual([{ kind: "REJECTED", key }]);
});

test("an entry that was stored under another's name is a miss", async () => {
  const store = new MemoryStore();
  const { call } = await serve(store);
  await call("PUT", "object code");
  await call("POST", "", "/-/drain");
  const [[name, bytes] = ["", new Uint8Array()]] = store.objects;
  const other = key.replace("5b41", "5b42");
  store.objects.set(name.replaceAll("5b41", "5b42"), bytes);
  expect((await call("GET", undefined, `/${other}`)).status).toBe(404);
});

test("a read-only service refuses to store and to remove, and tells ccache not to try", async () => {
  const store = new MemoryStore();
  const writer = await serve(store);
  await writer.call("PUT", "object code");
  await writer.call("POST", "", "/-/drain");
  const reader = await serve(store, { readOnly: true });
  expect((await reader.call("PUT", "poison")).status).toBe(403);
  expect((await reader.call("DELETE")).status).toBe(403);
  expect(await (await reader.call("GET")).text()).toBe("object code");
  expect(reader.service.remoteStorage).toMatch(/\|read-only=true$/);
  expect(reader.service.statistics).toMatchObject({ readOnly: true, store: { refused: 2 } });
});

test("a store that lets the build read and not write is read on, told of once, and not written to again", async () => {
  const store = new MemoryStore();
  const writer = await serve(store);
  await writer.call("PUT", "object code");
  await writer.call("POST", "", "/-/drain");
  store.before = async (call) => {
    const cause = new GoogleError(403, "denied");
    if (call === "write") throw new UserError({ problem: "no" }, { cause });
  };
  const { service, call } = await serve(store);
  for (let n = 0; n < 5; n++) {
    await call("PUT", "more", `/${key.slice(0, -1)}${n}`);
    await call("POST", "", "/-/drain");
  }
  expect(await (await call("GET")).text()).toBe("object code");
  expect(events).toEqual([{ kind: "WRITES_REFUSED", reason: expect.stringContaining("no") }]);
  expect(service.statistics).toMatchObject({ readOnly: true, store: { refused: 5, timesAway: 0, hits: 1 } });
  expect(store.calls).toBe(3);
});

test("a store that is away is asked three times, then left alone, then found back", async () => {
  const store = new MemoryStore();
  store.before = async () => {
    throw new Error("gone");
  };
  const { service, call } = await serve(store, { limits: { awayMs: 3000 } });
  for (let i = 0; i < 20; i++) expect((await call("GET")).status).toBe(404);
  expect(store.calls).toBe(3);
  expect(events).toEqual([{ kind: "STORE_AWAY", reason: "gone" }]);
  expect(service.statistics.store).toMatchObject({ unread: 20, misses: 0, timesAway: 1 });
  store.before = async () => {};
  await pause(3100);
  await call("GET");
  expect(events.at(-1)).toEqual({ kind: "STORE_BACK" });
  expect((await call("PUT", "object code")).status).toBe(201);
});

test("a store that hangs costs a compile the read limit, and only the first ones", async () => {
  const store = new MemoryStore();
  store.before = () => new Promise(() => {});
  const { call } = await serve(store, { limits: { readMs: 400 } });
  const before = Date.now();
  for (let i = 0; i < 30; i++) expect((await call("GET")).status).toBe(404);
  expect(Date.now() - before).toBeLessThan(6000);
});

test("entries beyond the memory are refused, and memory comes back", async () => {
  const store = new MemoryStore();
  const stored = Promise.withResolvers<void>();
  store.before = (call) => (call === "write" ? stored.promise : Promise.resolve());
  const { service, call } = await serve(store, { limits: { memory: 4000, memoryMs: 50 } });
  const body = "x".repeat(900);
  const put = (n: number) => call("PUT", body, `/${key.slice(0, -1)}${n}`);
  const statuses = [];
  for (let n = 0; n < 6; n++) statuses.push((await put(n)).status);
  expect(statuses).toEqual([201, 201, 201, 201, 503, 503]);
  stored.resolve();
  await call("POST", "", "/-/drain");
  expect((await put(7)).status).toBe(201);
  expect((await call("PUT", "x".repeat(1001))).status).toBe(503);
  await call("POST", "", "/-/drain");
  expect(service.statistics.store).toMatchObject({ written: 5, unwritten: 3 });
});

test("a put that is cut stores nothing and gives its memory back", async () => {
  const store = new MemoryStore();
  const { call, url } = await serve(store, { limits: { memory: 4000, memoryMs: 50 } });
  for (let i = 0; i < 8; i++) {
    const put = request(url, { method: "PUT", headers: { "content-length": 900 } });
    const cut = once(put, "error");
    put.write("x".repeat(100), () => setTimeout(() => put.destroy(new Error("cut")), 20));
    await cut;
  }
  await pause(100);
  expect((await call("PUT", "x".repeat(900))).status).toBe(201);
  await call("POST", "", "/-/drain");
  expect(store.objects.size).toBe(1);
});

test("a path that is no entry is refused and never reaches the store", async () => {
  const store = new MemoryStore();
  const { call } = await serve(store);
  expect((await call("PUT", "x", "/..%2f..%2fetc")).status).toBe(404);
  expect((await call("GET", undefined, "/-/nothing")).status).toBe(404);
  expect((await call("POST", "x")).status).toBe(405);
  expect(store.calls).toBe(0);
});
