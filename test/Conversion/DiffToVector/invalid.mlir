// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics -convert-diff-to-vector
// RUN: not diff-opt %s -split-input-file -convert-diff-to-vector="vector-bytes=24" 2>&1 | FileCheck %s --check-prefix=BYTES

// BYTES: error: convert-diff-to-vector: option 'vector-bytes' must be a power of two from 8 to 256, and 'registers' at least 4, found 24 and 32

func.func @memrefs(%q: memref<1x8x1x32xf32>, %acc: memref<1x1x8x32xf32>, %row: memref<1x1x8xf32>) {
  // expected-error @+1 {{'diff.online_attention' op cannot be lowered to vectors on memrefs; run convert-diff-to-vector before bufferization}}
  diff.online_attention
    ins(%q, %q, %q : memref<1x8x1x32xf32>, memref<1x8x1x32xf32>, memref<1x8x1x32xf32>)
    outs(%acc, %row, %row : memref<1x1x8x32xf32>, memref<1x1x8xf32>, memref<1x1x8xf32>) scale(0.125)
  return
}
