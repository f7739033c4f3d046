// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics -convert-diff-to-linalg

func.func @attention(%q: memref<1x2x2x8xf32>, %k: memref<1x2x1x8xf32>,
                     %lambda: memref<1x2x1xf32>) {
  // expected-error @below {{'diff.attention' op cannot be lowered to linalg on memrefs; run convert-diff-to-linalg before bufferization}}
  diff.attention
    ins(%q, %k, %k, %lambda : memref<1x2x2x8xf32>, memref<1x2x1x8xf32>,
        memref<1x2x1x8xf32>, memref<1x2x1xf32>)
    outs(%k : memref<1x2x1x8xf32>)
  return
}

// -----

func.func @attention_v1(%q: memref<1x2x2x8xf32>, %v: memref<1x2x1x16xf32>,
                        %lambda: memref<1xf32>, %weight: memref<16xf32>) {
  // expected-error @below {{'diff.attention_v1' op cannot be lowered to linalg on memrefs; run convert-diff-to-linalg before bufferization}}
  diff.attention_v1
    ins(%q, %q, %v, %lambda, %weight : memref<1x2x2x8xf32>,
        memref<1x2x2x8xf32>, memref<1x2x1x16xf32>, memref<1xf32>,
        memref<16xf32>)
    outs(%v : memref<1x2x1x16xf32>)
  return
}

// -----

func.func @softmax_attention(%q: memref<1x2x1x8xf32>) {
  // expected-error @below {{'diff.softmax_attention' op cannot be lowered to linalg on memrefs; run convert-diff-to-linalg before bufferization}}
  diff.softmax_attention
    ins(%q, %q, %q : memref<1x2x1x8xf32>, memref<1x2x1x8xf32>,
        memref<1x2x1x8xf32>)
    outs(%q : memref<1x2x1x8xf32>)
  return
}

// -----

func.func @online_attention(%q: memref<1x2x1x8xf32>, %acc: memref<1x1x2x8xf32>,
                            %row: memref<1x1x2xf32>) {
  // expected-error @below {{'diff.online_attention' op cannot be lowered to linalg on memrefs; run convert-diff-to-linalg before bufferization}}
  diff.online_attention
    ins(%q, %q, %q : memref<1x2x1x8xf32>, memref<1x2x1x8xf32>,
        memref<1x2x1x8xf32>)
    outs(%acc, %row, %row : memref<1x1x2x8xf32>, memref<1x1x2xf32>,
         memref<1x1x2xf32>)
  return
}
