// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s --pass-pipeline='builtin.module(gpu.module(diff-annotate-kernels))' | FileCheck %s

gpu.module @m {
  // CHECK: llvm.mlir.global external @dynamic() {{.*}} : !llvm.array<0 x i8>
  llvm.mlir.global internal @dynamic() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<0 x i8>
  // CHECK: llvm.mlir.global internal @static() {{.*}} : !llvm.array<4 x i8>
  llvm.mlir.global internal @static() {addr_space = 3 : i32} : !llvm.array<4 x i8>
  // CHECK: llvm.func @kernel() attributes {
  // CHECK-SAME: nvvm.minctasm = 1 : i32
  // CHECK-SAME: nvvm.reqntid = array<i32: 64, 1, 1>
  // CHECK-NOT: nvvm.maxntid
  llvm.func @kernel() attributes {nvvm.kernel, nvvm.maxntid = array<i32: 64, 1, 1>} {
    llvm.return
  }
  // CHECK: llvm.func @device() {
  llvm.func @device() {
    llvm.return
  }
}
