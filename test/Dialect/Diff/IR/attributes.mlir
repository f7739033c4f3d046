// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func private @mask_spellings
func.func private @mask_spellings() attributes {
  // CHECK-SAME: a = #diff.mask<causal>
  a = #diff.mask<causal>,
  // CHECK-SAME: b = #diff.mask<causal, window = [4096, 0]>
  b = #diff.mask<causal, window = [4096, 0]>,
  // causal means that the right side is 0, with any window.
  // CHECK-SAME: c = #diff.mask<causal, window = [4096, 0]>
  c = #diff.mask<causal, window = [4096, 7]>,
  // CHECK-SAME: d = #diff.mask<causal>
  d = #diff.mask<causal, window = [-1, -1]>,
  // CHECK-SAME: e = #diff.mask<causal>
  e = #diff.mask<window = [-1, 0]>,
  // CHECK-SAME: f = #diff.mask<causal, window = [0, 0]>
  f = #diff.mask<window = [0, 0]>,
  // CHECK-SAME: g = #diff.mask<window = [128, 64]>
  g = #diff.mask<window = [128, 64]>,
  // CHECK-SAME: h = #diff.mask<window = [128, -1]>
  h = #diff.mask<window = [128, -1]>,
  // CHECK-SAME: i = #diff.mask<window = [-1, 128]>
  i = #diff.mask<window = [-1, 128]>,
  // CHECK-SAME: j = #diff.mask<window = [-1, -1]>
  j = #diff.mask<window = [-1, -1]>,
  // CHECK-SAME: k = #diff.mask<window = [9223372036854775807, 9223372036854775807]>
  k = #diff.mask<window = [9223372036854775807, 9223372036854775807]>}

// -----

// CHECK-LABEL: func.func private @schedule
func.func private @schedule() attributes {
  // heads = 1 and threads = 0 are the defaults.
  // CHECK-SAME: a = #diff.schedule<queries = 64, keys = 32>
  a = #diff.schedule<heads = 1, queries = 64, keys = 32, threads = 0>,
  // CHECK-SAME: b = #diff.schedule<heads = 4, queries = 1, keys = 1, threads = 1024>
  b = #diff.schedule<threads = 1024, keys = 1, queries = 1, heads = 4>,
  // CHECK-SAME: c = #diff.schedule<queries = 64, keys = 64, threads = 128, stages = 2, swizzle = false, skip_rescale = true>
  c = #diff.schedule<queries = 64, keys = 64, threads = 128, stages = 2,
                     swizzle = false, row_sum_on_mma = false,
                     skip_rescale = true>}

// -----

// expected-error @below {{the left side of a mask's window is -1 (unlimited) or a number of keys, found -2}}
func.func private @mask_left() attributes {a = #diff.mask<window = [-2, 0]>}

// -----

// expected-error @below {{the right side of a mask's window is -1 (unlimited) or a number of keys, found -9}}
func.func private @mask_right() attributes {a = #diff.mask<window = [4, -9]>}

// -----

// expected-error @below {{expected 'window'}}
func.func private @mask_keyword() attributes {a = #diff.mask<acausal>}

// -----

// expected-error @below {{expected 'window'}}
func.func private @mask_twice_causal() attributes {a = #diff.mask<causal, causal>}

// -----

// expected-error @below {{expected ','}}
func.func private @mask_one_side() attributes {a = #diff.mask<window = [4]>}

// -----

// expected-error @below {{expected integer value}}
func.func private @mask_no_number() attributes {a = #diff.mask<window = [left, 0]>}

// -----

// expected-error @below {{expected '>'}}
func.func private @mask_order() attributes {a = #diff.mask<window = [4, 0], causal>}

// -----

// expected-error @below {{a schedule with 'tf32' needs 'stages': only tensor cores multiply tf32}}
func.func private @schedule_tf32() attributes {a = #diff.schedule<queries = 1, keys = 1, threads = 32, tf32 = true>}

// -----

// expected-error @below {{'heads' of a schedule must be 1 to 65536, found 0}}
func.func private @schedule_heads() attributes {a = #diff.schedule<heads = 0, queries = 1, keys = 1>}

// -----

// expected-error @below {{'queries' of a schedule must be 1 to 65536, found -8}}
func.func private @schedule_queries() attributes {a = #diff.schedule<queries = -8, keys = 1>}

// -----

// expected-error @below {{'keys' of a schedule must be 1 to 65536, found 0}}
func.func private @schedule_keys() attributes {a = #diff.schedule<queries = 8, keys = 0>}

// -----

// expected-error @below {{'threads' of a schedule must be a multiple of 32 up to 1024, or 0 for a tile that is not for a GPU, found 48}}
func.func private @schedule_threads() attributes {a = #diff.schedule<queries = 8, keys = 8, threads = 48>}

// -----

// expected-error @below {{'threads' of a schedule must be a multiple of 32 up to 1024, or 0 for a tile that is not for a GPU, found 1056}}
func.func private @schedule_many_threads() attributes {a = #diff.schedule<queries = 8, keys = 8, threads = 1056>}

// -----

// expected-error @below {{'threads' of a schedule must be a multiple of 32 up to 1024, or 0 for a tile that is not for a GPU, found -32}}
func.func private @schedule_negative_threads() attributes {a = #diff.schedule<queries = 8, keys = 8, threads = -32>}

// -----

// expected-error @below {{'stages' of a schedule must be 0 (no tensor cores) to 8, found 9}}
func.func private @schedule_stages() attributes {a = #diff.schedule<queries = 8, keys = 8, threads = 32, stages = 9>}

// -----

// expected-error @below {{a schedule with 'stages' needs 'threads'}}
func.func private @schedule_no_threads() attributes {a = #diff.schedule<queries = 8, keys = 8, stages = 1>}

// -----

// expected-error @below {{struct is missing required parameter: keys}}
func.func private @schedule_missing() attributes {a = #diff.schedule<queries = 8>}

// -----

// expected-error @below {{unknown attribute `bias` in dialect `diff`}}
func.func private @unknown() attributes {a = #diff.bias<1>}

// -----

// CHECK-LABEL: func.func private @kernel
// CHECK-SAME: a = #diff.kernel<op = "attention", threads = 128>
func.func private @kernel() attributes {a = #diff.kernel<op = "attention", threads = 128>}
