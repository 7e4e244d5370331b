import type { CacheEvent } from "./entries.ts";

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
