import { z } from "zod";

/** What is shown of one build that published a key. */
export interface BuildRecord {
  readonly key: string;
  /** The build's id. */
  readonly build?: string;
  /** Of the image: "sha256:…". */
  readonly digest?: string;
  /** RFC 3339. */
  readonly finishedAt?: string;
  /** Seconds that the build took. */
  readonly seconds?: number;
  /** Whether it was played and not run. */
  readonly simulated: boolean;
  /** How many checks the image passed. */
  readonly checks?: number;
  /** Compiles that the cache answered, and that it did not. */
  readonly cache?: { readonly hits: number; readonly misses: number };
}

const counts = z.object({ hits: z.number(), misses: z.number() });

const schema = z.object({
  build: z.string().optional(),
  digest: z.string().optional(),
  finishedAt: z.string().optional(),
  seconds: z.number().optional(),
  simulated: z.boolean().optional(),
  checks: z.array(z.string()).optional(),
  compilerCache: z.object({ compiles: z.record(z.string(), counts).optional(), store: counts }).optional(),
});

/**
 * A build's record as its last step wrote it.
 * @param key of the target that was built; it is in the record's name
 * @returns undefined where the text is no record: what cannot be read is not shown, and stops nobody
 */
export function parseRecord(text: string, key: string): BuildRecord | undefined {
  const { data } = schema.safeParse(parseJson(text));
  if (data === undefined) return undefined;
  const { build, digest, finishedAt, seconds, simulated = false, checks, compilerCache } = data;
  const { compiles, store } = compilerCache ?? {};
  const cache = compiles === undefined ? store : total(Object.values(compiles));
  return {
    key,
    simulated,
    ...(build !== undefined && { build }),
    ...(digest !== undefined && { digest }),
    ...(finishedAt !== undefined && { finishedAt }),
    ...(seconds !== undefined && { seconds }),
    ...(checks !== undefined && { checks: checks.length }),
    ...(cache !== undefined && { cache: { hits: cache.hits, misses: cache.misses } }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function total(all: readonly z.infer<typeof counts>[]): z.infer<typeof counts> {
  return all.reduce(
    (sum, { hits, misses }) => ({ hits: sum.hits + hits, misses: sum.misses + misses }),
    { hits: 0, misses: 0 },
  );
}
