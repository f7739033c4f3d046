// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-outline-amx | FileCheck %s --check-prefix=OUTLINE
// RUN: diff-opt %s -split-input-file -diff-define-amx-request | FileCheck %s --check-prefix=REQUEST

func.func private @diff.request_amx() -> i1

// OUTLINE: func.func private @diff.amx_0(%{{.*}}: memref<16x16xf32>
// OUTLINE-SAME: llvm.linkage = #llvm.linkage<internal>
// OUTLINE-SAME: passthrough = ["noinline", ["tune-cpu", "sapphirerapids"]]
// OUTLINE: amx.tile_zero
// OUTLINE: amx.tile_store
// OUTLINE-LABEL: func.func @outline(
// OUTLINE-SAME: %[[SUMS:.*]]: memref<16x16xf32>, %[[OTHER:.*]]: i1
func.func @outline(%sums: memref<16x16xf32>, %other: i1) {
  %zero = arith.constant 0 : index
  %value = arith.constant 1.0 : f32
  %granted = func.call @diff.request_amx() : () -> i1
  // OUTLINE: %[[GRANTED:.*]] = call @diff.request_amx()
  // OUTLINE: scf.if %[[GRANTED]] {
  // OUTLINE-NEXT: call @diff.amx_0(%[[SUMS]]
  // OUTLINE-NEXT: } else {
  // OUTLINE-NEXT: memref.store
  scf.if %granted {
    %tile = amx.tile_zero : !amx.tile<16x16xf32>
    amx.tile_store %sums[%zero, %zero], %tile : memref<16x16xf32>, !amx.tile<16x16xf32>
  } else {
    memref.store %value, %sums[%zero, %zero] : memref<16x16xf32>
  }
  // Other branches stay.
  // OUTLINE: scf.if %[[OTHER]] {
  // OUTLINE-NEXT: memref.store
  scf.if %other {
    memref.store %value, %sums[%zero, %zero] : memref<16x16xf32>
  }
  return
}
// -----

// REQUEST: llvm.mlir.global internal @[[STATE:.*]](0 : i32)
// REQUEST: llvm.func internal @diff.request_amx() -> i1
// REQUEST: %[[ADDRESS:.*]] = llvm.mlir.addressof @[[STATE]]
// REQUEST: %[[BEFORE:.*]] = llvm.load %[[ADDRESS]] atomic monotonic
// REQUEST: llvm.cond_br %{{.*}}, ^[[ASK:.*]], ^[[ANSWER:.*]](%[[BEFORE]] : i32)
// REQUEST: ^[[ASK]]:
// REQUEST-DAG: llvm.mlir.constant(158 : i64)
// REQUEST-DAG: llvm.mlir.constant(4131 : i64)
// REQUEST-DAG: llvm.mlir.constant(18 : i64)
// REQUEST: %[[ERROR:.*]] = llvm.inline_asm has_side_effects {{.*}}"syscall", "={rax},{rax},{rdi},{rsi}
// REQUEST: llvm.icmp "eq" %[[ERROR]]
// REQUEST: %[[AFTER:.*]] = llvm.select
// REQUEST: llvm.store %[[AFTER]], %[[ADDRESS]] atomic monotonic
// REQUEST: llvm.br ^[[ANSWER]](%[[AFTER]] : i32)
// REQUEST: ^[[ANSWER]](%{{.*}}: i32):
// REQUEST: llvm.return
llvm.func @diff.request_amx() -> i1

// -----

// A module that does not ask needs no function.
// REQUEST: module {
// REQUEST-NEXT: }
module {
}
