#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiles the CUDA C++ kernels of cuda/ to the PTX that is kept in ptx/.
#
#   test/PTXSim/Fixtures/make-cuda.sh OUTPUT-FOLDER
#
# The kept files are of CUDA 13.0 (nvcc 13.0.88, PTX 9.0); the first lines of
# each name the compiler, the source and the options. nvcc is looked for in
# CUDA_HOME, PATH and /usr/local/cuda. NAME.ptx is compiled for sm_80 (Hopper
# for sm_90), and some sources once more in other dialects:
#
#   NAME.O0.ptx     unoptimised: variables in .local memory, moves, calls
#   NAME.debug.ptx  -G: the same with .loc, .file and debug sections
#   NAME.fast.ptx   -use_fast_math: .ftz and approximate functions
#   NAME.sm_90.ptx  another target
#
# The sources are compiled in a folder of a fixed name, for debug information
# and the names of internal functions depend on it.
set -euo pipefail

if [[ $# -ne 1 || $1 == -* ]]; then
  echo "usage: $0 OUTPUT-FOLDER" >&2
  exit 1
fi
sources="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/cuda"
mkdir -p "$1"
output="$(cd "$1" && pwd)"

nvcc="${CUDA_HOME:+$CUDA_HOME/bin/nvcc}"
nvcc="${nvcc:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}"
version="$("$nvcc" --version | sed -n 's/.*, V\([0-9.]*\)$/\1/p')"
echo "nvcc $version"
if [[ $version != 13.0.88 ]]; then
  echo "note: the kept files are nvcc 13.0.88's" >&2
fi

work=/tmp/ptx-fixtures
if ! mkdir "$work" 2>/dev/null; then
  echo "error: $work exists; another run uses it, or one was cut off" >&2
  exit 1
fi
trap 'rm -rf "$work"' EXIT
cp "$sources"/*.cu "$sources"/*.cuh "$work"
cd "$work"

# compile NAME SUFFIX OPTION...
compile() {
  local name="$1" suffix="$2"
  shift 2
  "$nvcc" -std=c++17 -ptx "$@" "$name.cu" -o out.ptx
  {
    echo "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
    echo "// nvcc $version -ptx $* cuda/$name.cu"
    # Debug information names files where they lie on the machine.
    sed -E "s|^(\t\.file\t[0-9]+ \")(/[^\"]*/include\|$work)/|\1|" out.ptx
  } > "$output/$name$suffix.ptx"
}

for source in *.cu; do
  name="${source%.cu}"
  if [[ $name == Hopper ]]; then
    compile "$name" "" -arch=sm_90
  else
    compile "$name" "" -arch=sm_80
  fi
done
for name in Barriers Calls Divergent Globals Integers LocalArray Memory \
  MmaGemm Params Reduce Softmax Spin Votes; do
  compile "$name" .O0 -arch=sm_80 -Xcicc -O0
done
for name in Calls Histogram Mbarrier Scan Stencil; do
  compile "$name" .debug -arch=sm_80 -G
done
for name in Floats Math Softmax; do
  compile "$name" .fast -arch=sm_80 -use_fast_math
done
compile Halves .sm_90 -arch=sm_90
if grep -l "$work\|/include/" "$output"/*.ptx; then
  echo "note: these name folders of this machine" >&2
fi
ls "$output" | wc -l | sed 's/$/ files/'
