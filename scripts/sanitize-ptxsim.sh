#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The simulator's suite under AddressSanitizer and UndefinedBehaviorSanitizer:
# unit tests, the kernels of other compilers, the tests of the checkers. The
# target check-sanitize calls it.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build=$(cd "${1:?usage: sanitize-ptxsim.sh BUILD PYTHON LIT}" && pwd)
python=${2:?} lit=${3:?}
folder=$build/sanitize

flags='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined'
cmake -S "$root/lib/PTXSim" -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=None \
  -DPTXSIM_UNIT_TESTS=ON "-DCMAKE_CXX_FLAGS=$flags" >/dev/null
cmake --build "$folder" --target ptx-sim PTXSimTests
# GoogleTest's death tests and large reservations are not leaks.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1
"$folder/PTXSimTests" --gtest_brief=1
"$python" "$root/test/PTXSim/Fixtures/run.py" --ptx-sim "$folder/ptx-sim" --all
"$lit" -sv --param "tools_dir=$folder" "$build/test/PTXSim/Checkers" \
  "$build/test/Tools/ptx-sim/misuse.test"
