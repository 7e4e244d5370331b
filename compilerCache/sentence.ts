import type { CacheEvent } from "./entries.ts";
import type { CompilesByLanguage } from "./statistics.ts";

/** An event of the compiler cache in a person's words. */
export function sentence(event: CacheEvent): string {
  switch (event.kind) {
    case "STORE_AWAY":
      return `the store is away (${event.reason}); the build goes on without a cache`;
    case "STORE_BACK":
      return "the store is back";
    case "WRITES_REFUSED":
      return `the store takes nothing from this build (${event.reason}); it is only read`;
    case "REJECTED":
      return `the entry ${event.key} is damaged and was not used`;
  }
}

/** How a build's compiles went: "cache hits 93 % (C and C++ 91 of 97, CUDA 2 of 3)"; undefined if there were none. */
export function hitsSentence({ cuda, cAndCxx, other }: CompilesByLanguage): string | undefined {
  const kinds = [
    { name: "C and C++", ...cAndCxx },
    { name: "CUDA", ...cuda },
    { name: "other", ...other },
  ].flatMap(({ name, hits, misses }) => (hits + misses === 0 ? [] : [{ name, hits, all: hits + misses }]));
  const all = kinds.reduce((sum, kind) => sum + kind.all, 0);
  if (all === 0) return undefined;
  const hits = kinds.reduce((sum, kind) => sum + kind.hits, 0);
  // Rounded down: 100 % is said of nothing that compiled.
  const percent = Math.floor((100 * hits) / all);
  return `cache hits ${percent} % (${kinds.map((kind) => `${kind.name} ${kind.hits} of ${kind.all}`).join(", ")})`;
}
