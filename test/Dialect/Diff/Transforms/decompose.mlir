// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -diff-decompose -canonicalize -cse | FileCheck %s
// RUN: diff-opt %s -split-input-file -diff-decompose="head-major-query=false" -canonicalize -cse | FileCheck %s --check-prefix=TOKEN
// RUN: diff-opt %s -split-input-file -diff-decompose="round-weights=true lazy-max=true" -canonicalize -cse | FileCheck %s --check-prefix=TENSOR

// One step of the online softmax, without a batch and heads of size 1.
// CHECK-LABEL: func @online_attention
// CHECK-SAME: (%[[Q:.*]]: tensor<1x8x2x16xbf16>, %[[K:.*]]: tensor<1x32x1x16xbf16>, %[[V:.*]]: tensor<1x32x1x16xbf16>, %[[ACC:.*]]: tensor<1x2x8x16xf32>, %[[MAX:.*]]: tensor<1x2x8xf32>, %[[SUM:.*]]: tensor<1x2x8xf32>)
// scale(0.25) times log2(e).
// CHECK-DAG: %[[SCALE:.*]] = arith.constant 0.360673755 : f32
// The power of two above, and the scores and maxima beyond which it is taken:
// 2^27 / scale, and 2^27.
// CHECK-DAG: %[[POWER:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[COARSE:.*]] = arith.constant 0x4DB17218 : f32
// CHECK-DAG: %[[COARSEMAX:.*]] = arith.constant 0x4D000000 : f32
// CHECK-DAG: %[[INF:.*]] = arith.constant 0xFF800000 : f32

// Query rows as (map, token), like the running values.
// CHECK-DAG: %[[Q3:.*]] = tensor.extract_slice %[[Q]]{{.*}} to tensor<8x2x16xbf16>
// In the order of the tokens, the contraction reads them directly.
// TOKEN-LABEL: func @online_attention
// TOKEN-NOT: tensor<2x8x16xbf16>
// TOKEN: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<8x2x16xbf16>, tensor<32x16xbf16>) outs(%{{.*}} : tensor<2x8x32xf32>)
// CHECK-DAG: %[[K2:.*]] = tensor.extract_slice %[[K]]{{.*}} to tensor<32x16xbf16>
// CHECK-DAG: %[[V2:.*]] = tensor.extract_slice %[[V]]{{.*}} to tensor<32x16xbf16>
// CHECK-DAG: %[[OLDMAX:.*]] = tensor.extract_slice %[[MAX]]{{.*}} to tensor<2x8xf32>
// CHECK-DAG: %[[OLDSUM:.*]] = tensor.extract_slice %[[SUM]]{{.*}} to tensor<2x8xf32>
// CHECK-DAG: %[[OLDACC:.*]] = tensor.extract_slice %[[ACC]]{{.*}} to tensor<2x8x16xf32>
// CHECK-DAG: %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[Q3]] : tensor<8x2x16xbf16>) outs(%{{.*}} : tensor<2x8x16xbf16>)
// CHECK-DAG: %[[QK:.*]] = linalg.generic {{.*}} ins(%[[ROWS]], %[[K2]] :{{.*}}) outs(%{{.*}} : tensor<2x8x32xf32>)

// max' = maximum(max, s rowmax(q k)): scores are scaled in the exponent. The maximum
// is finite from the start, so that infinities are never subtracted. With a power of
// two, the product is exact.
// CHECK: %[[LEAST:.*]] = linalg.fill ins(%[[INF]] : f32)
// CHECK: %[[ROWMAX:.*]] = linalg.generic {{.*}} ins(%[[QK]] :{{.*}}) outs(%[[LEAST]] :
// CHECK: arith.maximumf
// CHECK: %[[NEWMAX:.*]] = linalg.generic {{.*}} ins(%[[OLDMAX]] :{{.*}}) outs(%[[ROWMAX]] :
// CHECK-NEXT: ^bb0(%[[OLD:.*]]: f32, %[[RAW:.*]]: f32):
// CHECK-NEXT: %[[ABS:.*]] = math.absf %[[RAW]] : f32
// CHECK-NEXT: %[[ISCOARSE:.*]] = arith.cmpf ogt, %[[ABS]], %[[COARSE]] : f32
// CHECK-NEXT: %[[FACTOR:.*]] = arith.select %[[ISCOARSE]], %[[POWER]], %[[SCALE]] : f32
// CHECK-NEXT: %[[SCALED:.*]] = arith.mulf %[[RAW]], %[[FACTOR]] : f32
// CHECK-NEXT: arith.maximumf %[[OLD]], %[[SCALED]] : f32

// f = exp2(max - max'), p = exp2(s x - max'), the exponent in one fused
// multiply-add.
// CHECK: %[[F:.*]] = linalg.generic {{.*}} ins(%[[OLDMAX]], %[[NEWMAX]] :
// CHECK: math.exp2
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%[[NEWMAX]] :
// CHECK-NEXT: ^bb0(%[[M:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: %[[ABS:.*]] = math.absf %[[M]] : f32
// CHECK-NEXT: %[[ISCOARSE:.*]] = arith.cmpf ogt, %[[ABS]], %[[COARSEMAX]] : f32
// CHECK-NEXT: arith.select %[[ISCOARSE]], %[[POWER]], %[[SCALE]] : f32
// CHECK: %[[P:.*]] = linalg.generic {{.*}} ins(%[[NEWMAX]], %[[S]] :{{.*}}) outs(%[[QK]] :
// CHECK-NEXT: ^bb0(%[[M:.*]]: f32, %[[FACTOR:.*]]: f32, %[[X:.*]]: f32):
// CHECK-NEXT: %[[SX:.*]] = arith.mulf %[[X]], %[[FACTOR]] fastmath<contract> : f32
// CHECK-NEXT: %[[E:.*]] = arith.subf %[[SX]], %[[M]] fastmath<contract> : f32
// CHECK-NEXT: math.exp2 %[[E]]

// sum' = f sum + rowsum(p), acc' = f acc + p V
// CHECK: %[[FSUM:.*]] = linalg.generic {{.*}} ins(%[[F]] :{{.*}}) outs(%[[OLDSUM]] :
// CHECK: %[[NEWSUM:.*]] = linalg.generic {{.*}} ins(%[[P]] :{{.*}}) outs(%[[FSUM]] :
// CHECK: %[[FACC:.*]] = linalg.generic {{.*}} ins(%[[F]] :{{.*}}) outs(%[[OLDACC]] :
// CHECK: %[[NEWACC:.*]] = linalg.generic {{.*}} ins(%[[P]], %[[V2]] :{{.*}}) outs(%[[FACC]] :
// CHECK-NOT: linalg.generic
// CHECK-DAG: %[[R0:.*]] = tensor.insert_slice %[[NEWACC]] into %[[ACC]]
// CHECK-DAG: %[[R1:.*]] = tensor.insert_slice %[[NEWMAX]] into %[[MAX]]
// CHECK-DAG: %[[R2:.*]] = tensor.insert_slice %[[NEWSUM]] into %[[SUM]]
// CHECK: return %[[R0]], %[[R1]], %[[R2]]
func.func @online_attention(%q: tensor<1x8x2x16xbf16>,
                            %k: tensor<1x32x1x16xbf16>,
                            %v: tensor<1x32x1x16xbf16>,
                            %acc: tensor<1x2x8x16xf32>,
                            %max: tensor<1x2x8xf32>, %sum: tensor<1x2x8xf32>)
    -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x2x16xbf16>, tensor<1x32x1x16xbf16>,
               tensor<1x32x1x16xbf16>)
           outs(%acc, %max, %sum : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2)
           -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0, %0#1, %0#2
    : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
}

// -----

// Only the length masks padding: j <= length - 1.
// CHECK-LABEL: func @key_length
// CHECK-SAME: %[[LENGTH:[^:]*]]: index
// CHECK: %[[MIN:.*]] = arith.minsi %[[LENGTH]]
// CHECK: %[[MAX:.*]] = arith.maxsi %[[MIN]]
// CHECK: %[[L:.*]] = arith.index_cast %[[MAX]] : index to i32
// CHECK: %[[J:.*]] = linalg.index 1 : index
// CHECK: %[[J32:.*]] = arith.index_cast %[[J]] : index to i32
// CHECK: %[[LAST:.*]] = arith.subi %[[L]], %{{.*}} : i32
// CHECK: %[[VISIBLE:.*]] = arith.cmpi sle, %[[J32]], %[[LAST]] : i32
// CHECK-NEXT: arith.select %[[VISIBLE]]
func.func @key_length(%q: tensor<1x8x1x16xf32>, %k: tensor<1x32x1x16xf32>,
                      %acc: tensor<1x1x8x16xf32>, %row: tensor<1x1x8xf32>,
                      %length: index) -> tensor<1x1x8x16xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %k : tensor<1x8x1x16xf32>, tensor<1x32x1x16xf32>,
               tensor<1x32x1x16xf32>)
           outs(%acc, %row, %row : tensor<1x1x8x16xf32>, tensor<1x1x8xf32>,
                tensor<1x1x8xf32>)
           key_length(%length)
           -> tensor<1x1x8x16xf32>, tensor<1x1x8xf32>, tensor<1x1x8xf32>
  return %0#0 : tensor<1x1x8x16xf32>
}

// -----

// Maps with separate keys: the map is a loop of the products with the keys.
// CHECK-LABEL: func @own_keys
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x8x16xf32>, tensor<32x2x16xf32>) outs(%{{.*}} : tensor<2x8x32xf32>)
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2x8x32xf32>, tensor<32x24xf32>) outs(%{{.*}} : tensor<2x8x24xf32>)
func.func @own_keys(%q: tensor<1x8x2x16xf32>, %k: tensor<1x32x2x16xf32>,
                    %v: tensor<1x32x1x24xf32>, %acc: tensor<1x2x8x24xf32>,
                    %row: tensor<1x2x8xf32>) -> tensor<1x2x8x24xf32> {
  %0:3 = diff.online_attention
           ins(%q, %k, %v : tensor<1x8x2x16xf32>, tensor<1x32x2x16xf32>,
               tensor<1x32x1x24xf32>)
           outs(%acc, %row, %row : tensor<1x2x8x24xf32>, tensor<1x2x8xf32>,
                tensor<1x2x8xf32>)
           maps(2) -> tensor<1x2x8x24xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return %0#0 : tensor<1x2x8x24xf32>
}

// -----

// The common work of the steps is computed once, before the loop.
// CHECK-LABEL: func @invariant_query
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<8x2x16xbf16>) outs(%{{.*}} : tensor<2x8x16xbf16>)
// CHECK: scf.for
// CHECK-NOT: tensor<8x2x16xbf16>
// CHECK: scf.yield
func.func @invariant_query(%q: tensor<1x8x2x16xbf16>, %k: tensor<1x64x1x16xbf16>,
                           %acc: tensor<1x2x8x16xf32>, %row: tensor<1x2x8xf32>)
    -> tensor<1x2x8x16xf32> {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %0:3 = scf.for %i = %c0 to %c64 step %c16
      iter_args(%a = %acc, %m = %row, %s = %row)
      -> (tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>) {
    %1 = tensor.extract_slice %k[0, %i, 0, 0] [1, 16, 1, 16] [1, 1, 1, 1]
      : tensor<1x64x1x16xbf16> to tensor<1x16x1x16xbf16>
    %2:3 = diff.online_attention
             ins(%q, %1, %1 : tensor<1x8x2x16xbf16>, tensor<1x16x1x16xbf16>,
                 tensor<1x16x1x16xbf16>)
             outs(%a, %m, %s : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
                  tensor<1x2x8xf32>)
             maps(2)
             -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
    scf.yield %2#0, %2#1, %2#2
      : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  }
  return %0#0 : tensor<1x2x8x16xf32>
}

// -----

// On tensor cores, with a schedule that skips rescaling, the maximum stays if it
// would rise by less than 2^8, but a NaN updates it (round-weights and lazy-max). The
// weights are rounded before the second product; the sum adds the f32 weights.
// Neither happens without the options or for a tile without a schedule.
// TENSOR-LABEL: func @online_attention
// TENSOR-NOT: arith.truncf
// TENSOR: return
// TENSOR-LABEL: func @on_tensor_cores
// TENSOR-DAG: %[[RISE:.*]] = arith.constant 8.000000e+00 : f32
// TENSOR: arith.maximumf
// TENSOR: ^bb0(%[[OLD:.*]]: f32, %[[RAW:.*]]: f32):
// TENSOR: %[[SCALED:.*]] = arith.mulf %[[RAW]], %{{.*}} : f32
// TENSOR-NEXT: %[[BY:.*]] = arith.subf %[[SCALED]], %[[OLD]] : f32
// TENSOR-NEXT: %[[HIGH:.*]] = arith.cmpf ugt, %[[BY]], %[[RISE]] : f32
// TENSOR-NEXT: arith.select %[[HIGH]], %[[SCALED]], %[[OLD]] : f32
// TENSOR: %[[P:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<16xf32>, tensor<16xf32>) outs(%{{.*}} : tensor<16x32xf32>)
// TENSOR: math.exp2
// TENSOR-DAG: linalg.generic {{.*}} ins(%[[P]] : tensor<16x32xf32>) outs(%{{.*}} : tensor<16xf32>)
// TENSOR-DAG: %[[ROUNDED:.*]] = linalg.generic {{.*}} ins(%[[P]] : tensor<16x32xf32>) outs(%{{.*}} : tensor<16x32xbf16>)
// TENSOR: arith.truncf
// TENSOR: linalg.generic {{.*}} ins(%[[ROUNDED]], %{{.*}} : tensor<16x32xbf16>, tensor<32x16xbf16>)
// CHECK-LABEL: func @on_tensor_cores
// CHECK-NOT: arith.truncf
// CHECK-NOT: arith.cmpf ugt
// CHECK: return
func.func @on_tensor_cores(%q: tensor<1x16x1x16xbf16>,
                           %k: tensor<1x32x1x16xbf16>,
                           %acc: tensor<1x1x16x16xf32>,
                           %row: tensor<1x1x16xf32>)
    -> (tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>) {
  %0:3 = scf.forall (%i) in (1) shared_outs(%a = %acc, %m = %row, %s = %row)
      -> (tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>) {
    %1:3 = diff.online_attention
             ins(%q, %k, %k : tensor<1x16x1x16xbf16>, tensor<1x32x1x16xbf16>,
                 tensor<1x32x1x16xbf16>)
             outs(%a, %m, %s : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>,
                  tensor<1x1x16xf32>)
             -> tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1#0 into %a[0, 0, 0, 0] [1, 1, 16, 16] [1, 1, 1, 1]
        : tensor<1x1x16x16xf32> into tensor<1x1x16x16xf32>
      tensor.parallel_insert_slice %1#1 into %m[0, 0, 0] [1, 1, 16] [1, 1, 1]
        : tensor<1x1x16xf32> into tensor<1x1x16xf32>
      tensor.parallel_insert_slice %1#2 into %s[0, 0, 0] [1, 1, 16] [1, 1, 1]
        : tensor<1x1x16xf32> into tensor<1x1x16xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 1, skip_rescale = true>}
  return %0#0, %0#1, %0#2
    : tensor<1x1x16x16xf32>, tensor<1x1x16xf32>, tensor<1x1x16xf32>
}

// -----

// With two maps and a small scale, the weights are multiplied in two parts.
// The scores of a softcap have one factor for all rows.
// TENSOR-LABEL: func @small_scale
// TENSOR-NOT: math.absf
// TENSOR: math.exp2
// TENSOR: %[[P:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<2x16x32xf32>)
// TENSOR: math.exp2
// TENSOR-DAG: %[[ROUNDED:.*]] = linalg.generic {{.*}} ins(%[[P]] : tensor<2x16x32xf32>) outs(%{{.*}} : tensor<2x16x32xf16>)
// TENSOR-DAG: %[[REST:.*]] = linalg.generic {{.*}} ins(%[[P]] : tensor<2x16x32xf32>) outs(%{{.*}} : tensor<2x16x32xf16>)
// TENSOR: arith.subf
// TENSOR: %[[ACC:.*]] = linalg.generic {{.*}} ins(%[[ROUNDED]], %{{.*}} : tensor<2x16x32xf16>, tensor<32x16xf16>)
// TENSOR: linalg.generic {{.*}} ins(%[[REST]], %{{.*}} : tensor<2x16x32xf16>, tensor<32x16xf16>) outs(%[[ACC]] :
func.func @small_scale(%q: tensor<1x16x2x16xf16>, %k: tensor<1x32x1x16xf16>,
                       %acc: tensor<1x2x16x16xf32>, %row: tensor<1x2x16xf32>)
    -> tensor<1x2x16x16xf32> {
  %0 = scf.forall (%i) in (1) shared_outs(%a = %acc)
      -> (tensor<1x2x16x16xf32>) {
    %1:3 = diff.online_attention
             ins(%q, %k, %k : tensor<1x16x2x16xf16>, tensor<1x32x1x16xf16>,
                 tensor<1x32x1x16xf16>)
             outs(%a, %row, %row : tensor<1x2x16x16xf32>, tensor<1x2x16xf32>,
                  tensor<1x2x16xf32>)
             maps(2) scale(0.05) softcap(20.0)
             -> tensor<1x2x16x16xf32>, tensor<1x2x16xf32>, tensor<1x2x16xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %1#0 into %a[0, 0, 0, 0] [1, 2, 16, 16] [1, 1, 1, 1]
        : tensor<1x2x16x16xf32> into tensor<1x2x16x16xf32>
    }
  } {mapping = [#gpu.block<x>], tile.schedule = #tile.schedule<warps = 1>}
  return %0 : tensor<1x2x16x16xf32>
}

// -----

// On memrefs, decomposition is not possible.
// CHECK-LABEL: func @memref
// CHECK: diff.online_attention
func.func @memref(%q: memref<1x8x1x16xf32>, %acc: memref<1x1x8x16xf32>,
                  %row: memref<1x1x8xf32>) {
  diff.online_attention
    ins(%q, %q, %q : memref<1x8x1x16xf32>, memref<1x8x1x16xf32>,
        memref<1x8x1x16xf32>)
    outs(%acc, %row, %row : memref<1x1x8x16xf32>, memref<1x1x8xf32>,
         memref<1x1x8xf32>)
  return
}
