/** How compiles of one kind of source went, by ccache's own account. */
export interface Compiles {
  /** Answered from the cache, the bucket's or the build's own. */
  readonly hits: number;
  /** Of the hits, those that came from the bucket. */
  readonly fromStore: number;
  readonly misses: number;
  /** Not answerable from a cache: an unsupported option, a failed compile. */
  readonly uncacheable: number;
}

/** Compiles by kind of source. CUDA stands apart: one of its misses costs as much as a hundred of the others. */
export interface CompilesByLanguage {
  readonly cuda: Compiles;
  readonly cAndCxx: Compiles;
  readonly other: Compiles;
}

/** What the service did, in entries (a compile reads or writes up to two) and bytes. */
export interface StoreStatistics {
  /** Entries that were served. */
  hits: number;
  /** Entries that the store does not have. */
  misses: number;
  /** Entries whose checksum was wrong; each was treated as a miss. */
  rejected: number;
  /** Entries that were not asked for or could not be read because the store was away or slow, or memory short. */
  unread: number;
  /** Entries written to the store. */
  written: number;
  /** Entries that were taken from ccache and could not be written. */
  unwritten: number;
  /** Entries that were refused because the cache is read-only for this build. */
  refused: number;
  bytesRead: number;
  bytesWritten: number;
  /** How often the store was found to be away. */
  timesAway: number;
}

/** The whole account of a build's use of the compiler cache; the build's record keeps it. */
export interface CacheStatistics {
  readonly readOnly: boolean;
  readonly store: Readonly<StoreStatistics>;
  /** Absent until the build has handed in ccache's statistics log: nothing is guessed from the traffic. */
  readonly compiles?: CompilesByLanguage;
}

/** An account with nothing in it. */
export function emptyStoreStatistics(): StoreStatistics {
  return {
    hits: 0,
    misses: 0,
    rejected: 0,
    unread: 0,
    written: 0,
    unwritten: 0,
    refused: 0,
    bytesRead: 0,
    bytesWritten: 0,
    timesAway: 0,
  };
}

const cudaSource = /\.(cu|cup|cuh)$/i;
const cOrCxxSource = /\.(c|cc|cp|cpp|cxx|c\+\+|m|mm|i|ii)$/i;

/**
 * Reads the log that ccache appends to where CCACHE_STATSLOG names a file: for each invocation a line `# source`, then
 * one line for each counter it raised. ccache does not tell a remote store which language an entry is of, so this log
 * is the only exact account. Invocations that compile nothing (a link, a test of the compiler) are left out.
 */
export function readStatisticsLog(log: string): CompilesByLanguage {
  const kinds = { cuda: counts(), cAndCxx: counts(), other: counts() };
  for (const block of log.split(/^# /m).slice(1)) {
    const [source = "", ...counters] = block.split("\n").map((line) => line.trim());
    const kind = cudaSource.test(source) ? kinds.cuda : cOrCxxSource.test(source) ? kinds.cAndCxx : kinds.other;
    if (counters.includes("direct_cache_hit") || counters.includes("preprocessed_cache_hit")) {
      kind.hits++;
      if (counters.includes("remote_storage_hit")) kind.fromStore++;
    } else if (counters.includes("cache_miss")) {
      kind.misses++;
    } else if (!counters.some((counter) => compilesNothing.has(counter))) {
      kind.uncacheable++;
    }
  }
  return kinds;
}

const compilesNothing = new Set(["called_for_link", "called_for_preprocessing", "no_input_file", "autoconf_test"]);

function counts() {
  return { hits: 0, fromStore: 0, misses: 0, uncacheable: 0 };
}

/** The sum of two accounts: a build hands in one log for each of its steps. */
export function addCompiles(a: CompilesByLanguage, b: CompilesByLanguage): CompilesByLanguage {
  const add = (x: Compiles, y: Compiles): Compiles => ({
    hits: x.hits + y.hits,
    fromStore: x.fromStore + y.fromStore,
    misses: x.misses + y.misses,
    uncacheable: x.uncacheable + y.uncacheable,
  });
  return { cuda: add(a.cuda, b.cuda), cAndCxx: add(a.cAndCxx, b.cAndCxx), other: add(a.other, b.other) };
}
