#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Compiles combine.cu to the PTX that is stored in ptx/ (CUDA 13.0, nvcc
# 13.0.88).
#
#   benchmarks/kernels/make-cuda.sh OUTPUT-FOLDER
set -euo pipefail

if [[ $# -ne 1 || $1 == -* ]]; then
  echo "usage: $0 OUTPUT-FOLDER" >&2
  exit 1
fi
mkdir -p "$1"
output="$(cd "$1" && pwd)"
cd "$(dirname "${BASH_SOURCE[0]}")"

nvcc="${CUDA_HOME:+$CUDA_HOME/bin/nvcc}"
nvcc="${nvcc:-$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)}"
version="$("$nvcc" --version | sed -n 's/.*, V\([0-9.]*\)$/\1/p')"
if [[ $version != 13.0.88 ]]; then
  echo "note: the stored file is from nvcc 13.0.88, this is $version" >&2
fi
options=(-std=c++17 -ptx -arch=sm_80 -O3 -use_fast_math)
ptx="$("$nvcc" "${options[@]}" combine.cu -o -)"
{
  echo "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception"
  echo "// nvcc $version ${options[*]} combine.cu"
  echo "$ptx"
} > "$output/combine.ptx"
