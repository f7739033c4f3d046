// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// exp2 of a register of AVX-512 uses its instructions for the fraction and for the
// power of two. Other vectors, and all without the option, use integer operations.
// RUN: diff-opt %s -diff-expand-math=avx512=true | FileCheck %s
// RUN: diff-opt %s -diff-expand-math | FileCheck %s --check-prefix=NONE

// NONE-NOT: llvm.call_intrinsic
// NONE-NOT: math.exp2

// CHECK-LABEL: func @register(
// CHECK: %[[REST:.*]] = llvm.call_intrinsic "llvm.x86.avx512.mask.reduce.ps.512"
// CHECK-COUNT-5: math.fma %{{.*}}, %[[REST]], %{{.*}} : vector<16xf32>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512.mask.scalef.ps.512"
// CHECK: return
func.func @register(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp2 %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// CHECK-LABEL: func @half(
// CHECK-NOT: llvm.call_intrinsic
// CHECK: arith.shli %{{.*}} : vector<8xi32>
func.func @half(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.exp2 %x : vector<8xf32>
  return %0 : vector<8xf32>
}
