import { BuildStore } from "../../components/BuildStore.ts";
import { CompilerCache } from "../../components/CompilerCache.ts";
import { environment, one, type Registered, registeredBy, retention } from "./mocks.ts";

const bucket = "gcp:storage/bucket:Bucket";
const member = "gcp:storage/bucketIAMMember:BucketIAMMember";
const who = { publisher: "serviceAccount:publisher", checker: "serviceAccount:checker" };

const store = (protect = false) =>
  registeredBy(() => new BuildStore("store", { environment, retention, protect, ...who }));
const cache = () => registeredBy(() => new CompilerCache("ccache", { environment, retention, ...who }));

const grants = (all: readonly Registered[]) =>
  all
    .filter(({ type }) => type === member)
    .map(({ inputs }) => {
      const condition = inputs.condition as { expression: string } | undefined;
      return `${inputs.member} ${String(inputs.role).split(".")[1]} ${condition?.expression ?? "everywhere"}`;
    });

test("no bucket is public, and each names its project and its region as Google spells it", async () => {
  for (const all of [await store(), await cache()]) {
    expect(one(all, bucket).inputs).toMatchObject({
      project: "acme-images",
      location: "US-EAST4",
      uniformBucketLevelAccess: true,
      publicAccessPrevention: "enforced",
    });
  }
});

test("each prefix of the store has its own lifetime", async () => {
  const rules = one(await store(), bucket).inputs.lifecycleRules as {
    condition: { age: number; matchesPrefixes?: string[] };
  }[];
  const ages = rules.map(({ condition }) => [condition.matchesPrefixes?.join() ?? "unfinished uploads", condition.age]);
  expect(Object.fromEntries(ages)).toEqual({
    "contexts/": 9,
    "locks/": 2,
    "records/": 10,
    "logs/": 10,
    "scratch/": 6,
    "unfinished uploads": 1,
  });
});

test("the checker reads records and settings and keeps to scratch: contexts and locks are the publisher's", async () => {
  const below = (prefix: string) =>
    `resource.name.startsWith("projects/_/buckets/acme-images-strata-dev-builds/objects/${prefix}")`;
  expect(grants(await store()).sort()).toEqual([
    `serviceAccount:checker objectUser ${below("scratch/")}`,
    `serviceAccount:checker objectViewer ${below("records/")}`,
    `serviceAccount:checker objectViewer ${below("settings.json")}`,
    "serviceAccount:publisher objectUser everywhere",
  ]);
});

test("the checker cannot write the compiler cache", async () => {
  expect(grants(await cache()).sort()).toEqual([
    "serviceAccount:checker objectViewer everywhere",
    "serviceAccount:publisher objectUser everywhere",
  ]);
});

test("a protected store is not emptied to be deleted; the compiler cache always may be", async () => {
  expect(one(await store(true), bucket).inputs.forceDestroy).toBe(false);
  expect(one(await store(false), bucket).inputs.forceDestroy).toBe(true);
  expect(one(await cache(), bucket).inputs.forceDestroy).toBe(true);
});

test("the compiler cache forgets by age", async () => {
  expect(one(await cache(), bucket).inputs.lifecycleRules).toEqual([
    { action: { type: "Delete" }, condition: { age: 8 } },
  ]);
});
