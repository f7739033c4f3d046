#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# assemble.sh PTXAS PREFIX: compiles and assembles layers for every chip. The
# options after a + are for diff-compile.
ptxas=$1
prefix=$2
count=0
for chip in sm_80 sm_86 sm_89 sm_90a sm_100a sm_120; do
  for layer in "--variant=v2 --type=bf16 --dim=128 --causal+" \
               "--variant=v2 --type=f16 --dim=64 --dynamic --lse+" \
               "--variant=v2 --type=f32 --dim=256 --softcap=20+" \
               "--variant=v2 --type=bf16 --dim=40 --query-tokens=1 --key-tokens=77+" \
               "--variant=v2 --type=bf16 --dim=256 --window=7,-1+" \
               "--variant=v1 --type=bf16 --dim=128 --causal+" \
               "--variant=v1 --type=f16 --dim=64 --dynamic --lse+" \
               "--variant=v1 --type=f32 --dim=32 --window=4,4+" \
               "--variant=v1 --type=bf16 --dim=96 --query-tokens=33+" \
               "--variant=v1 --type=f32 --dim=256+" \
               "--variant=standard --type=bf16 --dim=128 --causal+" \
               "--variant=standard --type=f16 --dim=192 --lse+" \
               "--variant=standard --type=f32 --dim=80 --dynamic+" \
               "--variant=standard --type=bf16 --dim=20 --key-tokens=3+tiles=threads" \
               "--variant=standard --type=f32 --dim=256 --softcap=5+"; do
    # shellcheck disable=SC2086 # the options are words
    diff-gen ${layer%+*} >"$prefix.mlir" &&
      diff-opt "$prefix.mlir" --diff-compile="chip=$chip ${layer#*+}" --emit=ptx \
        -o "$prefix.ptx" || exit 1
    if grep -qE '(ld|st)\.local|call' "$prefix.ptx"; then
      echo "local memory or a call: spilled? $chip $layer"
    fi
    log=$("$ptxas" -arch="$chip" -v "$prefix.ptx" -o "$prefix.cubin" 2>&1) || {
      echo "error: $chip $layer: $log"
      exit 1
    }
    case $log in
    *"0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads"*) ;;
    # Known to spill 8 bytes (spills-full.test lists all of them).
    *) test "$chip $layer" = "sm_100a --variant=standard --type=bf16 --dim=128 --causal+" || echo "spilled: $chip $layer: $log" ;;
    esac
    count=$((count + 1))
  done
done
echo "assembled $count kernels"
