import type { FaultInput } from "../../local/http/faults.ts";
import { engineTest } from "./engine.ts";
import { type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
}, 120_000);
afterAll(() => scene?.close());
afterEach(() => scene?.engine.cloud.cloud.faults.clear());

/** What makes something that must not be there twice. */
const creations = [
  "artifactregistry.projects.locations.repositories.create",
  "cloudbuild.projects.locations.workerPools.create",
  "cloudbuild.projects.locations.builds.create",
  "iam.projects.serviceAccounts.create",
  "storage.buckets.insert",
  "storage.objects.insert",
];

/** Each creation fails once for every kind of passing failure; the connection is cut before anything is done. */
const storm = creations.flatMap((route): FaultInput[] => [
  { route, kind: "status", status: 429, retryAfter: 1, count: 1 },
  { route, kind: "status", status: 503, count: 1 },
  { route, kind: "drop", count: 1 },
]);

/** Brings an environment up; returns what was made, and how often each creation succeeded meanwhile. */
async function up(name: string) {
  const start = scene.now();
  const { outputs, summary } = await (await scene.environment(name)).up();
  const seen = scene.since(start);
  // A lock is written anew for as long as it is held, and once more before whatever has to be tried again.
  const worked = seen.filter(
    ({ path, status, fault }) =>
      status < 300 && fault !== "status" && fault !== "drop" && !path.includes("name=locks%2F"),
  );
  return {
    targets: Object.keys(outputs.images?.value).sort(),
    changes: summary.resourceChanges,
    made: creations.map((route) => [route, worked.filter(({ method }) => method === route).length]),
    faults: seen.filter(({ fault }) => fault).length,
  };
}

let calm: Promise<Awaited<ReturnType<typeof up>>> | undefined;
/** The same in good weather. */
const inCalm = () => {
  calm ??= up("calm");
  return calm;
};

engineTest(
  "throttled, refused and cut creations are made again, and what comes up is what comes up in good weather, once",
  async () => {
    const { faults: none, ...good } = await inCalm();
    for (const fault of storm) scene.engine.cloud.cloud.faults.add(fault);
    const { faults, ...stormy } = await up("storm");
    expect([none, faults]).toEqual([0, storm.length]);
    expect(stormy).toEqual(good);
  },
  300_000,
);

engineTest(
  "slow answers on every route change nothing but the time",
  async () => {
    const { faults: _, ...good } = await inCalm();
    scene.engine.cloud.cloud.faults.add({ route: "*", kind: "delay", delayMs: 150 });
    const { faults, ...slow } = await up("slow");
    expect(faults).toBeGreaterThan(100);
    expect(slow).toEqual(good);
  },
  300_000,
);

engineTest(
  "answers that are lost after the work was done build nothing twice and store nothing twice",
  async () => {
    const { targets, changes } = await inCalm();
    const start = scene.now();
    for (const route of [
      "cloudbuild.projects.locations.builds.create",
      "cloudbuild.projects.locations.builds.get",
      "cloudbuild.projects.locations.builds.list",
      "storage.objects.get",
      "registry manifests",
    ]) {
      scene.engine.cloud.cloud.faults.add({ route, kind: "lose", count: 2 });
    }
    // Locks, contexts and Dockerfiles: whichever of them are written first.
    scene.engine.cloud.cloud.faults.add({ route: "storage.objects.insert", kind: "lose", count: 5 });
    const lost = await up("lost");
    expect([lost.targets, lost.changes]).toEqual([targets, changes]);
    expect(lost.faults).toBeGreaterThanOrEqual(9);
    // A build whose answer was lost is there all the same: four images, four builds, no more.
    const { documents } = scene.engine.cloud.cloud;
    const builds = documents.list<{ readonly createTime: string }>("cloudbuild.builds");
    const began = scene.since(start)[0]?.at ?? "";
    expect(builds.filter(({ body }) => body.createTime >= began)).toHaveLength(4);
  },
  300_000,
);

engineTest(
  "a resource whose creation was answered by nobody is not taken for its own: the error says that it is there already",
  async () => {
    const start = scene.now();
    await scene.environment("half");
    scene.engine.cloud.cloud.faults.add({ route: "storage.buckets.insert", kind: "lose", count: 1 });
    expect(await scene.engine.runApart("up", "half")).toMatch(/Error 409: .*you already own it/);
    const inserts = scene.since(start).filter(({ method }) => method === "storage.buckets.insert");
    expect(inserts.filter(({ fault, status }) => fault === "lose" || status === 409)).toHaveLength(2);
  },
  180_000,
);
