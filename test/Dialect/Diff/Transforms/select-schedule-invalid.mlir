// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-select-schedule="shared-memory=100000 threads=128" -verify-diagnostics

// The limits that schedules of the user exceed.

func.func @rows(%q: tensor<1x512x1x64xbf16>) -> tensor<1x512x1x64xbf16> {
  // expected-error @below {{has a schedule that has 24 rows that share keys; a multiple of 16 for each of 2 warps is legal}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xbf16>, tensor<1x512x1x64xbf16>,
             tensor<1x512x1x64xbf16>)
         outs(%q : tensor<1x512x1x64xbf16>)
         {schedule = #diff.schedule<queries = 24, keys = 32, threads = 64, stages = 1>}
         -> tensor<1x512x1x64xbf16>
  return %0 : tensor<1x512x1x64xbf16>
}

// -----

func.func @keys(%q: tensor<1x512x1x64xbf16>) -> tensor<1x512x1x64xbf16> {
  // expected-error @below {{has a schedule that has 24 keys in a step; a multiple of 16 is legal}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xbf16>, tensor<1x512x1x64xbf16>,
             tensor<1x512x1x64xbf16>)
         outs(%q : tensor<1x512x1x64xbf16>)
         {schedule = #diff.schedule<queries = 64, keys = 24, threads = 128, stages = 1>}
         -> tensor<1x512x1x64xbf16>
  return %0 : tensor<1x512x1x64xbf16>
}

// -----

func.func @shared_memory(%q: tensor<1x512x1x64xbf16>) -> tensor<1x512x1x64xbf16> {
  // expected-error @below {{has a schedule that needs 147456 bytes of shared memory in a block, more than the 100000 that the chip has}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xbf16>, tensor<1x512x1x64xbf16>,
             tensor<1x512x1x64xbf16>)
         outs(%q : tensor<1x512x1x64xbf16>)
         {schedule = #diff.schedule<queries = 128, keys = 128, threads = 128, stages = 4>}
         -> tensor<1x512x1x64xbf16>
  return %0 : tensor<1x512x1x64xbf16>
}

// -----

func.func @registers(%q: tensor<1x512x1x64xbf16>) -> tensor<1x512x1x64xbf16> {
  // expected-error @below {{has a schedule that needs 256 registers in a thread for accumulators and scores, more than the 192 that are available}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xbf16>, tensor<1x512x1x64xbf16>,
             tensor<1x512x1x64xbf16>)
         outs(%q : tensor<1x512x1x64xbf16>)
         {schedule = #diff.schedule<queries = 256, keys = 64, threads = 128, stages = 1>}
         -> tensor<1x512x1x64xbf16>
  return %0 : tensor<1x512x1x64xbf16>
}

// -----

func.func @element_type(%q: tensor<1x512x1x64xf32>) -> tensor<1x512x1x64xf32> {
  // expected-error @below {{has a schedule with stages, which is for f16 and bf16, and with tf32 = true for f32}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xf32>, tensor<1x512x1x64xf32>,
             tensor<1x512x1x64xf32>)
         outs(%q : tensor<1x512x1x64xf32>)
         {schedule = #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 1>}
         -> tensor<1x512x1x64xf32>
  return %0 : tensor<1x512x1x64xf32>
}

// -----

func.func @head_dim(%q: tensor<1x512x1x44xbf16>) -> tensor<1x512x1x44xbf16> {
  // expected-error @below {{has a head dimension of 44 and values 44 wide; on tensor cores, multiples of 8 up to 256 are legal (tiles=threads compiles any)}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x44xbf16>, tensor<1x512x1x44xbf16>,
             tensor<1x512x1x44xbf16>)
         outs(%q : tensor<1x512x1x44xbf16>)
         {schedule = #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 1>}
         -> tensor<1x512x1x44xbf16>
  return %0 : tensor<1x512x1x44xbf16>
}

// -----

func.func @tf32(%q: tensor<1x512x1x64xf16>) -> tensor<1x512x1x64xf16> {
  // expected-error @below {{has a schedule with tf32, which is for f32}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x64xf16>, tensor<1x512x1x64xf16>,
             tensor<1x512x1x64xf16>)
         outs(%q : tensor<1x512x1x64xf16>)
         {schedule = #diff.schedule<queries = 64, keys = 32, threads = 128, stages = 1, tf32 = true>}
         -> tensor<1x512x1x64xf16>
  return %0 : tensor<1x512x1x64xf16>
}

// -----

// Without a schedule, the legal sizes are reported as well.
func.func @chosen_head_dim(%q: tensor<1x512x1x20xf16>) -> tensor<1x512x1x20xf16> {
  // expected-error @below {{has a head dimension of 20 and values 20 wide; on tensor cores, multiples of 8 up to 256 are legal}}
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<1x512x1x20xf16>, tensor<1x512x1x20xf16>,
             tensor<1x512x1x20xf16>)
         outs(%q : tensor<1x512x1x20xf16>) -> tensor<1x512x1x20xf16>
  return %0 : tensor<1x512x1x20xf16>
}

// -----

func.func @wide_values(%q: tensor<1x64x2x136xbf16>, %v: tensor<1x64x1x272xbf16>,
                       %lambda: tensor<1xf32>, %weight: tensor<272xf32>)
    -> tensor<1x64x1x272xbf16> {
  // expected-error @below {{has a head dimension of 136 and values 272 wide; on tensor cores, multiples of 8 up to 256 are legal}}
  %0 = diff.attention_v1
         ins(%q, %q, %v, %lambda, %weight : tensor<1x64x2x136xbf16>,
             tensor<1x64x2x136xbf16>, tensor<1x64x1x272xbf16>, tensor<1xf32>,
             tensor<272xf32>)
         outs(%v : tensor<1x64x1x272xbf16>) -> tensor<1x64x1x272xbf16>
  return %0 : tensor<1x64x1x272xbf16>
}
