// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-move-bf16-as-i16 | FileCheck %s

// Moved values are i16: masked accesses, block arguments, aggregates, shuffles.
// CHECK-LABEL: llvm.func @moves(
// CHECK-SAME: !llvm.ptr, %{{.*}}: vector<16xi1>, %{{.*}}: i1) -> vector<16xi16> {
// CHECK-NOT: bf16
// CHECK: llvm.intr.masked.load {{.*}} (!llvm.ptr, vector<16xi1>, vector<16xi16>) -> vector<16xi16>
// CHECK: ^bb{{.*}}(%{{.*}}: !llvm.array<2 x vector<16xi16>>):
// CHECK: llvm.return
llvm.func @moves(%p: !llvm.ptr, %mask: vector<16xi1>, %c: i1) -> vector<16xbf16> {
  %other = llvm.mlir.constant(dense<1.0> : vector<16xbf16>) : vector<16xbf16>
  %0 = llvm.intr.masked.load %p, %mask, %other {alignment = 2 : i32} : (!llvm.ptr, vector<16xi1>, vector<16xbf16>) -> vector<16xbf16>
  %1 = llvm.mlir.undef : !llvm.array<2 x vector<16xbf16>>
  %2 = llvm.insertvalue %0, %1[0] : !llvm.array<2 x vector<16xbf16>>
  llvm.cond_br %c, ^next(%1 : !llvm.array<2 x vector<16xbf16>>), ^next(%2 : !llvm.array<2 x vector<16xbf16>>)
^next(%3: !llvm.array<2 x vector<16xbf16>>):
  %4 = llvm.extractvalue %3[1] : !llvm.array<2 x vector<16xbf16>>
  %5 = llvm.shufflevector %4, %0 [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23] : vector<16xbf16>
  %6 = llvm.getelementptr %p[4] : (!llvm.ptr) -> !llvm.ptr, bf16
  llvm.store %5, %6 {alignment = 2 : i64} : vector<16xbf16>, !llvm.ptr
  llvm.return %5 : vector<16xbf16>
}

// -----

// Constants keep their bits: 1.5 is 0x3fc0, -2 is 0xc000.
// CHECK: llvm.mlir.global internal constant @table(dense<[16320, -16384]> : tensor<2xi16>) {{.*}}: !llvm.array<2 x i16>
llvm.mlir.global internal constant @table(dense<[1.5, -2.0]> : tensor<2xbf16>) : !llvm.array<2 x bf16>
// CHECK-LABEL: llvm.func @constant() -> i16
// CHECK: llvm.mlir.constant(16320 : i16) : i16
llvm.func @constant() -> bf16 {
  %0 = llvm.mlir.constant(1.5 : bf16) : bf16
  llvm.return %0 : bf16
}

// -----

// Casts to the bits, of which expanded conversions are made, vanish.
// CHECK-LABEL: llvm.func @casts(
// CHECK-SAME: %[[X:.*]]: i16) -> i16
// CHECK-NEXT: llvm.return %[[X]]
llvm.func @casts(%x: bf16) -> bf16 {
  %0 = llvm.bitcast %x : bf16 to i16
  %1 = llvm.bitcast %0 : i16 to bf16
  llvm.return %1 : bf16
}

// -----

// What computes on bf16 keeps the type, and so does a function that is defined
// elsewhere.
// CHECK: llvm.func @elsewhere(bf16) -> bf16
llvm.func @elsewhere(bf16) -> bf16
// CHECK-LABEL: llvm.func @computes(
// CHECK-SAME: %[[X:.*]]: i16, %[[Y:.*]]: vector<4xi16>) -> i16
// CHECK: %[[C:.*]] = llvm.bitcast %[[X]] : i16 to bf16
// CHECK: %[[F:.*]] = llvm.call @elsewhere(%[[C]]) : (bf16) -> bf16
// CHECK: %[[I:.*]] = llvm.bitcast %[[F]] : bf16 to i16
// CHECK: %[[V:.*]] = llvm.bitcast %[[Y]] : vector<4xi16> to vector<4xbf16>
// CHECK: llvm.intr.vector.reduce.fmaximum(%[[V]]) : (vector<4xbf16>) -> bf16
// CHECK: llvm.call @internal(%[[I]]) : (i16) -> i16
llvm.func @computes(%x: bf16, %y: vector<4xbf16>) -> bf16 {
  %0 = llvm.call @elsewhere(%x) : (bf16) -> bf16
  %1 = llvm.intr.vector.reduce.fmaximum(%y) : (vector<4xbf16>) -> bf16
  %2 = llvm.fadd %0, %1 : bf16
  %3 = llvm.call @internal(%0) : (bf16) -> bf16
  %4 = llvm.fmul %2, %3 : bf16
  llvm.return %4 : bf16
}
// CHECK-LABEL: llvm.func @internal(
// CHECK-SAME: %{{.*}}: i16) -> i16
llvm.func @internal(%x: bf16) -> bf16 {
  llvm.return %x : bf16
}
