import { buildCases } from "./providerCases/builds.ts";
import { serviceCases } from "./providerCases/services.ts";
import { startTestCloud, type TestCloud } from "./testCloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

test.each([...buildCases, ...serviceCases])(
  "$what: create, read, change, delete as the Pulumi provider does",
  async ({ base, before, create, path, kept, change, after, gone, remove }) => {
    for (const [verb, target, body] of before ?? []) await cloud.ok(verb, target, body);
    const answer = await cloud.ok<Record<string, string>>(create[0], `${base}${create[1]}`, create[2]);
    const target = `${base}${typeof path === "string" ? path : path(answer)}`;
    expect(await cloud.ok("GET", target)).toMatchObject(kept);
    const again = await cloud.call(create[0], `${base}${create[1]}`, create[2]);
    if (typeof path === "string") expect(again.status).toBe(409);
    if (change) await cloud.ok(change[0], `${target}${change[1]}`, change[2]);
    const changed = await cloud.ok("GET", target);
    if (after) expect(changed).toMatchObject(after);
    for (const field of gone ?? []) expect(changed).not.toHaveProperty(field);
    await cloud.ok("DELETE", `${target}${remove ?? ""}`);
    expect((await cloud.call("GET", target)).status).toBe(404);
  },
);

test("no call of the provider was refused as malformed", () => {
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
});
