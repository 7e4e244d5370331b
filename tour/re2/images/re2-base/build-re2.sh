#!/bin/bash
# Compiles RE2 through ccache into /opt/re2 and prints progress markers. MAX_JOBS and COMPILER_CACHE_URL only change speed.
set -euo pipefail
. /opt/build/compiler-cache.sh
export CCACHE_DIR=/tmp/ccache
use_compiler_cache

mapfile -t sources < <(find re2 util -maxdepth 1 -name '*.cc' | grep -vE '(benchmark|fuzz|pcre|test)\.cc$' | sort)
echo "STRATA-PROGRESS 10 \"${#sources[@]} files to compile\" elapsed=${SECONDS}s"
printf '%s\n' "${sources[@]}" | xargs -P "${MAX_JOBS:-1}" -I{} bash -c \
  'ccache g++ -std=c++17 -O2 -fPIC -I. -c "$1" -o "/tmp/$(basename "$1" .cc).o"' compile {}
echo "STRATA-PROGRESS 90 \"RE2 compiled\" gem=\"Ruby\" elapsed=${SECONDS}s"
report_compiler_cache re2

mkdir -p /opt/re2/lib /opt/re2/include/re2
g++ -shared /tmp/*.o -o /opt/re2/lib/libre2.so
cp re2/*.h /opt/re2/include/re2/
rm -rf /tmp/*.o "$CCACHE_DIR"
