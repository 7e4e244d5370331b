import { ensure, start } from "../../builder/ensure.ts";
import type { BuildEvent } from "../../builder/events.ts";
import { BuildFailed, Detached } from "../../builder/follow.ts";
import { decodeJob } from "../../builder/job.ts";
import { buildRequest } from "../../builder/request.ts";
import { UserError } from "../../chain/errors.ts";
import { quotaOf } from "../../chain/schedule.ts";
import type { Build, BuildRequest, BuildService } from "../../cloud/buildService.ts";
import { UnreachableError } from "../../cloud/http.ts";
import { LockLost, type Locks } from "../../cloud/lock.ts";
import { ObjectLocks } from "../../cloud/objectLocks.ts";
import { pause } from "../../cloud/retry.ts";
import { setQuotaLimit } from "../../local/products/quotas.ts";
import { type Bench, startBench } from "../cloud/onLocalCloud.ts";
import { allBuilds, builderOn, closeBench, kindsOf, lockTimes, machine, targetOf } from "./scene.ts";

jest.setTimeout(60_000);

let bench: Bench;

afterEach(() => closeBench(bench));

const uploaded = { context: "c".repeat(64), dockerfile: "d".repeat(64) };

/** 3 minutes take about 0.4 s. */
const paced = () => startBench({ timeScale: 450 });

test("a target is built once, published under its key, and found from then on", async () => {
  bench = await paced();
  const first = builderOn(bench);
  const target = targetOf(first, "base:runtime");
  const { digest } = await first.ensure(target);
  expect(await first.services.registry.digestOf(target.reference)).toBe(digest);
  expect(kindsOf(first.events)).toEqual(["QUEUED", "BUILDING", "PUBLISHED"]);
  const percents = first.events.flatMap((event) => (event.kind === "BUILDING" ? [event.progress?.percent ?? 0] : []));
  expect(percents).toEqual([...percents].sort((a, b) => a - b));
  expect(Math.max(...percents)).toBe(95);

  const second = builderOn(bench);
  expect((await second.ensure(target)).digest).toBe(digest);
  expect(kindsOf(second.events)).toEqual(["FOUND"]);
  expect(await allBuilds(bench)).toHaveLength(1);
});

test("fifty that ask for the same key at once get the digest of one build", async () => {
  bench = await startBench({ timeScale: 60 });
  const target = targetOf(builderOn(bench), "base:runtime");
  const digests = await Promise.all(
    Array.from({ length: 50 }, async () => (await builderOn(bench).ensure(target, { pollMs: 500 })).digest),
  );
  expect(new Set(digests).size).toBe(1);
  expect(await allBuilds(bench)).toHaveLength(1);
});

test("a build that ends while it is looked for is found by its tag, not submitted again", async () => {
  bench = await startBench();
  const { services, settings } = builderOn(bench);
  const digest = `sha256:${"e".repeat(64)}`;
  let ended = false;
  const found: string[] = [];
  const started = await start(
    targetOf(builderOn(bench), "base:runtime"),
    {
      ...services,
      registry: { ...services.registry, digestOf: async () => (ended ? digest : undefined) },
      builds: {
        ...services.builds,
        // The other's build publishes and ends just now, so that it runs no more.
        running: async () => {
          ended = true;
          return undefined;
        },
        submit: () => Promise.reject(new Error("submitted twice")),
      },
    },
    settings,
    ({ kind }) => found.push(kind),
  );
  expect(started).toEqual({ digest });
  expect(found).toEqual(["FOUND"]);
});

test("a context that is there already is stored under the same name, with a new age", async () => {
  bench = await paced();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  await builder.ensure(target);
  const generationOf = (name: string) => bench.bucket.read(name, async ({ generation }) => Number(generation));
  const [context = ""] = await bench.bucket.list("contexts/");
  const first = await generationOf(context);
  const other = {
    ...target,
    key: "f".repeat(64),
    reference: target.reference.replace(/:[0-9a-f]+$/, `:${"f".repeat(64)}`),
  };
  await builder.ensure(other);
  expect(await bench.bucket.list("contexts/")).toHaveLength(2);
  expect(await generationOf(context)).toBeGreaterThan(first ?? Number.NaN);
  expect(await allBuilds(bench)).toHaveLength(2);
});

test("two targets with one key have a build each", async () => {
  bench = await startBench({ timeScale: 60 });
  const [one, other] = [builderOn(bench), builderOn(bench)];
  const targets = [targetOf(one, "base:runtime", "same"), targetOf(other, "copy:runtime", "same")] as const;
  const digests = await Promise.all([one.ensure(targets[0]), other.ensure(targets[1])]);
  for (const [index, { reference }] of targets.entries()) {
    expect(await one.services.registry.digestOf(reference)).toBe(digests[index]?.digest);
  }
  expect(await allBuilds(bench)).toHaveLength(2);
});

test("who is cut off while submitting, and taken over meanwhile, follows the other's build instead of a second one", async () => {
  bench = await startBench({ timeScale: 60 });
  const [cutOff, other] = [builderOn(bench), builderOn(bench)];
  const target = targetOf(cutOff, "base:runtime");
  let confirmed = 0;
  const locks: Locks = {
    async acquireUnless(name, answer) {
      const acquired = await cutOff.services.locks.acquireUnless(name, answer);
      if ("answer" in acquired) return acquired;
      const { lock } = acquired;
      const confirm = async () => {
        await lock.confirm();
        if (++confirmed !== 2) return;
        // The lease has ended meanwhile, and somebody else has come.
        await lock.release();
        await start(target, other.services, other.settings, () => {});
        throw new LockLost("taken over");
      };
      return { lock: { confirm, release: (note) => lock.release(note) } };
    },
  };
  bench.fault({ route: "*builds.create", kind: "drop", count: 1 });
  const kinds: string[] = [];
  const tell = ({ kind }: BuildEvent) => void kinds.push(kind);
  await ensure(target, { ...cutOff.services, locks }, cutOff.settings, tell, { pollMs: 20 });
  expect([confirmed, kinds[0], await allBuilds(bench)]).toEqual([2, "ATTACHED", [expect.anything()]]);
});

test("a build that ends badly after it has created its tag has published", async () => {
  bench = await paced();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  const status = async (id: string): Promise<Build> => {
    const build = await bench.builds.status(id);
    return build.status === "SUCCESS" ? { ...build, status: "INTERNAL_ERROR" } : build;
  };
  const builds: BuildService = Object.create(bench.builds, { status: { value: status } });
  const published = await ensure(target, { ...builder.services, builds }, builder.settings, () => {}, { pollMs: 20 });
  expect(published.digest).toBe(await builder.services.registry.digestOf(target.reference));
});

test("a lock that cannot be released loses no build that was submitted", async () => {
  bench = await paced();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  const locks: Locks = {
    async acquireUnless(name, answer) {
      const acquired = await builder.services.locks.acquireUnless(name, answer);
      if ("answer" in acquired) return acquired;
      const { lock } = acquired;
      const release = async () => {
        await lock.release();
        throw new Error("the store is away");
      };
      return { lock: { confirm: () => lock.confirm(), release } };
    },
  };
  const { build } = await ensure(target, { ...builder.services, locks }, builder.settings, () => {}, { pollMs: 20 });
  expect((await allBuilds(bench)).map(({ id }) => id)).toEqual([build?.id]);
});

describe("while Google is out of reach", () => {
  const away = new UserError({ problem: "cannot read the state" }, { cause: new UnreachableError("no such host") });

  /** Cloud Build, out of reach for so many questions about a build's state. */
  const awayFor = (questions: number, bench: Bench): BuildService => {
    let left = questions;
    return Object.create(bench.builds, {
      status: { value: async (id: string) => (left-- > 0 ? Promise.reject(away) : bench.builds.status(id)) },
    });
  };

  test("a build is followed on", async () => {
    bench = await paced();
    const builder = builderOn(bench);
    const services = { ...builder.services, builds: awayFor(5, bench) };
    const target = targetOf(builder, "base:runtime");
    const { digest } = await ensure(target, services, builder.settings, () => {}, { pollMs: 20 });
    expect(await builder.services.registry.digestOf(target.reference)).toBe(digest);
  });

  test("for too long, following ends and says so", async () => {
    bench = await paced();
    const builder = builderOn(bench);
    const services = { ...builder.services, builds: awayFor(Number.POSITIVE_INFINITY, bench) };
    const following = ensure(targetOf(builder, "base:runtime"), services, builder.settings, () => {}, {
      pollMs: 20,
      outageMs: 100,
    });
    await expect(following).rejects.toThrow("cannot read the state");
  });
});

test("a build that fails publishes no tag, says why with its last lines, and can be tried again", async () => {
  bench = await paced();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  const builds: BuildService = Object.create(bench.builds, {
    submit: {
      value: (request: BuildRequest) => {
        const env = [...(request.options.env ?? []), "STRATA_SIMULATE_FAILURE=arch_coverage: sm_90 is missing"];
        return bench.builds.submit({ ...request, options: { ...request.options, env } });
      },
    },
  });
  const failing = ensure(target, { ...builder.services, builds }, builder.settings, () => {}, { pollMs: 20 });
  await expect(failing).rejects.toThrow(/FAILURE[\s\S]*sm_90 is missing/);
  await expect(failing).rejects.toBeInstanceOf(BuildFailed);
  expect(await builder.services.registry.digestOf(target.reference)).toBeUndefined();
  await builder.ensure(target);
  expect((await allBuilds(bench)).map(({ status }) => status).sort()).toEqual(["FAILURE", "SUCCESS"]);
});

test("who detaches leaves the build running, and who comes back attaches to it", async () => {
  bench = await startBench({ timeScale: 120 });
  const first = builderOn(bench);
  const target = targetOf(first, "base:runtime");
  const leave = new AbortController();
  const left = first.ensure(target, { detach: leave.signal });
  await pause(150);
  leave.abort();
  await expect(left).rejects.toBeInstanceOf(Detached);
  const second = builderOn(bench);
  await second.ensure(target);
  expect(kindsOf(second.events)).toEqual(["ATTACHED", "BUILDING", "PUBLISHED"]);
  expect(await allBuilds(bench)).toHaveLength(1);
});

test.each([
  ["the registry", "registry*"],
  ["the store", "storage.objects.*"],
  ["submitting", "*builds.create"],
  ["asking for the state", "*builds.get"],
  ["looking for running builds", "*builds.list"],
])("bad weather on %s changes nothing: one build, one digest", async (_, route) => {
  bench = await startBench();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  for (const weather of [{ kind: "status", status: 503 }, { kind: "lose" }, { kind: "drop" }] as const) {
    bench.fault({ route, count: 1, ...weather });
  }
  const { digest } = await builder.ensure(target);
  expect(await builder.services.registry.digestOf(target.reference)).toBe(digest);
  expect(await allBuilds(bench)).toHaveLength(1);
});

test("a machine that its quota cannot fit is refused before anything is uploaded or submitted", async () => {
  bench = await startBench();
  setQuotaLimit(bench.cloud.running.cloud.documents, `cloudbuild.googleapis.com/${quotaOf(machine)}`, 4);
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  await expect(builder.ensure(target)).rejects.toThrow(/does not fit the machine of base:runtime[\s\S]*88 vCPUs/);
  expect([await allBuilds(bench), await bench.bucket.list("contexts/")]).toEqual([[], []]);
});

test("a lock that notes a build that nobody knows any more does not stop the next one", async () => {
  bench = await startBench();
  const builder = builderOn(bench);
  const target = targetOf(builder, "base:runtime");
  const lock = `base.runtime-${target.key}`;
  const free = await builder.services.locks.acquireUnless(lock, async () => undefined);
  if (!("lock" in free)) throw new Error("a lock that was never held has no note to answer with");
  await free.lock.release("00000000-0000-0000-0000-000000000000");
  await builder.ensure(target);
  expect(kindsOf(builder.events)).toEqual(["QUEUED", "BUILDING", "PUBLISHED"]);
});

test("a registry that refuses stops everything before anything is built", async () => {
  bench = await startBench();
  const builder = builderOn(bench);
  bench.fault({ route: "registry*", kind: "status", status: 403 });
  await expect(builder.ensure(targetOf(builder, "base:runtime"))).rejects.toThrow(/403/);
  expect(await allBuilds(bench)).toEqual([]);
});

describe("killed at a step, and run again", () => {
  class Killed extends Error {}

  /** A process that dies at its nth call to the outside world: from then on none of its calls arrives. */
  function dyingAt(call: number, bench: Bench) {
    const builder = builderOn(bench);
    let calls = 0;
    const mortal = <T extends object>(service: T): T =>
      new Proxy(service, {
        get(target, name) {
          const value = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return (...words: unknown[]) => (++calls >= call ? Promise.reject(new Killed()) : value.apply(target, words));
        },
      });
    const { registry, builds, store, quotas } = builder.services;
    const mortalStore = mortal(store);
    const services = {
      registry: mortal(registry),
      builds: mortal(builds),
      store: mortalStore,
      locks: new ObjectLocks(mortalStore, "locks/", lockTimes),
      quotas: mortal(quotas),
    };
    return { ...builder, services };
  }

  test.each(Array.from({ length: 16 }, (_, n) => n + 1))(
    "at call %i: one build, one digest, no lock for ever",
    async (call) => {
      bench = await startBench({ timeScale: 240 });
      const dying = dyingAt(call, bench);
      const target = targetOf(dying, "base:runtime");
      const first = ensure(target, dying.services, dying.settings, () => {}, { pollMs: 20 });
      await expect(first).rejects.toBeInstanceOf(Killed);
      const next = builderOn(bench);
      const { digest } = await next.ensure(target);
      expect(await next.services.registry.digestOf(target.reference)).toBe(digest);
      expect(await allBuilds(bench)).toHaveLength(1);
      expect((await builderOn(bench).ensure(target)).digest).toBe(digest);
    },
  );
});

test("killed after its submit was accepted and before it noted that: the next one attaches", async () => {
  bench = await startBench({ timeScale: 60 });
  const dying = builderOn(bench);
  const target = targetOf(dying, "base:runtime");
  const accepted = Promise.withResolvers<void>();
  const builds: BuildService = Object.create(bench.builds, {
    submit: {
      value: async (request: BuildRequest) => {
        await bench.builds.submit(request);
        accepted.resolve();
        return new Promise(() => {});
      },
    },
  });
  void ensure(target, { ...dying.services, builds, locks: deadLocks(bench) }, dying.settings, () => {}, { pollMs: 20 });
  await accepted.promise;
  const next = builderOn(bench);
  await next.ensure(target);
  expect(kindsOf(next.events)).toEqual(["ATTACHED", "BUILDING", "PUBLISHED"]);
  expect(await allBuilds(bench)).toHaveLength(1);
});

/** Locks of a process that never renews and never releases. */
function deadLocks(bench: Bench): Locks {
  return {
    async acquireUnless(name) {
      const state = new Uint8Array(Buffer.from('{"holder":"dead"}'));
      await bench.bucket.write(`locks/${name}`, state, { ifGeneration: "0" });
      return { lock: { confirm: async () => {}, release: async () => {} } };
    },
  };
}

describe("the request", () => {
  test("is one that Cloud Build takes, and carries the job whole", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const target = { ...targetOf(builder, "base:runtime"), args: { PRICE: "$5 $_NOT_A_SUBSTITUTION" } };
    const sbomScanner = "host/scanner@sha256:abc";
    const request = buildRequest(target, uploaded, { ...builder.settings, sbomScanner });
    await bench.builds.submit(request);
    const job = (request.options.env ?? []).find((line) => line.startsWith("STRATA_JOB="))?.slice("STRATA_JOB=".length);
    expect(decodeJob(job ?? "")).toMatchObject({
      args: target.args,
      reference: target.reference,
      key: target.key,
      sbomScanner,
    });
  });

  test("is stopped by what a build without caches takes, however short the last ones were", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const target = { ...targetOf(builder, "a:b"), expectedMinutes: 2, coldMinutes: 60 };
    expect(buildRequest(target, uploaded, builder.settings).timeout).toBe(`${60 * 4 * 60 + 1800}s`);
  });

  test("fails for every step but the record, which is written when the image is published already", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const { steps } = buildRequest(targetOf(builder, "a:b"), uploaded, builder.settings);
    expect(steps.filter(({ allowFailure }) => allowFailure).map(({ id }) => id)).toEqual(["record"]);
    expect(steps.at(-1)?.id).toBe("record");
  });

  test("waits longer in the queue than a build takes, and never asks for more than a day", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const request = buildRequest({ ...targetOf(builder, "a:b"), expectedMinutes: 1e6 }, uploaded, builder.settings);
    expect(request).toMatchObject({ timeout: "86400s", queueTtl: "43200s" });
  });

  test("for a machine without a pool is refused with the pools that there are", async () => {
    bench = await startBench();
    const builder = builderOn(bench);
    const target = { ...targetOf(builder, "a:b"), machine: "c3-standard-176" };
    expect(() => buildRequest(target, uploaded, builder.settings)).toThrow(new RegExp(`176[\\s\\S]*${machine}`));
  });
});
