import { randomBytes } from "node:crypto";
import { quotaOf } from "../../chain/schedule.ts";
import { GoogleApi } from "../../cloud/google/api.ts";
import { GoogleBuildQuotas } from "../../cloud/google/quota.ts";
import { type HeldLock, LockLost } from "../../cloud/lock.ts";
import { ObjectLocks } from "../../cloud/objectLocks.ts";
import { ConditionFailed, readAll } from "../../cloud/objectStore.ts";
import { pause } from "../../cloud/retry.ts";
import { PROJECT } from "../local/testCloud.ts";
import { type Bench, REGION, request, startBench } from "./onLocalCloud.ts";

let bench: Bench;

beforeEach(async () => {
  bench = await startBench();
});

afterEach(() => bench.cloud.close());

const text = (words: string) => new Uint8Array(Buffer.from(words));
const readText = (name: string) =>
  bench.bucket.read(name, async (object) => Buffer.from(await readAll(object, 1 << 20)).toString());

describe("the bucket", () => {
  test("gives back what was written, under any name, and undefined for what is not there", async () => {
    const name = "contexts/a b+c/ü%2F?#.tar";
    const generation = await bench.bucket.write(name, text("content"));
    expect(await readText(name)).toBe("content");
    expect(await bench.bucket.read(name, async (object) => object.generation)).toBe(generation);
    expect(await readText("contexts/none")).toBeUndefined();
    expect(await bench.bucket.list("contexts/")).toEqual([name]);
    await bench.bucket.remove(name);
    await bench.bucket.remove(name);
    expect(await bench.bucket.list("")).toEqual([]);
  });

  test("writes a stream", async () => {
    const bytes = new Uint8Array(randomBytes(3 << 20));
    await bench.bucket.write("big", () => new Blob([bytes]).stream());
    const read = await bench.bucket.read("big", (object) => readAll(object, 4 << 20));
    expect(Buffer.compare(read ?? new Uint8Array(), bytes)).toBe(0);
  });

  test("writes and removes only at the generation that is asked for", async () => {
    const first = await bench.bucket.write("x", text("1"), { ifGeneration: "0" });
    await expect(bench.bucket.write("x", text("2"), { ifGeneration: "0" })).rejects.toThrow(ConditionFailed);
    const second = await bench.bucket.write("x", text("2"), { ifGeneration: first });
    await expect(bench.bucket.remove("x", { ifGeneration: first })).rejects.toThrow(ConditionFailed);
    expect(await readText("x")).toBe("2");
    await bench.bucket.remove("x", { ifGeneration: second });
    expect(await readText("x")).toBeUndefined();
  });

  test.each([
    { kind: "status", status: 429 },
    { kind: "status", status: 503 },
    { kind: "status", status: 500 },
    { kind: "drop" },
    { kind: "lose" },
  ] as const)("reads and writes through two answers of %p", async (fault) => {
    bench.fault({ route: "storage.objects.*", count: 2, ...fault });
    await bench.bucket.write("x", text("content"));
    bench.fault({ route: "storage.objects.*", count: 2, ...fault });
    expect(await readText("x")).toBe("content");
  });

  test("an account without rights is told the role it lacks, not that there is no object", async () => {
    const token = bench.cloud.token("nobody@proj-test.iam.gserviceaccount.com");
    const api = new GoogleApi({ environment: { ...bench.environment, GOOGLE_OAUTH_ACCESS_TOKEN: token } });
    const { Bucket } = await import("../../cloud/google/bucket.ts");
    await expect(new Bucket(api, "builds").read("x", async () => 1)).rejects.toThrow(/does not let this account/);
  });
});

describe("the lock", () => {
  const times = { lease: 400, look: 40 };
  const locks = () => new ObjectLocks(bench.bucket, "locks/", times);

  /** The lock, and the note that it had when it was taken. */
  async function acquire(): Promise<{ readonly lock: HeldLock; readonly note: string | undefined }> {
    let note: string | undefined;
    const acquired = await locks().acquireUnless("key", async (left) => {
      note = left;
      return undefined;
    });
    if ("lock" in acquired) return { lock: acquired.lock, note };
    throw new Error("nobody answered in place of the lock");
  }

  test("of twenty that want it, one at a time has it, and each sees what the last one noted", async () => {
    let inside = 0;
    let most = 0;
    let count = 0;
    const one = async () => {
      const { lock, note } = await acquire();
      most = Math.max(most, ++inside);
      const seen = Number(note ?? "0");
      count++;
      await pause(2);
      inside--;
      await lock.release(String(seen + 1));
    };
    await Promise.all(Array.from({ length: 20 }, one));
    expect([most, count]).toEqual([1, 20]);
    const last = await acquire();
    expect(last.note).toBe("20");
    await last.lock.release();
  });

  test("who takes the last holder's note for an answer leaves the lock alone, held or not", async () => {
    const asked: string[] = [];
    const ask = (answer: string | undefined) =>
      locks().acquireUnless("key", async (note) => {
        asked.push(note);
        return answer;
      });
    const first = await ask("unasked");
    if (!("lock" in first)) throw new Error("there is no note yet that could be an answer");
    await first.lock.release("build-7");
    const before = await readText("locks/key");
    expect(await ask("enough")).toEqual({ answer: "enough" });
    const { lock: holder } = await acquire();
    expect(await ask("enough")).toEqual({ answer: "enough" });
    await holder.release();
    expect(await readText("locks/key")).toBe(before);
    const last = await ask(undefined);
    expect("lock" in last).toBe(true);
    expect(asked).toEqual(["build-7", "build-7", "build-7"]);
  });

  test("a holder that works for longer than its lease keeps the lock", async () => {
    const { lock } = await acquire();
    let taken = false;
    const next = acquire().then((other) => {
      taken = true;
      return other;
    });
    await pause(times.lease * 3);
    expect(taken).toBe(false);
    await lock.confirm();
    await lock.release("done");
    expect((await next).note).toBe("done");
    await (await next).lock.release();
  });

  test("a lock whose holder was killed is taken over after its lease, not before", async () => {
    await bench.bucket.write("locks/key", text('{"holder":"dead","note":"build-7"}'));
    const before = Date.now();
    const { lock, note } = await acquire();
    expect(Date.now() - before).toBeGreaterThanOrEqual(times.lease);
    expect(note).toBe("build-7");
    await lock.release();
  });

  test("a holder that was taken over finds out before it does anything", async () => {
    const { lock } = await acquire();
    await bench.bucket.write("locks/key", text('{"holder":"another"}'));
    await expect(lock.confirm()).rejects.toThrow(LockLost);
    await lock.release("not mine any more");
    expect(await readText("locks/key")).toBe('{"holder":"another"}');
  });

  test.each(["lose", "drop"] as const)("it is taken once and released when answers are %s", async (kind) => {
    bench.fault({ route: "storage.objects.insert", kind, count: 1 });
    const { lock } = await acquire();
    await lock.confirm();
    bench.fault({ route: "storage.objects.insert", kind, count: 1 });
    await lock.release("note");
    const next = await acquire();
    expect(next.note).toBe("note");
    await next.lock.release();
  });
});

describe("Cloud Build", () => {
  test("runs what is submitted and tells its state and its log", async () => {
    const { id } = await bench.builds.submit(request(bench));
    let build = await bench.builds.status(id);
    for (let i = 0; i < 100 && build.status !== "SUCCESS"; i++) {
      await pause(20);
      build = await bench.builds.status(id);
    }
    expect(build.status).toBe("SUCCESS");
    const log = Buffer.from(await bench.builds.log(id, 0)).toString();
    expect(log).toContain("simulated");
    expect(Buffer.from(await bench.builds.log(id, 10)).toString()).toBe(log.slice(10));
    expect(await bench.builds.log(id, log.length)).toHaveLength(0);
    expect(await bench.builds.log("00000000-0000-0000-0000-000000000000", 0)).toHaveLength(0);
  });

  test.each([
    { kind: "lose" },
    { kind: "drop" },
    { kind: "status", status: 503 },
    { kind: "status", status: 429 },
  ] as const)("a submit that meets %p twice makes one build", async (fault) => {
    bench.fault({ route: "*builds.create", count: 2, ...fault });
    const { id } = await bench.builds.submit(request(bench));
    const { builds } = await bench.cloud.ok<{ builds: { id: string }[] }>(
      "GET",
      `/cloudbuild/v1/projects/${PROJECT}/locations/${REGION}/builds`,
    );
    expect(builds.map((build) => build.id)).toEqual([id]);
  });

  test("a request that it refuses is not sent again", async () => {
    await expect(bench.builds.submit(request(bench, { steps: [] }))).rejects.toThrow(/at least one step/);
    expect(bench.calls("cloudbuild.projects.locations.builds.create")).toBe(1);
  });

  test("a quota that could not be read is asked for again, one that was read is not", async () => {
    const quotas = new GoogleBuildQuotas(bench.api, { project: PROJECT, region: REGION });
    const quota = quotaOf("c3-standard-176");
    bench.fault({ route: "*consumerQuotaMetrics*", kind: "status", status: 403, count: 1 });
    await expect(quotas.cpuLimit(quota)).rejects.toThrow(`read the quota ${quota}`);
    expect(await quotas.cpuLimit(quota)).toBe(528);
    bench.fault({ route: "*consumerQuotaMetrics*", kind: "status", status: 403, count: 1 });
    expect(await quotas.cpuLimit(quota)).toBe(528);
  });

  test("the quota of a machine's family is read", async () => {
    const quotas = new GoogleBuildQuotas(bench.api, { project: PROJECT, region: REGION });
    expect(await quotas.cpuLimit(quotaOf("c3-standard-176"))).toBe(528);
    expect(await quotas.cpuLimit(quotaOf("e2-standard-32"))).toBe(528);
  });

  test("a build that it does not know is none; any other trouble is an error", async () => {
    expect(await bench.builds.find("00000000-0000-0000-0000-000000000000")).toBeUndefined();
    const { id } = await bench.builds.submit(request(bench));
    expect((await bench.builds.find(id))?.id).toBe(id);
    bench.fault({ route: "*builds.get", count: 1, kind: "status", status: 403 });
    await expect(bench.builds.find(id)).rejects.toThrow(/403/);
  });
});

test("a running build is found by its tag, and can be cancelled, twice", async () => {
  const slow = await startBench({ timeScale: 1 });
  try {
    expect(await slow.builds.running("key-1")).toBeUndefined();
    const { id } = await slow.builds.submit(request(slow));
    expect((await slow.builds.running("key-1"))?.id).toBe(id);
    expect(await slow.builds.running("key-2")).toBeUndefined();
    await slow.builds.cancel(id);
    await slow.builds.cancel(id);
    expect((await slow.builds.status(id)).status).toBe("CANCELLED");
    expect(await slow.builds.running("key-1")).toBeUndefined();
  } finally {
    await slow.cloud.close();
  }
});
