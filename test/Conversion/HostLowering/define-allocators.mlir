// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-define-allocators | FileCheck %s
// RUN: diff-opt %s -split-input-file -diff-define-allocators="stream=__stderrp" | FileCheck %s --check-prefix=STREAM

// STREAM: llvm.mlir.global external @__stderrp
// STREAM: llvm.mlir.addressof @__stderrp
// STREAM-NOT: @stderr

// CHECK: llvm.func internal @_mlir_memref_to_llvm_alloc(%[[SIZE:.*]]: i64) -> !llvm.ptr
// CHECK: %[[P:.*]] = llvm.call @malloc(%[[SIZE]])
// CHECK: llvm.cond_br %{{.*}}, ^[[FAILED:.*]], ^[[DONE:.*]]
// CHECK: ^[[FAILED]]:
// CHECK-NEXT: llvm.call @diff.report_allocation_failure(%[[SIZE]])
// CHECK-NEXT: llvm.unreachable
// CHECK: ^[[DONE]]:
// CHECK-NEXT: llvm.return %[[P]]
llvm.func @_mlir_memref_to_llvm_alloc(i64) -> !llvm.ptr
// CHECK: llvm.func internal @_mlir_memref_to_llvm_aligned_alloc(
// CHECK: llvm.call @aligned_alloc(
// CHECK: llvm.call @diff.report_allocation_failure(
llvm.func @_mlir_memref_to_llvm_aligned_alloc(i64, i64) -> !llvm.ptr
// CHECK: llvm.func internal @_mlir_memref_to_llvm_free(
// CHECK-NEXT: llvm.call @free(
// CHECK-NEXT: llvm.return
llvm.func @_mlir_memref_to_llvm_free(!llvm.ptr)
// One line is printed, whichever threads fail.
// CHECK: llvm.func internal @diff.report_allocation_failure(
// CHECK: llvm.atomicrmw xchg
// CHECK: llvm.call @fprintf(
// CHECK: llvm.call @exit(

// -----

// What is defined already, or not used, is left alone.
// CHECK: module {
// CHECK-NEXT: llvm.func @_mlir_memref_to_llvm_free(
// CHECK-NEXT: llvm.return
// CHECK-NOT: llvm.func
llvm.func @_mlir_memref_to_llvm_free(%p: !llvm.ptr) {
  llvm.return
}
