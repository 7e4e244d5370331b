import stack from "../../index.ts";
import type { FaultInput } from "../../local/http/faults.ts";
import { type TestCatalogue, testCatalogue } from "./catalogue.ts";
import { type Engine, engineTest, startEngine } from "./engine.ts";

let engine: Engine;
let catalogue: TestCatalogue;
beforeAll(async () => {
  engine = await startEngine(["acme-images"]);
  catalogue = testCatalogue();
}, 60_000);
afterAll(async () => {
  await engine?.close();
  catalogue?.remove();
});

/** Each route of a creation fails once for every kind of passing failure; the connection is cut before anything is done. */
const storm: readonly FaultInput[] = [
  "artifactregistry.projects.locations.repositories.create",
  "cloudbuild.projects.locations.workerPools.create",
  "cloudbuild.projects.locations.builds.create",
  "iam.projects.serviceAccounts.create",
  "storage.buckets.insert",
  "storage.objects.insert",
].flatMap((route): FaultInput[] => [
  { route, kind: "status", status: 429, retryAfter: 1, count: 1 },
  { route, kind: "status", status: 503, count: 1 },
  { route, kind: "drop", count: 1 },
]);

/** Brings an environment up; returns what was made, and how often each route of the storm succeeded meanwhile. */
async function up(name: string) {
  const { journal } = engine.cloud.cloud;
  const start = journal.count;
  const environment = await engine.stack(
    name,
    {
      "gcp:project": "acme-images",
      "gcp:region": "us-east4",
      "strata:catalogue": catalogue.folder,
      "strata:tool": "us-east4-docker.pkg.dev/acme-images/tools/strata:1",
    },
    stack,
  );
  const { outputs, summary } = await environment.up();
  const seen = journal.since(start);
  return {
    targets: Object.keys(outputs.images?.value).sort(),
    changes: summary.resourceChanges,
    made: storm.map(({ route }) => [
      route,
      seen.filter(({ method, status, fault }) => method === route && status < 300 && !fault).length,
    ]),
    faults: seen.filter(({ fault }) => fault).length,
  };
}

engineTest(
  "throttled, refused and cut creations are made again, and what comes up is what comes up in good weather, once",
  async () => {
    const { faults: none, ...calm } = await up("calm");
    for (const fault of storm) engine.cloud.cloud.faults.add(fault);
    const { faults, ...stormy } = await up("storm");
    expect([none, faults]).toEqual([0, storm.length]);
    expect(stormy).toEqual(calm);
  },
  240_000,
);
