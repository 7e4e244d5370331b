import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { request } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { tool } from "../toolbox/tool.ts";
import { type Row, sideBySide, timed } from "./measure.ts";

/** How often each pair is run; the median counts. */
const TURNS = 7;
const SERVICE = fileURLToPath(new URL("./cacheService.ts", import.meta.url));
/** What tier 0 of tour/re2 compiles, as its script finds, compiles and links it. */
const SOURCES = "find re2 util -maxdepth 1 -name '*.cc' | grep -vE '(benchmark|fuzz|pcre|test)\\.cc$' | sort";
const COMPILE = '"$CCACHE" g++ -std=c++17 -O2 -fPIC -I. -c "$1" -o "$OUT/$(basename "$1" .cc).o"';
/** Milliseconds that the far store's every answer is put off. */
const DISTANCE = 10;
/** Entries that are handed over all at once, and the bytes of each. */
const LARGE = { entries: 64, bytes: 50 << 20 };

/**
 * RE2 compiled through the service, whose store is a folder here, against ccache's own storage in a folder; the
 * build machine's own cache is empty in both, as it is on a fresh worker. A bucket's distance is simulated.
 */
export async function rows(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "strata-bench-ccache-"));
  const services: ChildProcess[] = [];
  const serve = async (distance: number) => {
    const { service, address } = await serviceOn(join(folder, "store"), distance);
    services.push(service);
    return { service, address };
  };
  try {
    const tree = new Re2(folder, (await tool("ccache")).path);
    const { address, service } = await serve(0);
    const cold = tree.wholeBuild(address);
    const kept = `file:${join(folder, "kept")}`;
    tree.wholeBuild(kept);
    const whole = sideBySide(
      TURNS,
      () => tree.wholeBuild(address),
      () => tree.wholeBuild(kept),
    );
    const each = sideBySide(
      TURNS,
      () => tree.eachCompile(address),
      () => tree.eachCompile(kept),
    );
    const far = await serve(DISTANCE);
    const away = sideBySide(
      TURNS,
      () => tree.eachCompile(far.address),
      () => tree.eachCompile(kept),
    );
    await handOverLarge(address);
    return [
      {
        work: `RE2, ${tree.sources.length} files compiled and linked, warm through the compiler cache`,
        against: "the same with an empty cache",
        ours: whole.ours,
        theirs: cold,
        unit: "s",
        goal: "5 times faster",
        met: cold / whole.ours >= 5,
      },
      {
        work: "the same, warm through the compiler cache",
        against: "ccache's own storage in a local folder",
        ...whole,
        unit: "s",
        goal: "at most 1.05 times",
        met: whole.ours / whole.theirs <= 1.05,
      },
      {
        work: "one compile of RE2, warm through the compiler cache",
        against: "ccache's own storage in a local folder",
        ...each,
        unit: "s",
        goal: "at most 1.05 times",
        met: each.ours / each.theirs <= 1.05,
      },
      {
        work: `the same, the store put ${DISTANCE} ms away (simulated)`,
        against: "ccache's own storage in a local folder",
        ...away,
        unit: "s",
        goal: "no more than its two reads",
        met: away.ours - away.theirs <= (2.5 * DISTANCE) / 1000,
      },
      {
        work: `compiler cache handed ${LARGE.entries} entries of ${LARGE.bytes >> 20} MB at once: peak memory`,
        against: "",
        ours: peakMb(service),
        unit: "MB",
        goal: "under 1,000 MB",
        met: peakMb(service) < 1000,
      },
    ];
  } finally {
    for (const service of services) service.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** RE2's sources, and ccache to compile them with. */
class Re2 {
  readonly sources: readonly string[];
  private readonly folder: string;
  private readonly tree: string;
  private readonly ccache: string;

  constructor(folder: string, ccache: string) {
    this.folder = folder;
    this.ccache = ccache;
    this.tree = join(folder, "re2");
    mkdirSync(this.tree);
    mkdirSync(join(folder, "out"));
    timed("npm", ["pack", "--silent", "re2@1.18.0", "--pack-destination", folder], folder);
    const parts = ["package/vendor/re2", "package/vendor/util"];
    timed("tar", ["-xzf", join(folder, "re2-1.18.0.tgz"), "-C", this.tree, "--strip-components=2", ...parts]);
    this.sources = timed("bash", ["-c", SOURCES], this.tree).output.trim().split("\n");
  }

  /** Seconds of compiling everything, as many at a time as there are processors, and linking it. */
  wholeBuild(storage: string): number {
    const compile = `${SOURCES} | xargs -P ${availableParallelism()} -I{} bash -c '${COMPILE}' compile {}`;
    return this.run(`${compile}; g++ -shared "$OUT"/*.o -o "$OUT/libre2.so"`, storage);
  }

  /** Seconds of one compile, on average over all that are made one after the other. */
  eachCompile(storage: string): number {
    return this.run(`for one in $(${SOURCES}); do set -- "$one"; ${COMPILE}; done`, storage) / this.sources.length;
  }

  /** Runs a script on a machine whose own cache is empty. */
  private run(script: string, storage: string): number {
    const own = join(this.folder, "own");
    rmSync(own, { recursive: true, force: true });
    const environment = {
      CCACHE: this.ccache,
      CCACHE_DIR: own,
      CCACHE_COMPILERCHECK: "content",
      CCACHE_REMOTE_STORAGE: storage,
      OUT: join(this.folder, "out"),
    };
    const words = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
    return timed("env", [...words, "bash", "-euo", "pipefail", "-c", script], this.tree).seconds;
  }
}

async function serviceOn(store: string, distance: number): Promise<{ service: ChildProcess; address: string }> {
  const service = spawn(process.execPath, [SERVICE, store, String(distance)], { stdio: ["ignore", "pipe", "inherit"] });
  const [address] = await once(createInterface({ input: service.stdout }), "line");
  return { service, address };
}

/** Puts many large entries at the same time; those for which there is no memory are refused, and that is an answer. */
async function handOverLarge(storage: string): Promise<void> {
  const [address = ""] = storage.split("|");
  const body = Buffer.alloc(LARGE.bytes, 1);
  const put = async (_: unknown, index: number) => {
    const path = `/${"0".repeat(30)}${String(index).padStart(2, "0")}`;
    const sent = request(address + path, { method: "PUT", agent: false, headers: { "content-length": body.length } });
    // An answer that comes before the body has gone out cuts it.
    sent.on("error", () => {});
    sent.on("response", (response) => response.resume());
    sent.end(body);
    await new Promise((resolve) => sent.once("close", resolve));
  };
  await Promise.all(Array.from({ length: LARGE.entries }, put));
}

/** The largest resident set of a running process, in MB. */
function peakMb({ pid }: ChildProcess): number {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1000;
}
