#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Fuzzes the PTX parser and decoder with libFuzzer for ten minutes (or SECONDS),
# starting with the PTX files of the tests. The target fuzz-ptx calls it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "${1:?usage: fuzz-ptx.sh BUILD [SECONDS]}" && pwd)
seconds=${2:-600}
folder=$build/fuzz

clang=$(command -v clang++-22 || command -v clang++) || {
  echo 'error: no clang++; libFuzzer comes with the packages clang-22 and libclang-rt-22-dev' >&2
  exit 1
}
flags='-O1 -g -fsanitize=fuzzer-no-link,address,undefined'
cmake -S "$root/lib/PTXSim" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DPTXSIM_FUZZER=ON "-DCMAKE_CXX_COMPILER=$clang" "-DCMAKE_CXX_FLAGS=$flags" >/dev/null
cmake --build "$folder" --target ParserFuzzer
mkdir -p "$folder/corpus" "$folder/findings"
find "$root/test" -name '*.ptx' -size -64k -exec cp -n {} "$folder/corpus/" \;
"$folder/ParserFuzzer" -max_total_time="$seconds" -max_len=65536 -timeout=10 \
  -rss_limit_mb=4096 -artifact_prefix="$folder/findings/" "$folder/corpus"
