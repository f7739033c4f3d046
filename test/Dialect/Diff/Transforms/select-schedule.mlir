// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-select-schedule | FileCheck %s --check-prefixes=CHECK,HOST
// RUN: diff-opt %s -split-input-file -diff-select-schedule="vector-bytes=32 registers=16" | FileCheck %s --check-prefixes=CHECK,AVX2
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=200000 threads=128 tensor-cores=false" | FileCheck %s --check-prefixes=CHECK,GPU
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=16384 threads=64 tensor-cores=false" | FileCheck %s --check-prefixes=CHECK,FITS
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=16383 threads=64 tensor-cores=false" | FileCheck %s --check-prefixes=CHECK,SMALLER
// RUN: not diff-opt %s -split-input-file -diff-select-schedule="shared-memory=1000 threads=64" 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not diff-opt %s -split-input-file -diff-select-schedule="threads=48" 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: not diff-opt %s -split-input-file -diff-select-schedule="vector-bytes=0 registers=0" 2>&1 | FileCheck %s --check-prefix=VECTORS

// VECTORS: error: diff-select-schedule: option 'vector-bytes' must be a power of two from 8 to 256, and 'registers' at least 4, found 0 and 0

// On a CPU, the rows of the query tokens fill 4 of 32 registers of 64 bytes, or 2 of
// 16 registers of 32 bytes: 8 tokens of two maps. Fewer rows than lanes are few rows,
// with blocks of more keys.

// THREADS: error: {{.*}}threads{{.*}}multiple of 32 up to 1024{{.*}}found 48

// The bytes follow from the formula in the description of the pass. Without tensor
// cores, each thread computes its own elements, and the schedule has no stages. 16
// queries and 32 keys take
//   4 (1024 + 512 + 320 + 64) + 4 (512 + 512 + 1024) + 512 = 16384.

// CHECK-LABEL: func @attention(
// HOST: schedule = #diff.schedule<queries = 12, keys = 64>
// AVX2: schedule = #diff.schedule<queries = 8, keys = 64>
// GPU: schedule = #diff.schedule<queries = 32, keys = 32, threads = 128>
// FITS: schedule = #diff.schedule<queries = 16, keys = 32, threads = 64>
// SMALLER: schedule = #diff.schedule<queries = 16, keys = 16, threads = 64>
// NONE: error: 'diff.attention' op needs at least 2080 bytes of shared memory in a block, more than the 1000 that the chip has
func.func @attention(%q: tensor<1x12x2x16xf32>, %k: tensor<1x20x1x16xf32>,
                     %lambda: tensor<1x12x1xf32>, %init: tensor<1x12x1x16xf32>)
    -> tensor<1x12x1x16xf32> {
  %0 = diff.attention
         ins(%q, %k, %k, %lambda : tensor<1x12x2x16xf32>,
             tensor<1x20x1x16xf32>, tensor<1x20x1x16xf32>,
             tensor<1x12x1xf32>)
         outs(%init : tensor<1x12x1x16xf32>) -> tensor<1x12x1x16xf32>
  return %0 : tensor<1x12x1x16xf32>
}

// -----

// CHECK-LABEL: func @attention_v1(
// HOST: schedule = #diff.schedule<queries = 12, keys = 128>
// AVX2: schedule = #diff.schedule<queries = 12, keys = 64>
// GPU: schedule = #diff.schedule<queries = 32, keys = 32, threads = 128>
// FITS: schedule = #diff.schedule<queries = 8, keys = 16, threads = 64>
// SMALLER: schedule = #diff.schedule<queries = 8, keys = 16, threads = 64>
// NONE: error: 'diff.attention_v1' op needs at least {{[0-9]+}} bytes
func.func @attention_v1(%q: tensor<1x12x2x16xf32>, %v: tensor<1x12x1x32xf32>,
                        %lambda: tensor<1xf32>, %weight: tensor<32xf32>)
    -> tensor<1x12x1x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %q, %v, %lambda, %weight : tensor<1x12x2x16xf32>,
             tensor<1x12x2x16xf32>, tensor<1x12x1x32xf32>, tensor<1xf32>,
             tensor<32xf32>)
         outs(%v : tensor<1x12x1x32xf32>) -> tensor<1x12x1x32xf32>
  return %0 : tensor<1x12x1x32xf32>
}

// -----

// 16 bits. One map, 16 queries and 32
// keys: 4 (512 + 704 + 160 + 64) + 2 (704 + 1408 + 2816) + 512 = 16128.
// CHECK-LABEL: func @softmax_attention(
// HOST: schedule = #diff.schedule<queries = 12, keys = 128>
// AVX2: schedule = #diff.schedule<queries = 12, keys = 64>
// GPU: schedule = #diff.schedule<queries = 32, keys = 32, threads = 128>
// FITS: schedule = #diff.schedule<queries = 16, keys = 32, threads = 64>
// SMALLER: schedule = #diff.schedule<queries = 16, keys = 32, threads = 64>
func.func @softmax_attention(%q: tensor<1x12x1x44xbf16>)
    -> tensor<1x12x1x44xbf16> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x1x44xbf16>, tensor<1x12x1x44xbf16>,
             tensor<1x12x1x44xbf16>)
         outs(%q : tensor<1x12x1x44xbf16>) -> tensor<1x12x1x44xbf16>
  return %0 : tensor<1x12x1x44xbf16>
}

// -----

// The sizes of the user are kept; the threads of a GPU are added.
// CHECK-LABEL: func @given(
// HOST: schedule = #diff.schedule<heads = 2, queries = 3, keys = 5>
// AVX2: schedule = #diff.schedule<heads = 2, queries = 3, keys = 5>
// GPU: schedule = #diff.schedule<heads = 2, queries = 3, keys = 5, threads = 128>
func.func @given(%q: tensor<1x12x2x16xbf16>) -> tensor<1x12x2x16xbf16> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x12x2x16xbf16>, tensor<1x12x2x16xbf16>,
             tensor<1x12x2x16xbf16>)
         outs(%q : tensor<1x12x2x16xbf16>)
         {schedule = #diff.schedule<heads = 2, queries = 3, keys = 5>}
         -> tensor<1x12x2x16xbf16>
  return %0 : tensor<1x12x2x16xbf16>
}
