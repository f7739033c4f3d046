// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Every op round-trips through text, the generic form and bytecode.
// RUN: diff-opt %s | diff-opt | FileCheck %s
// RUN: diff-opt %s --mlir-print-op-generic | diff-opt | FileCheck %s
// RUN: diff-opt %s --emit-bytecode | diff-opt | FileCheck %s
// RUN: diff-opt %s --verify-roundtrip | FileCheck %s
// RUN: diff-opt %s --mlir-print-op-generic | FileCheck %s --check-prefix=GENERIC

//===----------------------------------------------------------------------===//
// diff.attention
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:.*]]: tensor<1x12x8x16xbf16>, %[[K:.*]]: tensor<1x20x2x16xbf16>, %[[V:.*]]: tensor<1x20x2x16xbf16>, %[[L:.*]]: tensor<1x12x4xbf16>, %[[O:.*]]: tensor<1x12x4x16xbf16>)
// CHECK-NEXT: %{{.*}} = diff.attention
// CHECK-SAME: ins(%[[Q]], %[[K]], %[[V]], %[[L]] : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>, tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
// CHECK-SAME: outs(%[[O]] : tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>{{$}}

// GENERIC-LABEL: sym_name = "attention"
// GENERIC: "diff.attention"(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}) <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0, 0, 1, 0>, signals = 1 : i64}>
func.func @attention(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %init: tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16> {
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>,
             tensor<1x20x2x16xbf16>, tensor<1x20x2x16xbf16>,
             tensor<1x12x4xbf16>)
         outs(%init : tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>
  return %0 : tensor<1x12x4x16xbf16>
}

// All optional clauses, with dynamic sizes, and lambda in f32.
// CHECK-LABEL: func @attention_full
// CHECK: %{{.*}}:2 = diff.attention
// CHECK-SAME: tensor<?x?x8x16xf16>, tensor<?x?x2x16xf16>, tensor<?x?x2x16xf16>, tensor<?x?x4xf32>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x?x4x16xf16>, tensor<?x8x?xf32>)
// CHECK-SAME: diagonal(%{{.*}}) mask<causal, window = [64, 0]> scale(1.250000e-01) softcap(3.000000e+01)
// CHECK-SAME: {note = "kept", schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK-SAME: -> tensor<?x?x4x16xf16>, tensor<?x8x?xf32>

// GENERIC-LABEL: sym_name = "attention_full"
// GENERIC: "diff.attention"
// GENERIC-SAME: mask = #diff.mask<causal, window = [64, 0]>, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0, 1, 1, 1>, scale = 1.250000e-01 : f64, schedule = #diff.schedule<queries = 8, keys = 16>, signals = 1 : i64, softcap = 3.000000e+01 : f64
func.func @attention_full(%q: tensor<?x?x8x16xf16>, %k: tensor<?x?x2x16xf16>,
                          %v: tensor<?x?x2x16xf16>, %lambda: tensor<?x?x4xf32>,
                          %diagonal: index, %init: tensor<?x?x4x16xf16>,
                          %lse: tensor<?x8x?xf32>)
    -> (tensor<?x?x4x16xf16>, tensor<?x8x?xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<?x?x8x16xf16>,
               tensor<?x?x2x16xf16>, tensor<?x?x2x16xf16>, tensor<?x?x4xf32>)
           outs(%init, %lse : tensor<?x?x4x16xf16>, tensor<?x8x?xf32>)
           diagonal(%diagonal) mask<causal, window = [64, 0]> scale(0.125)
           softcap(30.0)
           {schedule = #diff.schedule<queries = 8, keys = 16>, note = "kept"}
           -> tensor<?x?x4x16xf16>, tensor<?x8x?xf32>
  return %0#0, %0#1 : tensor<?x?x4x16xf16>, tensor<?x8x?xf32>
}

// CHECK-LABEL: func @attention_memref
// CHECK: diff.attention ins({{.*}} : memref<1x?x8x16xf32, strided<[?, ?, ?, 1], offset: ?>>, memref<1x?x4x16xf32>, memref<1x?x4x16xf32>, memref<1x?x4xf32, 3>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : memref<1x?x4x16xf32>, memref<1x8x?xf32>) mask<window = [2, 3]>{{$}}
func.func @attention_memref(
    %q: memref<1x?x8x16xf32, strided<[?, ?, ?, 1], offset: ?>>,
    %k: memref<1x?x4x16xf32>, %v: memref<1x?x4x16xf32>,
    %lambda: memref<1x?x4xf32, 3>, %out: memref<1x?x4x16xf32>,
    %lse: memref<1x8x?xf32>) {
  diff.attention
    ins(%q, %k, %v, %lambda
        : memref<1x?x8x16xf32, strided<[?, ?, ?, 1], offset: ?>>,
          memref<1x?x4x16xf32>, memref<1x?x4x16xf32>, memref<1x?x4xf32, 3>)
    outs(%out, %lse : memref<1x?x4x16xf32>, memref<1x8x?xf32>)
    mask<window = [2, 3]>
  return
}

// f64 is the type of the reference: the log-sum-exp is then also f64.
// CHECK-LABEL: func @attention_f64
// CHECK: diff.attention ins({{.*}}xf64>, {{.*}}xf64>, {{.*}}xf64>, tensor<1x3x1xf64>) outs({{.*}} : tensor<1x3x1x4xf64>, tensor<1x2x3xf64>)
func.func @attention_f64(%q: tensor<1x3x2x4xf64>, %k: tensor<1x5x1x4xf64>,
                         %lambda: tensor<1x3x1xf64>, %init: tensor<1x3x1x4xf64>,
                         %lse: tensor<1x2x3xf64>) -> tensor<1x2x3xf64> {
  %0:2 = diff.attention
           ins(%q, %k, %k, %lambda : tensor<1x3x2x4xf64>, tensor<1x5x1x4xf64>,
               tensor<1x5x1x4xf64>, tensor<1x3x1xf64>)
           outs(%init, %lse : tensor<1x3x1x4xf64>, tensor<1x2x3xf64>)
           -> tensor<1x3x1x4xf64>, tensor<1x2x3xf64>
  return %0#1 : tensor<1x2x3xf64>
}

// A batch or a number of tokens may be 0: such a tensor is empty and legal.
// CHECK-LABEL: func @empty
// CHECK: diff.softmax_attention ins({{.*}} : tensor<0x0x1x4xf32>, tensor<0x0x1x4xf32>, tensor<0x0x1x4xf32>)
func.func @empty(%q: tensor<0x0x1x4xf32>) -> tensor<0x0x1x4xf32> {
  %0 = diff.softmax_attention
         ins(%q, %q, %q : tensor<0x0x1x4xf32>, tensor<0x0x1x4xf32>,
             tensor<0x0x1x4xf32>)
         outs(%q : tensor<0x0x1x4xf32>) -> tensor<0x0x1x4xf32>
  return %0 : tensor<0x0x1x4xf32>
}

//===----------------------------------------------------------------------===//
// diff.attention_v1
//===----------------------------------------------------------------------===//

// The defaults of lambda_init and epsilon are not printed.
// CHECK-LABEL: func @attention_v1
// CHECK: %{{.*}} = diff.attention_v1
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : tensor<1x12x8x16xbf16>, tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>, tensor<32xbf16>)
// CHECK-SAME: outs(%{{.*}} : tensor<1x12x4x32xbf16>) -> tensor<1x12x4x32xbf16>{{$}}

// GENERIC-LABEL: sym_name = "attention_v1"
// GENERIC: "diff.attention_v1"{{.*}} <{epsilon = 1.000000e-05 : f64, lambda_init = 8.000000e-01 : f64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 0, 0, 1, 0>
func.func @attention_v1(%q: tensor<1x12x8x16xbf16>,
                        %k: tensor<1x20x4x16xbf16>, %v: tensor<1x20x2x32xbf16>,
                        %lambda: tensor<4xf32>, %weight: tensor<32xbf16>,
                        %init: tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
             tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
             tensor<32xbf16>)
         outs(%init : tensor<1x12x4x32xbf16>)
         lambda_init(0.8) epsilon(1.0e-5) -> tensor<1x12x4x32xbf16>
  return %0 : tensor<1x12x4x32xbf16>
}

// CHECK-LABEL: func @attention_v1_full
// CHECK: %{{.*}}:2 = diff.attention_v1
// CHECK-SAME: tensor<4xf32>, tensor<32xf32>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x?x4x32xf16>, tensor<?x8x?xf32>)
// CHECK-SAME: diagonal(%{{.*}}) mask<causal> scale(2.500000e-01) softcap(5.000000e+01) lambda_init(2.500000e-01) epsilon(2.500000e-01)
// CHECK-SAME: {schedule = #diff.schedule<heads = 2, queries = 4, keys = 8, threads = 64>}
// CHECK-SAME: -> tensor<?x?x4x32xf16>, tensor<?x8x?xf32>
func.func @attention_v1_full(%q: tensor<?x?x8x16xf16>, %k: tensor<?x?x4x16xf16>,
                             %v: tensor<?x?x2x32xf16>, %lambda: tensor<4xf32>,
                             %weight: tensor<32xf32>, %diagonal: index,
                             %init: tensor<?x?x4x32xf16>,
                             %lse: tensor<?x8x?xf32>)
    -> (tensor<?x?x4x32xf16>, tensor<?x8x?xf32>) {
  %0:2 = diff.attention_v1
           ins(%q, %k, %v, %lambda, %weight : tensor<?x?x8x16xf16>,
               tensor<?x?x4x16xf16>, tensor<?x?x2x32xf16>, tensor<4xf32>,
               tensor<32xf32>)
           outs(%init, %lse : tensor<?x?x4x32xf16>, tensor<?x8x?xf32>)
           diagonal(%diagonal) mask<causal> scale(0.25) softcap(50.0)
           lambda_init(0.25) epsilon(0.25)
           {schedule = #diff.schedule<heads = 2, queries = 4, keys = 8,
                                      threads = 64>}
           -> tensor<?x?x4x32xf16>, tensor<?x8x?xf32>
  return %0#0, %0#1 : tensor<?x?x4x32xf16>, tensor<?x8x?xf32>
}

// lambda_init may be negative.
// CHECK-LABEL: func @attention_v1_memref
// CHECK: diff.attention_v1 ins({{.*}} : memref<1x4x2x4xf64>, memref<1x4x2x4xf64>, memref<1x4x1x8xf64>, memref<1xf64>, memref<8xf64>)
// CHECK-SAME: outs(%{{.*}} : memref<1x4x1x8xf64>) lambda_init(-5.000000e-01){{$}}
func.func @attention_v1_memref(%q: memref<1x4x2x4xf64>, %v: memref<1x4x1x8xf64>,
                               %lambda: memref<1xf64>, %weight: memref<8xf64>,
                               %out: memref<1x4x1x8xf64>) {
  diff.attention_v1
    ins(%q, %q, %v, %lambda, %weight : memref<1x4x2x4xf64>,
        memref<1x4x2x4xf64>, memref<1x4x1x8xf64>, memref<1xf64>, memref<8xf64>)
    outs(%out : memref<1x4x1x8xf64>) lambda_init(-0.5)
  return
}

//===----------------------------------------------------------------------===//
// diff.softmax_attention
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @softmax_attention
// CHECK: %{{.*}} = diff.softmax_attention
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x12x6x16xf32>, tensor<2x20x3x16xf32>, tensor<2x20x3x16xf32>)
// CHECK-SAME: outs(%{{.*}} : tensor<2x12x6x16xf32>) -> tensor<2x12x6x16xf32>{{$}}

// GENERIC-LABEL: sym_name = "softmax_attention"
// GENERIC: "diff.softmax_attention"{{.*}} <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 1, 0>}>
func.func @softmax_attention(%q: tensor<2x12x6x16xf32>,
                             %k: tensor<2x20x3x16xf32>,
                             %v: tensor<2x20x3x16xf32>,
                             %init: tensor<2x12x6x16xf32>)
    -> tensor<2x12x6x16xf32> {
  %0 = diff.softmax_attention
         ins(%q, %k, %v : tensor<2x12x6x16xf32>, tensor<2x20x3x16xf32>,
             tensor<2x20x3x16xf32>)
         outs(%init : tensor<2x12x6x16xf32>) -> tensor<2x12x6x16xf32>
  return %0 : tensor<2x12x6x16xf32>
}

// Values whose width differs from that of the keys.
// CHECK-LABEL: func @softmax_attention_full
// CHECK: %{{.*}}:2 = diff.softmax_attention
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x8x64xf16>, tensor<?x?x2x64xf16>, tensor<?x?x2x128xf16>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x?x8x128xf16>, tensor<?x8x?xf32>)
// CHECK-SAME: diagonal(%{{.*}}) mask<window = [128, -1]> scale(1.000000e-01) softcap(3.000000e+01)
// CHECK-SAME: {schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK-SAME: -> tensor<?x?x8x128xf16>, tensor<?x8x?xf32>
func.func @softmax_attention_full(%q: tensor<?x?x8x64xf16>,
                                  %k: tensor<?x?x2x64xf16>,
                                  %v: tensor<?x?x2x128xf16>, %diagonal: index,
                                  %init: tensor<?x?x8x128xf16>,
                                  %lse: tensor<?x8x?xf32>)
    -> (tensor<?x?x8x128xf16>, tensor<?x8x?xf32>) {
  %0:2 = diff.softmax_attention
           ins(%q, %k, %v : tensor<?x?x8x64xf16>, tensor<?x?x2x64xf16>,
               tensor<?x?x2x128xf16>)
           outs(%init, %lse : tensor<?x?x8x128xf16>, tensor<?x8x?xf32>)
           diagonal(%diagonal) mask<window = [128, -1]> scale(0.1) softcap(30.0)
           {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<?x?x8x128xf16>, tensor<?x8x?xf32>
  return %0#0, %0#1 : tensor<?x?x8x128xf16>, tensor<?x8x?xf32>
}

// CHECK-LABEL: func @softmax_attention_memref
// CHECK: diff.softmax_attention ins({{.*}} : memref<?x?x2x8xbf16>, memref<?x?x1x8xbf16>, memref<?x?x1x8xbf16>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : memref<?x?x2x8xbf16>, memref<?x2x?xf32>){{$}}
func.func @softmax_attention_memref(%q: memref<?x?x2x8xbf16>,
                                    %k: memref<?x?x1x8xbf16>,
                                    %out: memref<?x?x2x8xbf16>,
                                    %lse: memref<?x2x?xf32>) {
  diff.softmax_attention
    ins(%q, %k, %k : memref<?x?x2x8xbf16>, memref<?x?x1x8xbf16>,
        memref<?x?x1x8xbf16>)
    outs(%out, %lse : memref<?x?x2x8xbf16>, memref<?x2x?xf32>)
  return
}

//===----------------------------------------------------------------------===//
// diff.online_attention
//===----------------------------------------------------------------------===//

// One map is the default; the value's head dimension is free.
// CHECK-LABEL: func @online_attention
// CHECK: %{{.*}}:3 = diff.online_attention
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x8x4x16xf32>, tensor<1x32x2x16xf32>, tensor<1x32x2x24xf32>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : tensor<1x4x8x24xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>)
// CHECK-SAME: -> tensor<1x4x8x24xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>{{$}}

// GENERIC-LABEL: sym_name = "online_attention"
// GENERIC: "diff.online_attention"{{.*}} <{maps = 1 : i64, operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 1, 1>}>
func.func @online_attention(%q: tensor<1x8x4x16xf32>, %k: tensor<1x32x2x16xf32>,
                            %v: tensor<1x32x2x24xf32>,
                            %acc: tensor<1x4x8x24xf32>, %max: tensor<1x4x8xf32>,
                            %sum: tensor<1x4x8xf32>) -> tensor<1x4x8x24xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x4x16xf32>, tensor<1x32x2x16xf32>,
               tensor<1x32x2x24xf32>)
           outs(%acc, %max, %sum : tensor<1x4x8x24xf32>, tensor<1x4x8xf32>,
                tensor<1x4x8xf32>)
           maps(1)
           -> tensor<1x4x8x24xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>
  return %0#0 : tensor<1x4x8x24xf32>
}

// Two maps that share their keys.
// CHECK-LABEL: func @online_attention_full
// CHECK: %{{.*}}:3 = diff.online_attention
// CHECK-SAME: maps(2) diagonal(%{{.*}}) key_length(%{{.*}}) mask<causal> scale(8.830000e-02) softcap(3.000000e+01)
// CHECK-SAME: {schedule = #diff.schedule<queries = 8, keys = 16>}
// CHECK-SAME: -> tensor<?x4x?x16xf32>, tensor<?x4x?xf32>, tensor<?x4x?xf32>
func.func @online_attention_full(%q: tensor<?x?x4x16xbf16>,
                                 %k: tensor<?x?x2x16xbf16>,
                                 %v: tensor<?x?x2x16xbf16>, %diagonal: index,
                                 %length: index, %acc: tensor<?x4x?x16xf32>,
                                 %max: tensor<?x4x?xf32>,
                                 %sum: tensor<?x4x?xf32>)
    -> tensor<?x4x?x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<?x?x4x16xbf16>, tensor<?x?x2x16xbf16>,
               tensor<?x?x2x16xbf16>)
           outs(%acc, %max, %sum : tensor<?x4x?x16xf32>, tensor<?x4x?xf32>,
                tensor<?x4x?xf32>)
           maps(2) diagonal(%diagonal) key_length(%length) mask<causal>
           scale(0.0883) softcap(30.0)
           {schedule = #diff.schedule<queries = 8, keys = 16>}
           -> tensor<?x4x?x16xf32>, tensor<?x4x?xf32>, tensor<?x4x?xf32>
  return %0#0 : tensor<?x4x?x16xf32>
}

// Two maps with separate keys, on memrefs; a length without a diagonal.
// CHECK-LABEL: func @online_attention_memref
// CHECK: diff.online_attention ins({{.*}} : memref<1x8x4x16xf16>, memref<1x32x4x16xf16>, memref<1x32x2x32xf16>)
// CHECK-SAME: outs(%{{.*}}, %{{.*}}, %{{.*}} : memref<1x4x8x32xf32>, memref<1x4x8xf32>, memref<1x4x8xf32>) maps(2) key_length(%{{.*}}){{$}}
func.func @online_attention_memref(%q: memref<1x8x4x16xf16>,
                                   %k: memref<1x32x4x16xf16>,
                                   %v: memref<1x32x2x32xf16>, %length: index,
                                   %acc: memref<1x4x8x32xf32>,
                                   %max: memref<1x4x8xf32>,
                                   %sum: memref<1x4x8xf32>) {
  diff.online_attention
    ins(%q, %k, %v : memref<1x8x4x16xf16>, memref<1x32x4x16xf16>,
        memref<1x32x2x32xf16>)
    outs(%acc, %max, %sum : memref<1x4x8x32xf32>, memref<1x4x8xf32>,
         memref<1x4x8xf32>)
    maps(2) key_length(%length)
  return
}

//===----------------------------------------------------------------------===//
// Sequences of variable length
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @attention_sequences
// CHECK: diff.attention
// CHECK-SAME: outs(%{{.*}}, %{{.*}} : tensor<?x4x16xf16>, tensor<8x?xf32>) cu_seqlens(%{{.*}}, %{{.*}} : tensor<?xi32>, tensor<?xi32>) mask<causal>
// CHECK-SAME: -> tensor<?x4x16xf16>, tensor<8x?xf32>

// GENERIC-LABEL: sym_name = "attention_sequences"
// GENERIC: "diff.attention"
// GENERIC-SAME: operandSegmentSizes = array<i32: 1, 1, 1, 1, 1, 1, 0, 0, 1, 1>
func.func @attention_sequences(%q: tensor<?x8x16xf16>, %k: tensor<?x2x16xf16>,
                               %v: tensor<?x2x16xf16>, %lambda: tensor<?x4xf16>,
                               %cu_q: tensor<?xi32>, %cu_k: tensor<?xi32>,
                               %init: tensor<?x4x16xf16>, %lse: tensor<8x?xf32>)
    -> (tensor<?x4x16xf16>, tensor<8x?xf32>) {
  %0:2 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<?x8x16xf16>, tensor<?x2x16xf16>,
               tensor<?x2x16xf16>, tensor<?x4xf16>)
           outs(%init, %lse : tensor<?x4x16xf16>, tensor<8x?xf32>)
           cu_seqlens(%cu_q, %cu_k : tensor<?xi32>, tensor<?xi32>)
           mask<causal> -> tensor<?x4x16xf16>, tensor<8x?xf32>
  return %0#0, %0#1 : tensor<?x4x16xf16>, tensor<8x?xf32>
}

// CHECK-LABEL: func @attention_v1_sequences
// CHECK: diff.attention_v1
// CHECK-SAME: cu_seqlens(%{{.*}}, %{{.*}} : tensor<4xi32>, tensor<4xi32>) lambda_init(2.000000e-01)
func.func @attention_v1_sequences(%q: tensor<40x4x16xf32>,
                                  %k: tensor<50x4x16xf32>,
                                  %v: tensor<50x2x32xf32>,
                                  %lambda: tensor<2xf32>,
                                  %weight: tensor<32xf32>,
                                  %cu_q: tensor<4xi32>, %cu_k: tensor<4xi32>,
                                  %init: tensor<40x2x32xf32>)
    -> tensor<40x2x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<40x4x16xf32>,
             tensor<50x4x16xf32>, tensor<50x2x32xf32>, tensor<2xf32>,
             tensor<32xf32>)
         outs(%init : tensor<40x2x32xf32>)
         cu_seqlens(%cu_q, %cu_k : tensor<4xi32>, tensor<4xi32>)
         lambda_init(0.2) -> tensor<40x2x32xf32>
  return %0 : tensor<40x2x32xf32>
}

// CHECK-LABEL: func @softmax_attention_sequences_memref
// CHECK: diff.softmax_attention
// CHECK-SAME: cu_seqlens(%{{.*}}, %{{.*}} : memref<3xi32>, memref<3xi32>){{$}}
func.func @softmax_attention_sequences_memref(%q: memref<40x4x16xbf16>,
                                              %cu: memref<3xi32>) {
  diff.softmax_attention
    ins(%q, %q, %q : memref<40x4x16xbf16>, memref<40x4x16xbf16>,
        memref<40x4x16xbf16>)
    outs(%q : memref<40x4x16xbf16>)
    cu_seqlens(%cu, %cu : memref<3xi32>, memref<3xi32>)
  return
}

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

// CHECK-LABEL: func @attention_head_major
// CHECK: diff.attention
// CHECK-SAME: mask<causal> layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3], value = [0, 2, 1, 3], output = [0, 2, 1, 3]> -> tensor<1x4x12x16xbf16>
func.func @attention_head_major(%q: tensor<1x8x12x16xbf16>,
                                %k: tensor<1x2x20x16xbf16>,
                                %v: tensor<1x2x20x16xbf16>,
                                %lambda: tensor<1x12x4xbf16>,
                                %init: tensor<1x4x12x16xbf16>)
    -> tensor<1x4x12x16xbf16> {
  %0 = diff.attention
         ins(%q, %k, %v, %lambda : tensor<1x8x12x16xbf16>,
             tensor<1x2x20x16xbf16>, tensor<1x2x20x16xbf16>,
             tensor<1x12x4xbf16>)
         outs(%init : tensor<1x4x12x16xbf16>) mask<causal>
         layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
         -> tensor<1x4x12x16xbf16>
  return %0 : tensor<1x4x12x16xbf16>
}

// Each operand has its own order; with sequences, an order has three dimensions.
// CHECK-LABEL: func @attention_v1_mixed
// CHECK: diff.attention_v1
// CHECK-SAME: layout<key = [1, 0, 2], output = [1, 0, 2]> lambda_init(5.000000e-01)
func.func @attention_v1_mixed(%q: tensor<?x4x16xf32>, %k: tensor<4x?x16xf32>,
                              %v: tensor<?x2x32xf32>, %lambda: tensor<2xf32>,
                              %weight: tensor<32xf32>, %cu: tensor<?xi32>,
                              %init: tensor<2x?x32xf32>) -> tensor<2x?x32xf32> {
  %0 = diff.attention_v1
         ins(%q, %k, %v, %lambda, %weight : tensor<?x4x16xf32>,
             tensor<4x?x16xf32>, tensor<?x2x32xf32>, tensor<2xf32>,
             tensor<32xf32>)
         outs(%init : tensor<2x?x32xf32>)
         cu_seqlens(%cu, %cu : tensor<?xi32>, tensor<?xi32>)
         layout<output = [1, 0, 2], key = [1, 0, 2]>
         lambda_init(0.5) -> tensor<2x?x32xf32>
  return %0 : tensor<2x?x32xf32>
}

// CHECK-LABEL: func @online_attention_token_major
// CHECK: diff.online_attention
// CHECK-SAME: maps(2) scale(2.500000e-01) layout<query = [1, 0, 2, 3]>
func.func @online_attention_token_major(%q: tensor<8x1x2x16xf32>,
                                        %k: tensor<1x16x1x16xf32>,
                                        %acc: tensor<1x2x8x16xf32>,
                                        %row: tensor<1x2x8xf32>)
    -> tensor<1x2x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<8x1x2x16xf32>, tensor<1x16x1x16xf32>,
               tensor<1x16x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2) scale(0.25) layout<query = [1, 0, 2, 3]>
           -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0 : tensor<1x2x8x16xf32>
}

// -----

// Head groups and a gate, in any order of the clauses; printed in one.
// CHECK-LABEL: func.func @head_groups
// CHECK: diff.attention ins({{.*}}) outs({{.*}}) gate(%{{.*}} : tensor<1x7x8x24xf32>) signals(4) mask<causal>
// CHECK: diff.attention_v1 ins({{.*}}) outs({{.*}}) gate(%{{.*}} : tensor<1x7x8x32xf32>) signals(2)
// CHECK: diff.softmax_attention ins({{.*}}) outs({{.*}}) gate(%{{.*}} : tensor<1x7x8x32xf32>)
func.func @head_groups(%q: tensor<1x7x10x16xf32>, %k: tensor<1x9x2x16xf32>,
                       %v: tensor<1x9x2x24xf32>, %l: tensor<1x7x8xf32>,
                       %o: tensor<1x7x8x24xf32>, %q1: tensor<1x7x12x16xf32>,
                       %k1: tensor<1x9x8x16xf32>, %v1: tensor<1x9x4x32xf32>,
                       %l1: tensor<8xf32>, %w: tensor<32xf32>,
                       %o1: tensor<1x7x8x32xf32>, %q0: tensor<1x7x8x16xf32>,
                       %k0: tensor<1x9x4x16xf32>)
    -> (tensor<1x7x8x24xf32>, tensor<1x7x8x32xf32>, tensor<1x7x8x32xf32>) {
  %0 = diff.attention
         ins(%q, %k, %v, %l : tensor<1x7x10x16xf32>, tensor<1x9x2x16xf32>,
             tensor<1x9x2x24xf32>, tensor<1x7x8xf32>)
         outs(%o : tensor<1x7x8x24xf32>)
         mask<causal> signals(4) gate(%o : tensor<1x7x8x24xf32>)
         -> tensor<1x7x8x24xf32>
  %1 = diff.attention_v1
         ins(%q1, %k1, %v1, %l1, %w : tensor<1x7x12x16xf32>,
             tensor<1x9x8x16xf32>, tensor<1x9x4x32xf32>, tensor<8xf32>,
             tensor<32xf32>)
         outs(%o1 : tensor<1x7x8x32xf32>)
         signals(2) gate(%o1 : tensor<1x7x8x32xf32>) -> tensor<1x7x8x32xf32>
  %2 = diff.softmax_attention
         ins(%q0, %k0, %v1 : tensor<1x7x8x16xf32>, tensor<1x9x4x16xf32>,
             tensor<1x9x4x32xf32>)
         outs(%o1 : tensor<1x7x8x32xf32>)
         gate(%o1 : tensor<1x7x8x32xf32>) -> tensor<1x7x8x32xf32>
  return %0, %1, %2
      : tensor<1x7x8x24xf32>, tensor<1x7x8x32xf32>, tensor<1x7x8x32xf32>
}
