import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { pause } from "../../cloud/retry.ts";
import { FolderStore } from "../../compilerCache/folderStore.ts";
import { CompilerCacheService } from "../../compilerCache/service.ts";
import { tool } from "../../toolbox/tool.ts";
import { MemoryStore } from "./memoryStore.ts";

jest.setTimeout(180_000);

const run = promisify(execFile);
const compiler = spawnSync("g++", ["--version"]).status === 0;
/** Without a C++ compiler there is nothing to cache; the title says why these are skipped. */
const withCompiler = compiler ? describe : describe.skip;

let folder: string;
let ccache: string;
const services: CompilerCacheService[] = [];

withCompiler(`ccache through the service${compiler ? "" : " (skipped: no g++ on this machine)"}`, () => {
  beforeAll(async () => {
    ccache = (await tool("ccache")).path;
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "strata-ccache-"));
    for (const name of ["one.cpp", "two.cpp", "three.c", "kernel.cu"]) {
      const id = name.replace(".", "_");
      await writeFile(join(folder, name), `#include <stdio.h>\nint ${id}(int x) { return printf("${id} %d", x); }\n`);
    }
    // Stands in for NVIDIA's compiler, so that ccache handles a .cu file the way it handles nvcc.
    await writeFile(join(folder, "nvcc"), '#!/bin/sh\nexec g++ -x c++ "$@"\n');
    await chmod(join(folder, "nvcc"), 0o755);
  });

  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.stop(5000)));
    await rm(folder, { recursive: true });
  });

  async function serve(store: MemoryStore | FolderStore, readOnly = false): Promise<CompilerCacheService> {
    const service = await CompilerCacheService.start({ store, prefix: "p", readOnly, host: "127.0.0.1", port: 0 });
    services.push(service);
    return service;
  }

  /** Compiles everything on a machine whose own cache is empty, hands in the log, and gives the object files. */
  async function build(remoteStorage: string): Promise<{ objects: string[]; log: string }> {
    const local = join(folder, "local");
    const log = join(folder, "stats.log");
    await Promise.all([rm(local, { recursive: true, force: true }), rm(log, { force: true })]);
    const env = { ...process.env, CCACHE_DIR: local, CCACHE_STATSLOG: log, CCACHE_REMOTE_STORAGE: remoteStorage };
    const compiles = [
      ["g++", "one.cpp"],
      ["g++", "two.cpp"],
      ["gcc", "three.c"],
      [join(folder, "nvcc"), "kernel.cu"],
    ];
    const objects: string[] = [];
    for (const [program = "", source = ""] of compiles) {
      await run(ccache, [program, "-c", source, "-o", `${source}.o`], { cwd: folder, env });
      objects.push((await readFile(join(folder, `${source}.o`))).toString("base64"));
    }
    return { objects, log: await readFile(log, "utf8") };
  }

  const handIn = (service: CompilerCacheService, log: string) =>
    fetch(`${service.address}/-/statistics-log`, { method: "POST", body: log });

  test.each(["flat", "subdirs", "bazel"])(
    "a second machine gets everything from the store, in the layout %s, and the same objects",
    async (layout) => {
      const store = new MemoryStore();
      const first = await serve(store);
      const cold = await build(`${first.address}|layout=${layout}`);
      await handIn(first, cold.log);
      const account = await first.stop(5000);
      expect(account.store).toMatchObject({ hits: 0, written: 8, unwritten: 0 });
      expect(account.compiles).toMatchObject({
        cuda: { hits: 0, misses: 1 },
        cAndCxx: { hits: 0, misses: 3 },
        other: { hits: 0, misses: 0 },
      });
      const second = await serve(store);
      const warm = await build(`${second.address}|layout=${layout}`);
      await handIn(second, warm.log);
      expect(warm.objects).toEqual(cold.objects);
      expect(second.statistics.store).toMatchObject({ hits: 8, misses: 0, written: 0 });
      expect(second.statistics.compiles).toMatchObject({
        cuda: { hits: 1, fromStore: 1, misses: 0 },
        cAndCxx: { hits: 3, fromStore: 3, misses: 0 },
      });
    },
  );

  test("damaged entries do not change a build: it compiles again, and mends the store", async () => {
    const store = new MemoryStore();
    const cold = await build((await serve(store)).remoteStorage);
    await services[0]?.stop(5000);
    let nth = 0;
    for (const [name, bytes] of store.objects) {
      store.objects.set(
        name,
        nth++ % 2 === 0 ? bytes.slice(0, -1) : bytes.map((byte, i) => (i % 97 === 96 ? ~byte : byte)),
      );
    }
    const second = await serve(store);
    const again = await build(second.remoteStorage);
    expect(again.objects).toEqual(cold.objects);
    expect((await second.stop(5000)).store).toMatchObject({ hits: 0, rejected: 8, written: 8 });
    const third = await serve(store);
    await build(third.remoteStorage);
    expect(third.statistics.store).toMatchObject({ hits: 8, rejected: 0 });
  });

  test("a build whose store is away, or whose service is gone, succeeds without a cache", async () => {
    const store = new MemoryStore();
    store.before = async () => {
      throw new Error("gone");
    };
    const service = await serve(store);
    const { objects, log } = await build(service.remoteStorage);
    await handIn(service, log);
    expect(service.statistics.compiles).toMatchObject({ cuda: { misses: 1 }, cAndCxx: { misses: 3 } });
    expect(service.statistics.store).toMatchObject({ hits: 0, timesAway: 1 });
    const address = service.remoteStorage;
    await service.stop(1000);
    expect((await build(address)).objects).toEqual(objects);
  });

  test("a read-only build uses the cache and leaves it as it was, even if it tries to write", async () => {
    const store = new MemoryStore();
    const { objects } = await build((await serve(store)).remoteStorage);
    await services[0]?.stop(5000);
    const [kept = ""] = store.objects.keys();
    store.objects.delete(kept);
    const names = [...store.objects.keys()];
    const reader = await serve(store, true);
    const polite = await build(reader.remoteStorage);
    expect(polite.objects).toEqual(objects);
    expect(reader.statistics.store.refused).toBe(0);
    const rude = await build(`${reader.address}|layout=flat`);
    expect(rude.objects).toEqual(objects);
    expect(reader.statistics.store.refused).toBeGreaterThan(0);
    expect([...store.objects.keys()]).toEqual(names);
  });

  test("a build step's report hands ccache's log in; a service that is gone is told of and costs no build", async () => {
    const script = join(process.cwd(), "dockerfiles/shared/build/compiler-cache.sh");
    const step = [
      `. ${script}`,
      "use_compiler_cache",
      'ccache g++ -c one.cpp -o "$OUT"',
      "report_compiler_cache sample",
    ];
    const service = await serve(new MemoryStore());
    const env = {
      ...process.env,
      PATH: `${dirname(ccache)}:${process.env.PATH}`,
      CCACHE_DIR: join(folder, "local"),
      COMPILER_CACHE_URL: service.remoteStorage,
      OUT: join(folder, "one.o"),
      TMPDIR: await mkdtemp(join(folder, "tmp-")),
    };
    const report = () => run("bash", ["-euo", "pipefail", "-c", step.join("\n")], { cwd: folder, env });
    const told = await report();
    expect(told).toEqual({ stdout: "STRATA-CCACHE sample hits=0 misses=1 remote-hits=0\n", stderr: "" });
    expect(service.statistics.compiles).toMatchObject({ cAndCxx: { hits: 0, misses: 1 }, cuda: { misses: 0 } });
    expect(await readdir(env.TMPDIR)).toEqual([]);
    await service.stop(1000);
    const alone = await report();
    expect(alone.stdout).toBe("STRATA-CCACHE sample hits=1 misses=0 remote-hits=0\n");
    expect(alone.stderr).toContain("did not take the statistics of sample");
  });

  test("the program serves a folder, says where, and prints its account when it is told to stop", async () => {
    const ready = join(folder, "ready");
    const program = spawn(
      join("node_modules", ".bin", "node"),
      ["compilerCache/main.ts", "--store", join(folder, "store"), "--ready-file", ready],
      { stdio: ["ignore", "pipe", "ignore"] },
    );
    const output: Buffer[] = [];
    program.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    const ended = once(program, "close");
    while (!existsSync(ready) && program.exitCode === null) await pause(50);
    const remoteStorage = await readFile(ready, "utf8");
    await mkdir(join(folder, "store"), { recursive: true });
    const cold = await build(remoteStorage);
    program.kill("SIGTERM");
    expect(await ended).toEqual([0, null]);
    expect(JSON.parse(Buffer.concat(output).toString())).toMatchObject({ store: { written: 8 } });
    const service = await CompilerCacheService.start({
      store: new FolderStore(join(folder, "store")),
      prefix: "entries",
      readOnly: true,
      host: "127.0.0.1",
      port: 0,
    });
    services.push(service);
    expect((await build(service.remoteStorage)).objects).toEqual(cold.objects);
    expect(service.statistics.store).toMatchObject({ hits: 8, misses: 0 });
  });
});
