// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Remarks report the selected schedule and why another one was rejected.
// RUN: diff-gen --variant=v2 --lse | diff-opt --diff-compile="chip=sm_86 stop-after=tiled" --remark-format=emitRemark --remarks-filter=diff -o %t.mlir 2>&1 | FileCheck %s
// RUN: diff-gen --variant=v2 --lse | diff-opt --diff-compile="chip=sm_86 stop-after=tiled" -o %t.mlir 2>&1 | count 0

// CHECK: remark: [Missed] schedule | Category:diff | Remark="#diff.schedule<queries = 64, keys = 64{{.*}}> needs 208 registers in a thread for accumulators and scores, more than the 192 that are available"
// CHECK: remark: [Passed] schedule | Category:diff | Remark="#diff.schedule<queries = 64, keys = 48
