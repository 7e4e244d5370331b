import { buildCases } from "./providerCases/builds.ts";
import type { Case } from "./providerCases/case.ts";
import { serviceCases } from "./providerCases/services.ts";
import { triggerCases } from "./providerCases/triggers.ts";
import { variantCases } from "./providerCases/variants.ts";
import { startTestCloud, type TestCloud } from "./testCloud.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.close());

/** A path with the query that every call to its product carries. */
function asked(path: string): string {
  const common = /^\/(storage|iam|serviceusage|resourcemanager)\//.test(path)
    ? "alt=json&prettyPrint=false"
    : "alt=json";
  return `${path}${path.includes("?") ? "&" : "?"}${common}`;
}

/** What a creation said of a resource, without nulls and without what comes back in another form. */
function sent([, , body]: Case["create"], kept: object): object {
  const { serviceAccount, accountId, name: _name, ...fields } = body as Record<string, unknown>;
  const all = accountId ? (serviceAccount as object) : { ...fields, ...(serviceAccount ? { serviceAccount } : {}) };
  const same = Object.entries(all).filter(([key]) => !(key in kept));
  return withoutNulls(Object.fromEntries(same)) as object;
}

function withoutNulls(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutNulls(item)]));
}

test.each([...buildCases, ...serviceCases, ...triggerCases, ...variantCases])(
  "$what: create, read, change, delete as the Pulumi provider does",
  async ({ base, before, create, path, kept = {}, unset, change, after, gone, remove }) => {
    for (const [verb, target, body] of before ?? []) await cloud.ok(verb, asked(target), body);
    const make = asked(`${base}${create[1]}`);
    const answer = await cloud.ok<Record<string, string>>(create[0], make, create[2]);
    const target = `${base}${typeof path === "string" ? path : path(answer)}`;
    const read = await cloud.ok("GET", asked(target));
    expect(read).toMatchObject(kept);
    expect(read).toMatchObject(sent(create, kept));
    for (const field of unset ?? []) expect(read).not.toHaveProperty(field);
    const again = await cloud.call(create[0], make, create[2]);
    if (typeof path === "string") expect(again.status).toBe(409);
    if (change) await cloud.ok(change[0], asked(`${target}${change[1]}`), change[2]);
    const changed = await cloud.ok("GET", asked(target));
    if (after) expect(changed).toMatchObject(after);
    for (const field of gone ?? []) expect(changed).not.toHaveProperty(field);
    await cloud.ok("DELETE", asked(`${target}${remove ?? ""}`));
    expect((await cloud.call("GET", asked(target))).status).toBe(404);
  },
);

test("no call of the provider was refused as malformed", () => {
  expect(cloud.running.cloud.journal.since().filter((entry) => entry.refused)).toEqual([]);
});
