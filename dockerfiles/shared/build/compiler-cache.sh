# shellcheck shell=bash
# Puts ccache before the compilers of a build step. Source this file, then call
#
#   use_compiler_cache                 before compiling
#   report_compiler_cache NAME         after it; prints  STRATA-CCACHE NAME hits=N misses=N remote-hits=N
#                                      and hands ccache's log to the remote store, which counts CUDA by itself
#
# Local files live in CCACHE_DIR (a cache mount, default /ccache). COMPILER_CACHE_URL, a hint, adds a remote store over
# HTTP. What is cached does not depend on either, so neither can change what is built.

use_compiler_cache() {
  export CCACHE_DIR="${CCACHE_DIR:-/ccache}"
  export CCACHE_MAXSIZE="${CCACHE_MAXSIZE:-40G}"
  # A compiler is known by its content: times differ between two builds of the same toolchain.
  export CCACHE_COMPILERCHECK=content
  export CCACHE_BASEDIR=/src
  if [[ -n "${COMPILER_CACHE_URL:-}" ]]; then
    export CCACHE_REMOTE_STORAGE="$COMPILER_CACHE_URL"
  fi
  # CMake takes these as the first values of the variables of the same name.
  export CMAKE_C_COMPILER_LAUNCHER=ccache
  export CMAKE_CXX_COMPILER_LAUNCHER=ccache
  export CMAKE_CUDA_COMPILER_LAUNCHER=ccache
  # Statistics of this step alone, apart from those of the steps before it.
  CCACHE_STATSLOG=$(mktemp)
  export CCACHE_STATSLOG
  if ! command -v ccache >/dev/null; then
    echo "compiler-cache.sh: ccache is not installed" >&2
    return 1
  fi
}

report_compiler_cache() {
  local hits misses remote_hits
  hits=$(grep -cE '^(direct|preprocessed)_cache_hit$' "$CCACHE_STATSLOG" || true)
  misses=$(grep -cx 'cache_miss' "$CCACHE_STATSLOG" || true)
  remote_hits=$(grep -cx 'remote_storage_hit' "$CCACHE_STATSLOG" || true)
  echo "STRATA-CCACHE $1 hits=$hits misses=$misses remote-hits=$remote_hits"
  if [[ -n "${COMPILER_CACHE_URL:-}" ]] && ! hand_in_statistics "$CCACHE_STATSLOG" 2>/dev/null; then
    echo "compiler-cache.sh: the compiler cache did not take the statistics of $1" >&2
  fi
  # Its name is random and must not stay in a layer.
  rm -f "$CCACHE_STATSLOG"
  if ((hits + misses == 0)); then
    echo "compiler-cache.sh: not one compilation of $1 went through ccache" >&2
    return 1
  fi
}

# Posts a file to /-/statistics-log of the service at COMPILER_CACHE_URL. By bash's own means: not every image that
# compiles has curl. A service that is away costs ten seconds and no build.
hand_in_statistics() {
  local address=${COMPILER_CACHE_URL#http://}
  address=${address%%[|/]*}
  # shellcheck disable=SC2016 # expanded by the bash that has the time limit
  timeout 10 bash -c '
    exec 3<>"/dev/tcp/${1%:*}/${1##*:}"
    printf "POST /-/statistics-log HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" \
      "$1" "$(wc -c <"$2")" >&3
    cat "$2" >&3
    read -r _ status _ <&3
    [[ $status == 204 ]]' hand-in "$address" "$1"
}
