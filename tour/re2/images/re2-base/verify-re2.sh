#!/bin/bash
# The library is there, and a program that includes its header links against it.
set -euo pipefail
program=$(mktemp -d)/program
echo '#include <re2/re2.h>
int main() { return RE2::FullMatch("strata", "s.*a") ? 0 : 1; }' |
  g++ -std=c++17 -x c++ - -I/opt/re2/include -L/opt/re2/lib -lre2 -Wl,-rpath,/opt/re2/lib -pthread -o "$program"
"$program"
