import { hitsSentence } from "../../compilerCache/sentence.ts";
import { addCompiles, readStatisticsLog } from "../../compilerCache/statistics.ts";

const log = `# /src/flash_fwd.cu
direct_cache_hit
local_storage_miss
remote_storage_hit
remote_storage_read_hit
# /src/flash_bwd.cu
cache_miss
direct_cache_miss
remote_storage_miss
# /src/with # in name.cpp
preprocessed_cache_hit
local_storage_hit
# /src/a.c
cache_miss
# /src/b.cc
unsupported_compiler_option
# /src/start.S
cache_miss
# 
called_for_link
# conftest.c
autoconf_test
`;

test("CUDA is counted apart from C and C++, and hits from the bucket apart from the build's own", () => {
  expect(readStatisticsLog(log)).toEqual({
    cuda: { hits: 1, fromStore: 1, misses: 1, uncacheable: 0 },
    cAndCxx: { hits: 1, fromStore: 0, misses: 1, uncacheable: 1 },
    other: { hits: 0, fromStore: 0, misses: 1, uncacheable: 0 },
  });
});

test("the logs of two steps add up", () => {
  const once = readStatisticsLog(log);
  expect(addCompiles(once, once)).toEqual(readStatisticsLog(log + log));
});

test("the hits of a build are told in percent, which is 100 only if nothing was compiled", () => {
  const none = { hits: 0, fromStore: 0, misses: 0, uncacheable: 2 };
  const kinds = { cuda: none, cAndCxx: { ...none, hits: 199, misses: 1 }, other: none };
  expect(hitsSentence(kinds)).toBe("cache hits 99 % (C and C++ 199 of 200)");
  expect(hitsSentence({ ...kinds, cuda: { ...none, misses: 200 } })).toBe(
    "cache hits 49 % (C and C++ 199 of 200, CUDA 0 of 200)",
  );
  expect(hitsSentence({ cuda: none, cAndCxx: none, other: none })).toBeUndefined();
});
