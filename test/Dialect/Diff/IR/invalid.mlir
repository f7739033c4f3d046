// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics

//===----------------------------------------------------------------------===//
// Kinds of operands
//===----------------------------------------------------------------------===//

func.func @unranked(%q: tensor<*xbf16>, %k: tensor<1x20x2x16xbf16>,
                    %v: tensor<1x20x2x16xbf16>, %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{operand #0 must be ranked tensor or memref of queries, but got 'tensor<*xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<*xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @vector(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                  %v: tensor<1x20x2x16xbf16>, %lambda: vector<4xbf16>,
                  %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{operand #3 must be ranked tensor or memref of logits of the noise map's factor, but got 'vector<4xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, vector<4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @tensor_query_memref_key(%q: tensor<1x12x8x16xbf16>,
                                   %k: memref<1x20x2x16xbf16>,
                                   %v: tensor<1x20x2x16xbf16>,
                                   %lambda: tensor<1x12x4xbf16>,
                                   %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'tensor<1x12x8x16xbf16>' and 'key' is 'memref<1x20x2x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, memref<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @memref_query_tensor_lambda(%q: memref<1x12x8x16xbf16>,
                                      %k: memref<1x20x2x16xbf16>,
                                      %v: memref<1x20x2x16xbf16>,
                                      %lambda: tensor<1x12x4xbf16>,
                                      %out: memref<1x12x4x16xbf16>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'memref<1x12x8x16xbf16>' and 'lambda' is 'tensor<1x12x4xbf16>'}}
  diff.attention
    ins(%q, %k, %v, %lambda : memref<1x12x8x16xbf16>, memref<1x20x2x16xbf16>,
        memref<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : memref<1x12x4x16xbf16>)
  return
}

// -----

func.func @memref_query_tensor_output(%q: memref<1x12x4x16xbf16>,
                                      %k: memref<1x20x2x16xbf16>,
                                      %v: memref<1x20x2x16xbf16>,
                                      %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'memref<1x12x4x16xbf16>' and 'output' is 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : memref<1x12x4x16xbf16>, memref<1x20x2x16xbf16>,
        memref<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @tensor_output_memref_lse(%q: tensor<1x12x8x16xbf16>,
                                    %k: tensor<1x20x4x16xbf16>,
                                    %v: tensor<1x20x2x32xbf16>,
                                    %lambda: tensor<4xf32>,
                                    %weight: tensor<32xf32>,
                                    %out: tensor<1x12x4x32xbf16>,
                                    %lse: memref<1x8x12xf32>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'tensor<1x12x8x16xbf16>' and 'lse' is 'memref<1x8x12xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out, %lse : tensor<1x12x4x32xbf16>, memref<1x8x12xf32>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @tensor_query_memref_acc(%q: tensor<1x12x8x16xbf16>,
                                   %k: tensor<1x20x2x16xbf16>,
                                   %v: tensor<1x20x2x32xbf16>,
                                   %acc: memref<1x8x12x32xf32>,
                                   %max: tensor<1x8x12xf32>,
                                   %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'tensor<1x12x8x16xbf16>' and 'acc' is 'memref<1x8x12x32xf32>'}}
  %0:2 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : memref<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Ranks
//===----------------------------------------------------------------------===//

func.func @query_rank(%q: tensor<12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                      %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                      %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'query' must have rank 4 [batch, query tokens, query heads, head dimension] or 5 [batch, query tokens, head groups, maps of a head group, head dimension], found 'tensor<12x8x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @key_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<20x2x16xbf16>,
                    %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                    %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'key' must have rank 4 [batch, key tokens, key heads, head dimension], found 'tensor<20x2x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @value_rank(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                      %v: tensor<1x1x20x2x16xbf16>,
                      %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'value' must have rank 4 [batch, key tokens, value heads, value head dimension], found 'tensor<1x1x20x2x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @lambda_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                       %v: tensor<1x20x2x16xbf16>, %lambda: tensor<4xbf16>,
                       %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'lambda' must have rank 3 [batch, query tokens, output heads], found 'tensor<4xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @output_rank(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                       %v: tensor<1x20x2x16xbf16>, %out: tensor<12x4x16xbf16>) {
  // expected-error @below {{'output' must have rank 4 [batch, query tokens, output heads, value head dimension], found 'tensor<12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<12x4x16xbf16>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @lse_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                    %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                    %out: tensor<1x12x4x16xbf16>, %lse: tensor<8x12xf32>) {
  // expected-error @below {{'lse' must have rank 3 [batch, query heads, query tokens], found 'tensor<8x12xf32>'}}
  %0:2 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<8x12xf32>)
    -> tensor<1x12x4x16xbf16>, tensor<8x12xf32>
  return
}

// -----

func.func @lambda_rank_v1(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x4x16xbf16>,
                          %v: tensor<1x20x2x32xbf16>,
                          %lambda: tensor<1x12x4xf32>, %weight: tensor<32xf32>,
                          %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'lambda' must have rank 1 [output heads], found 'tensor<1x12x4xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<1x12x4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @weight_rank_v1(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x4x16xbf16>,
                          %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                          %weight: tensor<4x32xf32>,
                          %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'weight' must have rank 1 [value head dimension], found 'tensor<4x32xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<4x32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @weight_rank_zero_v1(%q: tensor<1x12x8x16xbf16>,
                               %k: tensor<1x20x4x16xbf16>,
                               %v: tensor<1x20x2x32xbf16>,
                               %lambda: tensor<4xf32>, %weight: tensor<f32>,
                               %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'weight' must have rank 1 [value head dimension], found 'tensor<f32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<f32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @lse_rank_v1(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                       %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                       %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>,
                       %lse: tensor<1x4x2x12xf32>) {
  // expected-error @below {{'lse' must have rank 3 [batch, query heads, query tokens], found 'tensor<1x4x2x12xf32>'}}
  %0:2 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out, %lse : tensor<1x12x4x32xbf16>, tensor<1x4x2x12xf32>)
    -> tensor<1x12x4x32xbf16>, tensor<1x4x2x12xf32>
  return
}

// -----

func.func @lse_rank_standard(%q: tensor<1x12x4x16xbf16>,
                             %k: tensor<1x20x2x16xbf16>,
                             %v: tensor<1x20x2x16xbf16>,
                             %out: tensor<1x12x4x16xbf16>, %lse: tensor<f32>) {
  // expected-error @below {{'lse' must have rank 3 [batch, query heads, query tokens], found 'tensor<f32>'}}
  %0:2 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<f32>)
    -> tensor<1x12x4x16xbf16>, tensor<f32>
  return
}

// -----

func.func @acc_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                    %v: tensor<1x20x2x32xbf16>, %acc: tensor<8x12x32xf32>,
                    %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'acc' must have rank 4 [batch, query heads, query tokens, value head dimension] or 5 [batch, maps of a head group, head groups, query tokens, value head dimension], found 'tensor<8x12x32xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @max_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                    %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                    %max: tensor<1x8x12x1xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 3 (query tokens) of 'max' must be 12, as in 'query', found 'tensor<1x8x12x1xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12x1xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12x1xf32>, tensor<1x8x12xf32>
  return
}

// -----

// The maps are dimension 1 of the running values, outside of the heads.
func.func @split_maps(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                      %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x4x2x12x32xf32>,
                      %row: tensor<1x4x2x12xf32>) {
  // expected-error @below {{dimension 1 (maps of a head group) of 'acc' must be 2, the number of maps, found 'tensor<1x4x2x12x32xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x4x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %row, %row : tensor<1x4x2x12x32xf32>, tensor<1x4x2x12xf32>,
        tensor<1x4x2x12xf32>)
    maps(2) -> tensor<1x4x2x12x32xf32>, tensor<1x4x2x12xf32>, tensor<1x4x2x12xf32>
  return
}

// -----

func.func @split_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                       %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x2x3x12x32xf32>,
                       %row: tensor<1x2x4x12xf32>) {
  // expected-error @below {{dimension 2 (head groups) of 'max' must be 3, as in 'acc', found 'tensor<1x2x4x12xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x4x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %row, %row : tensor<1x2x3x12x32xf32>, tensor<1x2x4x12xf32>,
        tensor<1x2x4x12xf32>)
    maps(2) -> tensor<1x2x3x12x32xf32>, tensor<1x2x4x12xf32>, tensor<1x2x4x12xf32>
  return
}

// -----

func.func @sum_rank(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                    %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                    %max: tensor<1x8x12xf32>, %sum: tensor<96xf32>) {
  // expected-error @below {{'sum' must have rank 3 [batch, query heads, query tokens] or 4 [batch, maps of a head group, head groups, query tokens], found 'tensor<96xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<96xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<96xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Static dimensions
//===----------------------------------------------------------------------===//

func.func @dynamic_query_heads(%q: tensor<1x12x?x16xbf16>,
                               %k: tensor<1x20x2x16xbf16>,
                               %v: tensor<1x20x2x16xbf16>,
                               %lambda: tensor<1x12x4xbf16>,
                               %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 2 (query heads) of 'query' must be static, found 'tensor<1x12x?x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x?x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @dynamic_head_dimension(%q: tensor<1x12x8x?xbf16>,
                                  %k: tensor<1x20x2x16xbf16>,
                                  %v: tensor<1x20x2x16xbf16>,
                                  %lambda: tensor<1x12x4xbf16>,
                                  %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 3 (head dimension) of 'query' must be static, found 'tensor<1x12x8x?xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x?xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @dynamic_key_heads(%q: tensor<1x12x4x16xbf16>,
                             %k: tensor<1x20x?x16xbf16>,
                             %v: tensor<1x20x2x16xbf16>,
                             %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 2 (key heads) of 'key' must be static, found 'tensor<1x20x?x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x?x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @dynamic_value_heads(%q: tensor<1x12x8x16xbf16>,
                               %k: tensor<1x20x2x16xbf16>,
                               %v: tensor<1x20x?x32xbf16>,
                               %acc: tensor<1x8x12x32xf32>,
                               %max: tensor<1x8x12xf32>,
                               %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 2 (value heads) of 'value' must be static, found 'tensor<1x20x?x32xbf16>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x?x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @dynamic_value_dimension(%q: tensor<1x12x8x16xbf16>,
                                   %k: tensor<1x20x2x16xbf16>,
                                   %v: tensor<1x20x2x?xbf16>,
                                   %acc: tensor<1x8x12x32xf32>,
                                   %max: tensor<1x8x12xf32>,
                                   %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'value' must be static, found 'tensor<1x20x2x?xbf16>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x?xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @dynamic_lambda_heads(%q: tensor<1x12x8x16xbf16>,
                                %k: tensor<1x20x2x16xbf16>,
                                %v: tensor<1x20x2x16xbf16>,
                                %lambda: tensor<1x12x?xbf16>,
                                %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 2 (output heads) of 'lambda' must be static, found 'tensor<1x12x?xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x?xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @dynamic_lambda_v1(%q: tensor<1x12x8x16xbf16>,
                             %k: tensor<1x20x4x16xbf16>,
                             %v: tensor<1x20x2x32xbf16>, %lambda: tensor<?xf32>,
                             %weight: tensor<32xf32>,
                             %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{dimension 0 (output heads) of 'lambda' must be static, found 'tensor<?xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<?xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @dynamic_weight_v1(%q: tensor<1x12x8x16xbf16>,
                             %k: tensor<1x20x4x16xbf16>,
                             %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                             %weight: tensor<?xf32>,
                             %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{dimension 0 (value head dimension) of 'weight' must be static, found 'tensor<?xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<?xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @dynamic_output_heads(%q: tensor<1x12x4x16xbf16>,
                                %k: tensor<1x20x2x16xbf16>,
                                %v: tensor<1x20x2x16xbf16>,
                                %out: tensor<1x12x?x16xbf16>) {
  // expected-error @below {{dimension 2 (output heads) of 'output' must be static, found 'tensor<1x12x?x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x?x16xbf16>)
    -> tensor<1x12x?x16xbf16>
  return
}

// -----

func.func @dynamic_lse_heads(%q: tensor<1x12x8x16xbf16>,
                             %k: tensor<1x20x2x16xbf16>,
                             %v: tensor<1x20x2x16xbf16>,
                             %lambda: tensor<1x12x4xbf16>,
                             %out: tensor<1x12x4x16xbf16>,
                             %lse: tensor<1x?x12xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'lse' must be static, found 'tensor<1x?x12xf32>'}}
  %0:2 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<1x?x12xf32>)
    -> tensor<1x12x4x16xbf16>, tensor<1x?x12xf32>
  return
}

// -----

func.func @dynamic_acc_heads(%q: tensor<1x12x8x16xbf16>,
                             %k: tensor<1x20x2x16xbf16>,
                             %v: tensor<1x20x2x32xbf16>,
                             %acc: tensor<1x?x12x32xf32>,
                             %max: tensor<1x8x12xf32>,
                             %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'acc' must be static, found 'tensor<1x?x12x32xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x?x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x?x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @no_query_heads(%q: tensor<1x12x0x16xbf16>,
                          %k: tensor<1x20x2x16xbf16>,
                          %v: tensor<1x20x2x16xbf16>,
                          %lambda: tensor<1x12x4xbf16>,
                          %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 2 (query heads) of 'query' must be positive, found 'tensor<1x12x0x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x0x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @no_head_dimension(%q: tensor<1x12x4x0xbf16>,
                             %k: tensor<1x20x2x16xbf16>,
                             %v: tensor<1x20x2x16xbf16>,
                             %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 3 (head dimension) of 'query' must be positive, found 'tensor<1x12x4x0xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x0xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @no_key_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x0x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                        %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{dimension 2 (key heads) of 'key' must be positive, found 'tensor<1x20x0x16xbf16>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x0x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @no_value_heads(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x2x16xbf16>,
                          %v: tensor<1x20x0x32xbf16>,
                          %acc: tensor<1x8x12x32xf32>, %max: tensor<1x8x12xf32>,
                          %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 2 (value heads) of 'value' must be positive, found 'tensor<1x20x0x32xbf16>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x0x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @no_value_dimension(%q: tensor<1x12x8x16xbf16>,
                              %k: tensor<1x20x2x16xbf16>,
                              %v: tensor<1x20x2x0xbf16>,
                              %acc: tensor<1x8x12x32xf32>,
                              %max: tensor<1x8x12xf32>,
                              %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'value' must be positive, found 'tensor<1x20x2x0xbf16>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x0xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Sizes that belong together
//===----------------------------------------------------------------------===//

func.func @key_batch(%q: tensor<1x12x8x16xbf16>, %k: tensor<2x20x2x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 0 (batch) of 'key' must be 1, as in 'query', found 'tensor<2x20x2x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<2x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @key_head_dimension(%q: tensor<1x12x8x16xbf16>,
                              %k: tensor<1x20x2x8xbf16>,
                              %v: tensor<1x20x2x16xbf16>,
                              %lambda: tensor<1x12x4xbf16>,
                              %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 3 (head dimension) of 'key' must be 16, as in 'query', found 'tensor<1x20x2x8xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x8xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @value_tokens(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x12x2x16xbf16>,
                        %lambda: tensor<1x12x4xbf16>,
                        %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 1 (key tokens) of 'value' must be 20, as in 'key', found 'tensor<1x12x2x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x12x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// A dynamic size matches any size; static sizes are still compared.
func.func @value_tokens_beside_dynamic_batch(%q: tensor<1x12x4x16xbf16>,
                                             %k: tensor<1x20x2x16xbf16>,
                                             %v: tensor<?x12x2x16xbf16>,
                                             %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 1 (key tokens) of 'value' must be 20, as in 'key', found 'tensor<?x12x2x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<?x12x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @lambda_tokens(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                         %v: tensor<1x20x2x16xbf16>,
                         %lambda: tensor<1x20x4xbf16>,
                         %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 1 (query tokens) of 'lambda' must be 12, as in 'query', found 'tensor<1x20x4xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x20x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @output_tokens(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                         %v: tensor<1x20x2x16xbf16>,
                         %out: tensor<1x20x4x16xbf16>) {
  // expected-error @below {{dimension 1 (query tokens) of 'output' must be 12, as in 'query', found 'tensor<1x20x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x20x4x16xbf16>)
    -> tensor<1x20x4x16xbf16>
  return
}

// -----

func.func @output_dimension(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x2x16xbf16>,
                            %v: tensor<1x20x2x16xbf16>,
                            %lambda: tensor<1x12x4xbf16>,
                            %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'output' must be 16, as in 'value', found 'tensor<1x12x4x32xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @output_heads_unlike_lambda(%q: tensor<1x12x8x16xbf16>,
                                      %k: tensor<1x20x2x16xbf16>,
                                      %v: tensor<1x20x2x16xbf16>,
                                      %lambda: tensor<1x12x4xbf16>,
                                      %out: tensor<1x12x8x16xbf16>) {
  // expected-error @below {{dimension 2 (output heads) of 'output' must be 4, as in 'lambda', found 'tensor<1x12x8x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x8x16xbf16>)
    -> tensor<1x12x8x16xbf16>
  return
}

// -----

func.func @output_heads_unlike_lambda_v1(%q: tensor<1x12x8x16xbf16>,
                                         %k: tensor<1x20x4x16xbf16>,
                                         %v: tensor<1x20x2x32xbf16>,
                                         %lambda: tensor<4xf32>,
                                         %weight: tensor<32xf32>,
                                         %out: tensor<1x12x2x32xbf16>) {
  // expected-error @below {{dimension 2 (output heads) of 'output' must be 4, as in 'lambda', found 'tensor<1x12x2x32xbf16>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x2x32xbf16>)
    -> tensor<1x12x2x32xbf16>
  return
}

// -----

func.func @weight_v1(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                     %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                     %weight: tensor<16xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{dimension 0 (value head dimension) of 'weight' must be 32, as in 'value', found 'tensor<16xf32>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<16xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @output_dimension_v1(%q: tensor<1x12x8x16xbf16>,
                               %k: tensor<1x20x4x16xbf16>,
                               %v: tensor<1x20x2x32xbf16>,
                               %lambda: tensor<4xf32>, %weight: tensor<32xf32>,
                               %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'output' must be 32, as in 'value', found 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// There is a row of the log-sum-exp for each map, not for each output head.
func.func @lse_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %out: tensor<1x12x4x16xbf16>, %lse: tensor<1x4x12xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'lse' must be 8, as in 'query', found 'tensor<1x4x12xf32>'}}
  %0:2 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<1x4x12xf32>)
    -> tensor<1x12x4x16xbf16>, tensor<1x4x12xf32>
  return
}

// -----

func.func @lse_order(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                     %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                     %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>,
                     %lse: tensor<1x12x8xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'lse' must be 8, as in 'query', found 'tensor<1x12x8xf32>'}}
  %0:2 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out, %lse : tensor<1x12x4x32xbf16>, tensor<1x12x8xf32>)
    -> tensor<1x12x4x32xbf16>, tensor<1x12x8xf32>
  return
}

// -----

func.func @lse_tokens(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                      %v: tensor<1x20x2x16xbf16>, %out: tensor<1x12x4x16xbf16>,
                      %lse: tensor<1x4x20xf32>) {
  // expected-error @below {{dimension 2 (query tokens) of 'lse' must be 12, as in 'query', found 'tensor<1x4x20xf32>'}}
  %0:2 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<1x4x20xf32>)
    -> tensor<1x12x4x16xbf16>, tensor<1x4x20xf32>
  return
}

// -----

func.func @acc_order(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x12x8x32xf32>,
                     %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'acc' must be 8, as in 'query', found 'tensor<1x12x8x32xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x12x8x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x12x8x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @acc_dimension(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                         %v: tensor<1x20x2x32xbf16>,
                         %acc: tensor<1x8x12x16xf32>, %max: tensor<1x8x12xf32>,
                         %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'acc' must be 32, as in 'value', found 'tensor<1x8x12x16xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x16xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x16xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @max_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                     %max: tensor<1x4x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'max' must be 8, as in 'query', found 'tensor<1x4x12xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x4x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x4x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @sum_tokens(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                      %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                      %max: tensor<1x8x12xf32>, %sum: tensor<1x8x20xf32>) {
  // expected-error @below {{dimension 2 (query tokens) of 'sum' must be 12, as in 'query', found 'tensor<1x8x20xf32>'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x20xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x20xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Numbers of heads
//===----------------------------------------------------------------------===//

func.func @odd_query_heads(%q: tensor<1x12x7x16xbf16>,
                           %k: tensor<1x20x2x16xbf16>,
                           %v: tensor<1x20x2x16xbf16>,
                           %lambda: tensor<1x12x4xbf16>,
                           %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{the number of query heads must be a multiple of 2, one for each map of an output head, found 7 in 'query'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x7x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @odd_query_heads_v1(%q: tensor<1x12x9x16xbf16>,
                              %k: tensor<1x20x4x16xbf16>,
                              %v: tensor<1x20x2x32xbf16>,
                              %lambda: tensor<4xf32>, %weight: tensor<32xf32>,
                              %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{the number of query heads must be a multiple of 2, one for each map of an output head, found 9 in 'query'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x9x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @query_heads_of_three_maps(%q: tensor<1x12x8x16xbf16>,
                                     %k: tensor<1x20x2x16xbf16>,
                                     %v: tensor<1x20x2x32xbf16>,
                                     %acc: tensor<1x8x12x32xf32>,
                                     %max: tensor<1x8x12xf32>,
                                     %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{the number of query heads must be a multiple of 3, one for each map of an output head, found 8 in 'query'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(3) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

// Head counts are those of V2: query heads are twice the output heads.
func.func @lambda_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x16xbf16>,
                        %lambda: tensor<1x12x8xbf16>,
                        %out: tensor<1x12x8x16xbf16>) {
  // expected-error @below {{'lambda' must have 4 output heads (the query heads of 'query' divided by its 2 maps), found 8}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x8xbf16>)
    outs(%out : tensor<1x12x8x16xbf16>)
    -> tensor<1x12x8x16xbf16>
  return
}

// -----

func.func @lambda_heads_v1(%q: tensor<1x12x8x16xbf16>,
                           %k: tensor<1x20x4x16xbf16>,
                           %v: tensor<1x20x2x32xbf16>, %lambda: tensor<2xf32>,
                           %weight: tensor<32xf32>,
                           %out: tensor<1x12x2x32xbf16>) {
  // expected-error @below {{'lambda' must have 4 output heads (the query heads of 'query' divided by its 2 maps), found 2}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<2xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x2x32xbf16>)
    -> tensor<1x12x2x32xbf16>
  return
}

// -----

func.func @output_heads_standard(%q: tensor<1x12x4x16xbf16>,
                                 %k: tensor<1x20x2x16xbf16>,
                                 %v: tensor<1x20x2x16xbf16>,
                                 %out: tensor<1x12x2x16xbf16>) {
  // expected-error @below {{'output' must have 4 output heads (the query heads of 'query' divided by its 1 map), found 2}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x2x16xbf16>)
    -> tensor<1x12x2x16xbf16>
  return
}

// -----

func.func @key_heads(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'key' must have 2 heads (1 x the 2 value heads), found 4}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x4x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @key_heads_v1(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                        %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'key' must have 4 heads (2 for each of the 2 value heads), found 2}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @key_heads_standard(%q: tensor<1x12x4x16xbf16>,
                              %k: tensor<1x20x1x16xbf16>,
                              %v: tensor<1x20x2x16xbf16>,
                              %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'key' must have 2 heads (1 x the 2 value heads), found 1}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x1x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// With one map, there is one key head for each value head.
func.func @key_heads_online(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x4x16xbf16>,
                            %v: tensor<1x20x2x32xbf16>,
                            %acc: tensor<1x8x12x32xf32>,
                            %max: tensor<1x8x12xf32>,
                            %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'key' must have 2 heads (1 x the 2 value heads), found 4}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x4x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @group(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x3x16xbf16>,
                 %v: tensor<1x20x3x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                 %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{the number of output heads must be a multiple of the number of value heads, found 4 output heads ('query' has 8 heads) and 3 value heads}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x3x16xbf16>,
        tensor<1x20x3x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @group_v1(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x16x16xbf16>,
                    %v: tensor<1x20x8x32xbf16>, %lambda: tensor<4xf32>,
                    %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{the number of output heads must be a multiple of the number of value heads, found 4 output heads ('query' has 8 heads) and 8 value heads}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x16x16xbf16>, tensor<1x20x8x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @group_standard(%q: tensor<1x12x4x16xbf16>,
                          %k: tensor<1x20x3x16xbf16>,
                          %v: tensor<1x20x3x16xbf16>,
                          %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{the number of output heads must be a multiple of the number of value heads, found 4 output heads ('query' has 4 heads) and 3 value heads}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x3x16xbf16>,
        tensor<1x20x3x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @group_online(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x8x16xbf16>,
                        %v: tensor<1x20x8x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                        %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{the number of output heads must be a multiple of the number of value heads, found 4 output heads ('query' has 8 heads) and 8 value heads}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x8x16xbf16>,
        tensor<1x20x8x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @query_heads_of_groups(%q: tensor<1x12x8x16xbf16>,
                       %k: tensor<1x20x2x16xbf16>,
                       %lambda: tensor<1x12x8xbf16>,
                       %out: tensor<1x12x8x16xbf16>) {
  // expected-error @below {{the number of query heads must be a multiple of 5, one for each map of a head group, found 8 in 'query'}}
  %0 = diff.attention
    ins(%q, %k, %k, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x8xbf16>)
    outs(%out : tensor<1x12x8x16xbf16>) signals(4)
    -> tensor<1x12x8x16xbf16>
  return
}

// -----

func.func @output_heads_of_groups(%q: tensor<1x12x10x16xbf16>,
                       %k: tensor<1x20x2x16xbf16>,
                       %lambda: tensor<1x12x4xbf16>,
                       %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'lambda' must have 8 output heads (4 of each 5 query heads of 'query'), found 4}}
  %0 = diff.attention
    ins(%q, %k, %k, %lambda : tensor<1x12x10x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>) signals(4)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @value_heads_of_groups(%q: tensor<1x12x15x16xbf16>,
                       %k: tensor<1x20x2x16xbf16>,
                       %lambda: tensor<1x12x12xbf16>,
                       %out: tensor<1x12x12x16xbf16>) {
  // expected-error @below {{the number of head groups must be a multiple of the number of value heads, found 3 groups of 5 query heads and 2 value heads}}
  %0 = diff.attention
    ins(%q, %k, %k, %lambda : tensor<1x12x15x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x12xbf16>)
    outs(%out : tensor<1x12x12x16xbf16>) signals(4)
    -> tensor<1x12x12x16xbf16>
  return
}

// -----

func.func @no_signals(%q: tensor<1x12x8x16xbf16>,
                       %k: tensor<1x20x2x16xbf16>,
                       %lambda: tensor<1x12x4xbf16>,
                       %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{attribute 'signals' failed to satisfy constraint: positive 64-bit signless integer attribute}}
  %0 = diff.attention
    ins(%q, %k, %k, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>) signals(0)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @gate_heads(%q: tensor<1x12x8x16xbf16>,
                       %k: tensor<1x20x2x16xbf16>,
                       %lambda: tensor<1x12x4xbf16>,
                       %out: tensor<1x12x4x16xbf16>,
                       %gate: tensor<1x12x8x16xbf16>) {
  // expected-error @below {{dimension 2 (output heads) of 'gate' must be 4, as in 'lambda', found 'tensor<1x12x8x16xbf16>'}}
  %0 = diff.attention
    ins(%q, %k, %k, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>) gate(%gate : tensor<1x12x8x16xbf16>) 
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @value_width_v1(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x4x16xbf16>,
                          %v: tensor<1x20x2x16xbf16>, %lambda: tensor<4xf32>,
                          %weight: tensor<16xf32>,
                          %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{the head dimension of 'value' must be 32 (twice that of 'query'), found 16}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x16xbf16>, tensor<4xf32>,
        tensor<16xf32>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// The width of values is arbitrary, but the output has the same width.
func.func @output_width_standard(%q: tensor<1x12x4x16xbf16>,
                                 %k: tensor<1x20x2x16xbf16>,
                                 %v: tensor<1x20x2x8xbf16>,
                                 %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 3 (value head dimension) of 'output' must be 8, as in 'value', found 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x8xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @no_maps(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                   %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                   %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'maps' must be positive, found 0}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(0) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @negative_maps(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                         %v: tensor<1x20x2x32xbf16>,
                         %acc: tensor<1x8x12x32xf32>, %max: tensor<1x8x12xf32>,
                         %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'maps' must be positive, found -2}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(-2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @key_heads_of_two_maps(%q: tensor<1x12x8x16xbf16>,
                                 %k: tensor<1x20x3x16xbf16>,
                                 %v: tensor<1x20x2x32xbf16>,
                                 %acc: tensor<1x8x12x32xf32>,
                                 %max: tensor<1x8x12xf32>,
                                 %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'key' must have 2 heads (1 x the 2 value heads), found 3}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x3x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

func.func @integer_elements(%q: tensor<1x12x8x16xi8>,
                            %k: tensor<1x20x2x16xbf16>,
                            %v: tensor<1x20x2x16xbf16>,
                            %lambda: tensor<1x12x4xbf16>,
                            %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'query' must have elements of type f16, bf16, f32 or f64, found 'i8'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xi8>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// fp8 is not supported.
func.func @fp8_elements(%q: tensor<1x12x8x16xf8E4M3FN>,
                        %k: tensor<1x20x2x16xf8E4M3FN>,
                        %v: tensor<1x20x2x16xf8E4M3FN>,
                        %lambda: tensor<1x12x4xf8E4M3FN>,
                        %out: tensor<1x12x4x16xf8E4M3FN>) {
  // expected-error @below {{'query' must have elements of type f16, bf16, f32 or f64, found 'f8E4M3FN'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xf8E4M3FN>,
        tensor<1x20x2x16xf8E4M3FN>, tensor<1x20x2x16xf8E4M3FN>,
        tensor<1x12x4xf8E4M3FN>)
    outs(%out : tensor<1x12x4x16xf8E4M3FN>)
    -> tensor<1x12x4x16xf8E4M3FN>
  return
}

// -----

func.func @fp8_elements_v1(%q: tensor<1x12x8x16xf8E5M2>,
                           %k: tensor<1x20x4x16xbf16>,
                           %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                           %weight: tensor<32xf32>,
                           %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'query' must have elements of type f16, bf16, f32 or f64, found 'f8E5M2'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xf8E5M2>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @tf32_elements_standard(%q: tensor<1x12x4x16xtf32>,
                                  %k: tensor<1x20x2x16xbf16>,
                                  %v: tensor<1x20x2x16xbf16>,
                                  %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'query' must have elements of type f16, bf16, f32 or f64, found 'tf32'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xtf32>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @complex_elements_standard(%q: tensor<1x12x4x16xcomplex<f32>>,
                                     %k: tensor<1x20x2x16xbf16>,
                                     %v: tensor<1x20x2x16xbf16>,
                                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'query' must have elements of type f16, bf16, f32 or f64, found 'complex<f32>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xcomplex<f32>>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

// f64 is the type of the reference and has no online form.
func.func @f64_online(%q: tensor<1x12x8x16xf64>, %k: tensor<1x20x2x16xf64>,
                      %v: tensor<1x20x2x32xf64>, %acc: tensor<1x8x12x32xf32>,
                      %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'query' must have elements of type f16, bf16 or f32, found 'f64'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xf64>, tensor<1x20x2x16xf64>,
        tensor<1x20x2x32xf64>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @key_elements(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xf16>,
                        %v: tensor<1x20x2x16xbf16>,
                        %lambda: tensor<1x12x4xbf16>,
                        %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'key' must have elements of type 'bf16', found 'f16'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @value_elements(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x4x16xbf16>, %v: tensor<1x20x2x32xf32>,
                          %lambda: tensor<4xf32>, %weight: tensor<32xf32>,
                          %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'value' must have elements of type 'bf16', found 'f32'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xf32>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @output_elements(%q: tensor<1x12x4x16xbf16>,
                           %k: tensor<1x20x2x16xbf16>,
                           %v: tensor<1x20x2x16xbf16>,
                           %out: tensor<1x12x4x16xf32>) {
  // expected-error @below {{'output' must have elements of type 'bf16', found 'f32'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xf32>)
    -> tensor<1x12x4x16xf32>
  return
}

// -----

func.func @lambda_elements(%q: tensor<1x12x8x16xbf16>,
                           %k: tensor<1x20x2x16xbf16>,
                           %v: tensor<1x20x2x16xbf16>,
                           %lambda: tensor<1x12x4xf16>,
                           %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'lambda' must have elements of type 'bf16' or 'f32', found 'f16'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @lambda_elements_f32(%q: tensor<1x12x8x16xf32>,
                               %k: tensor<1x20x2x16xf32>,
                               %v: tensor<1x20x2x16xf32>,
                               %lambda: tensor<1x12x4xbf16>,
                               %out: tensor<1x12x4x16xf32>) {
  // expected-error @below {{'lambda' must have elements of type 'f32', found 'bf16'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xf32>, tensor<1x20x2x16xf32>,
        tensor<1x20x2x16xf32>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xf32>)
    -> tensor<1x12x4x16xf32>
  return
}

// -----

func.func @lambda_elements_f64(%q: tensor<1x12x8x16xf64>,
                               %k: tensor<1x20x2x16xf64>,
                               %v: tensor<1x20x2x16xf64>,
                               %lambda: tensor<1x12x4xf32>,
                               %out: tensor<1x12x4x16xf64>) {
  // expected-error @below {{'lambda' must have elements of type 'f64', found 'f32'}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xf64>, tensor<1x20x2x16xf64>,
        tensor<1x20x2x16xf64>, tensor<1x12x4xf32>)
    outs(%out : tensor<1x12x4x16xf64>)
    -> tensor<1x12x4x16xf64>
  return
}

// -----

// V1's lambda is a computed value, not a logit: only f32 is legal.
func.func @lambda_elements_v1(%q: tensor<1x12x8x16xbf16>,
                              %k: tensor<1x20x4x16xbf16>,
                              %v: tensor<1x20x2x32xbf16>,
                              %lambda: tensor<4xbf16>, %weight: tensor<32xf32>,
                              %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'lambda' must have elements of type 'f32', found 'bf16'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xbf16>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @weight_elements_v1(%q: tensor<1x12x8x16xbf16>,
                              %k: tensor<1x20x4x16xbf16>,
                              %v: tensor<1x20x2x32xbf16>,
                              %lambda: tensor<4xf32>, %weight: tensor<32xf64>,
                              %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'weight' must have elements of type 'bf16' or 'f32', found 'f64'}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf64>)
    outs(%out : tensor<1x12x4x32xbf16>)
    -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @lse_elements(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x16xbf16>,
                        %lambda: tensor<1x12x4xbf16>,
                        %out: tensor<1x12x4x16xbf16>,
                        %lse: tensor<1x8x12xbf16>) {
  // expected-error @below {{'lse' must have elements of type 'f32', found 'bf16'}}
  %0:2 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<1x8x12xbf16>)
    -> tensor<1x12x4x16xbf16>, tensor<1x8x12xbf16>
  return
}

// -----

func.func @lse_elements_f64(%q: tensor<1x12x4x16xf64>,
                            %k: tensor<1x20x2x16xf64>,
                            %v: tensor<1x20x2x16xf64>,
                            %out: tensor<1x12x4x16xf64>,
                            %lse: tensor<1x4x12xf32>) {
  // expected-error @below {{'lse' must have elements of type 'f64', found 'f32'}}
  %0:2 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xf64>, tensor<1x20x2x16xf64>,
        tensor<1x20x2x16xf64>)
    outs(%out, %lse : tensor<1x12x4x16xf64>, tensor<1x4x12xf32>)
    -> tensor<1x12x4x16xf64>, tensor<1x4x12xf32>
  return
}

// -----

func.func @acc_elements(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>,
                        %acc: tensor<1x8x12x32xbf16>, %max: tensor<1x8x12xf32>,
                        %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'acc' must have elements of type 'f32', found 'bf16'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xbf16>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xbf16>, tensor<1x8x12xf32>, tensor<1x8x12xf32>
  return
}

// -----

func.func @max_elements(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                        %max: tensor<1x8x12xf16>, %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'max' must have elements of type 'f32', found 'f16'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf16>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf16>, tensor<1x8x12xf32>
  return
}

// -----

func.func @sum_elements(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>, %acc: tensor<1x8x12x32xf32>,
                        %max: tensor<1x8x12xf32>, %sum: tensor<1x8x12xf64>) {
  // expected-error @below {{'sum' must have elements of type 'f32', found 'f64'}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf64>)
    maps(2) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>, tensor<1x8x12xf64>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

func.func @scale_zero(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                      %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                      %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found 0.000000e+00 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(0.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @softcap_negative(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x2x16xbf16>,
                            %v: tensor<1x20x2x16xbf16>,
                            %lambda: tensor<1x12x4xbf16>,
                            %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found -3.000000e+01 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    softcap(-30.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_zero_v1(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                         %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                         %weight: tensor<32xf32>,
                         %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found 0.000000e+00 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    scale(0.0) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @softcap_negative_v1(%q: tensor<1x12x8x16xbf16>,
                               %k: tensor<1x20x4x16xbf16>,
                               %v: tensor<1x20x2x32xbf16>,
                               %lambda: tensor<4xf32>, %weight: tensor<32xf32>,
                               %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found -3.000000e+01 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    softcap(-30.0) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @scale_zero_standard(%q: tensor<1x12x4x16xbf16>,
                               %k: tensor<1x20x2x16xbf16>,
                               %v: tensor<1x20x2x16xbf16>,
                               %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found 0.000000e+00 : f64}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(0.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @softcap_negative_standard(%q: tensor<1x12x4x16xbf16>,
                                     %k: tensor<1x20x2x16xbf16>,
                                     %v: tensor<1x20x2x16xbf16>,
                                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found -3.000000e+01 : f64}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    softcap(-30.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_zero_online(%q: tensor<1x12x8x16xbf16>,
                             %k: tensor<1x20x2x16xbf16>,
                             %v: tensor<1x20x2x32xbf16>,
                             %acc: tensor<1x8x12x32xf32>,
                             %max: tensor<1x8x12xf32>,
                             %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'scale' must be finite and positive, found 0.000000e+00 : f64}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) scale(0.0) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
       tensor<1x8x12xf32>
  return
}

// -----

func.func @softcap_negative_online(%q: tensor<1x12x8x16xbf16>,
                                   %k: tensor<1x20x2x16xbf16>,
                                   %v: tensor<1x20x2x32xbf16>,
                                   %acc: tensor<1x8x12x32xf32>,
                                   %max: tensor<1x8x12xf32>,
                                   %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{'softcap' must be finite and positive, found -3.000000e+01 : f64}}
  %0:3 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) softcap(-30.0) -> tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
       tensor<1x8x12xf32>
  return
}

// -----

func.func @scale_negative(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x2x16xbf16>,
                          %v: tensor<1x20x2x16xbf16>,
                          %lambda: tensor<1x12x4xbf16>,
                          %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found -1.250000e-01 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(-0.125) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_negative_zero(%q: tensor<1x12x8x16xbf16>,
                               %k: tensor<1x20x2x16xbf16>,
                               %v: tensor<1x20x2x16xbf16>,
                               %lambda: tensor<1x12x4xbf16>,
                               %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found -0.000000e+00 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(-0.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_infinite(%q: tensor<1x12x8x16xbf16>,
                          %k: tensor<1x20x2x16xbf16>,
                          %v: tensor<1x20x2x16xbf16>,
                          %lambda: tensor<1x12x4xbf16>,
                          %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found 0x7FF0000000000000 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(0x7FF0000000000000) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_beyond_f32(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x2x16xbf16>,
                            %v: tensor<1x20x2x16xbf16>,
                            %lambda: tensor<1x12x4xbf16>,
                            %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be at most 1.17e+38, so that its product with log2(e) is at most 2^127, found 2.300000e+38 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(2.3e+38) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @scale_nan(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'scale' must be finite and positive, found 0x7FF8000000000000 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    scale(0x7FF8000000000000) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @softcap_zero(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                        %v: tensor<1x20x2x16xbf16>,
                        %lambda: tensor<1x12x4xbf16>,
                        %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found 0.000000e+00 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    softcap(0.0) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @softcap_infinite(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x2x16xbf16>,
                            %v: tensor<1x20x2x16xbf16>,
                            %lambda: tensor<1x12x4xbf16>,
                            %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found 0x7FF0000000000000 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    softcap(0x7FF0000000000000) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @softcap_nan(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                       %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                       %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'softcap' must be finite and positive, found 0x7FF8000000000000 : f64}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>, tensor<1x12x4xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    softcap(0x7FF8000000000000) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @lambda_init_one(%q: tensor<1x12x8x16xbf16>,
                           %k: tensor<1x20x4x16xbf16>,
                           %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                           %weight: tensor<32xf32>,
                           %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'lambda_init' must be finite and below 1, found 1.000000e+00 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    lambda_init(1.0) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @lambda_init_infinite(%q: tensor<1x12x8x16xbf16>,
                                %k: tensor<1x20x4x16xbf16>,
                                %v: tensor<1x20x2x32xbf16>,
                                %lambda: tensor<4xf32>, %weight: tensor<32xf32>,
                                %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'lambda_init' must be finite and below 1, found 0xFFF0000000000000 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    lambda_init(0xFFF0000000000000) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @lambda_init_nan(%q: tensor<1x12x8x16xbf16>,
                           %k: tensor<1x20x4x16xbf16>,
                           %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                           %weight: tensor<32xf32>,
                           %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'lambda_init' must be finite and below 1, found 0x7FF8000000000000 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    lambda_init(0x7FF8000000000000) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @epsilon_zero(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                        %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                        %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'epsilon' must be finite and positive, found 0.000000e+00 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    epsilon(0.0) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @epsilon_negative(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x4x16xbf16>,
                            %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                            %weight: tensor<32xf32>,
                            %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'epsilon' must be finite and positive, found -1.000000e-05 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    epsilon(-1.0e-5) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @epsilon_infinite(%q: tensor<1x12x8x16xbf16>,
                            %k: tensor<1x20x4x16xbf16>,
                            %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                            %weight: tensor<32xf32>,
                            %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'epsilon' must be finite and positive, found 0x7FF0000000000000 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    epsilon(0x7FF0000000000000) -> tensor<1x12x4x32xbf16>
  return
}

// -----

func.func @epsilon_nan(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x4x16xbf16>,
                       %v: tensor<1x20x2x32xbf16>, %lambda: tensor<4xf32>,
                       %weight: tensor<32xf32>, %out: tensor<1x12x4x32xbf16>) {
  // expected-error @below {{'epsilon' must be finite and positive, found 0x7FF8000000000000 : f64}}
  %0 = diff.attention_v1
    ins(%q, %k, %v, %lambda, %weight : tensor<1x12x8x16xbf16>,
        tensor<1x20x4x16xbf16>, tensor<1x20x2x32xbf16>, tensor<4xf32>,
        tensor<32xf32>)
    outs(%out : tensor<1x12x4x32xbf16>)
    epsilon(0x7FF8000000000000) -> tensor<1x12x4x32xbf16>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

func.func @no_result(%q: tensor<1x12x8x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                     %v: tensor<1x20x2x16xbf16>, %lambda: tensor<1x12x4xbf16>,
                     %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{must have 1 result, one for each destination, found 0}}
  "diff.attention"(%q, %k, %v, %lambda, %out) <{
      operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 1, 0, 0, 1, 0>}>
    : (tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>, tensor<1x20x2x16xbf16>,
       tensor<1x12x4xbf16>, tensor<1x12x4x16xbf16>) -> ()
  return
}

// -----

func.func @lse_without_result(%q: tensor<1x12x4x16xbf16>,
                              %k: tensor<1x20x2x16xbf16>,
                              %v: tensor<1x20x2x16xbf16>,
                              %out: tensor<1x12x4x16xbf16>,
                              %lse: tensor<1x4x12xf32>) {
  // expected-error @below {{must have 2 results, one for each destination, found 1}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out, %lse : tensor<1x12x4x16xbf16>, tensor<1x4x12xf32>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @result_on_memrefs(%q: memref<1x12x8x16xbf16>,
                             %k: memref<1x20x2x16xbf16>,
                             %v: memref<1x20x2x16xbf16>,
                             %lambda: memref<1x12x4xbf16>,
                             %out: memref<1x12x4x16xbf16>) {
  // expected-error @below {{must have 0 results on memrefs, found 1}}
  %0 = diff.attention
    ins(%q, %k, %v, %lambda : memref<1x12x8x16xbf16>, memref<1x20x2x16xbf16>,
        memref<1x20x2x16xbf16>, memref<1x12x4xbf16>)
    outs(%out : memref<1x12x4x16xbf16>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @one_result_of_online(%q: tensor<1x12x8x16xbf16>,
                                %k: tensor<1x20x2x16xbf16>,
                                %v: tensor<1x20x2x32xbf16>,
                                %acc: tensor<1x8x12x32xf32>,
                                %max: tensor<1x8x12xf32>,
                                %sum: tensor<1x8x12xf32>) {
  // expected-error @below {{must have 3 results, one for each destination, found 1}}
  %0 = diff.online_attention
    ins(%q, %k, %v : tensor<1x12x8x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x32xbf16>)
    outs(%acc, %max, %sum : tensor<1x8x12x32xf32>, tensor<1x8x12xf32>,
        tensor<1x8x12xf32>)
    maps(2) -> tensor<1x8x12x32xf32>
  return
}

// -----

func.func @result_type(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x20x2x16xbf16>,
                       %v: tensor<1x20x2x16xbf16>,
                       %out: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{expected type of operand #3 ('tensor<1x12x4x16xbf16>') to match type of corresponding result ('tensor<?x12x4x16xbf16>')}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x20x2x16xbf16>,
        tensor<1x20x2x16xbf16>)
    outs(%out : tensor<1x12x4x16xbf16>)
    -> tensor<?x12x4x16xbf16>
  return
}

// -----

//===----------------------------------------------------------------------===//
// What the assembly format does not let through
//===----------------------------------------------------------------------===//

func.func @scale_type(%q: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{attribute 'scale' failed to satisfy constraint: 64-bit float attribute (scale of the scores)}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 1, 0>, scale = 0.5 : f32}>
    : (tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>,
       tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @mask_type(%q: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{Invalid attribute `mask` in property conversion: "causal"}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 1, 0>, mask = "causal"}>
    : (tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>,
       tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @segments(%q: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{'operandSegmentSizes'}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 0, 1, 1>}>
    : (tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>,
       tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @diagonal_type(%q: tensor<1x12x4x16xbf16>, %diagonal: i64) {
  // expected-error @below {{operand #3 must be index (position of the mask's diagonal), but got 'i64'}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %diagonal, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 0, 0, 1, 1, 0>}>
    : (tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>,
       i64, tensor<1x12x4x16xbf16>) -> tensor<1x12x4x16xbf16>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Sequences of variable length
//===----------------------------------------------------------------------===//

func.func @only_query_offsets(%q: tensor<12x4x16xbf16>, %cu: tensor<4xi32>) {
  // expected-error @below {{needs 'cu_seqlens_q' and 'cu_seqlens_k', or neither, found only 'cu_seqlens_q'}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %cu, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 1, 0, 0, 0, 1, 0>}>
    : (tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>,
       tensor<4xi32>, tensor<12x4x16xbf16>) -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @only_key_offsets(%q: tensor<12x4x16xbf16>, %cu: tensor<4xi32>) {
  // expected-error @below {{needs 'cu_seqlens_q' and 'cu_seqlens_k', or neither, found only 'cu_seqlens_k'}}
  %0 = "diff.softmax_attention"(%q, %q, %q, %cu, %q)
    <{operandSegmentSizes = array<i32: 1, 1, 1, 0, 1, 0, 0, 1, 0>}>
    : (tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>,
       tensor<4xi32>, tensor<12x4x16xbf16>) -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @sequences_with_diagonal(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4xi32>, %d: index) {
  // expected-error @below {{has 'cu_seqlens_q' and so a diagonal for each sequence; 'diagonal' must be absent}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>) diagonal(%d) mask<causal>
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @packed_without_offsets(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>) {
  // expected-error @below {{'query' must have rank 4 [batch, query tokens, query heads, head dimension], found 'tensor<12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @sequences_with_batch(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>, %cu: tensor<4xi32>) {
  // expected-error @below {{'query' must have rank 3 [query tokens, query heads, head dimension], found 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @offsets_of_rank_2(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4x1xi32>) {
  // expected-error @below {{'cu_seqlens_q' must have rank 1 [sequence offsets], found 'tensor<4x1xi32>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4x1xi32>, tensor<4x1xi32>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @offsets_of_i64(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4xi64>) {
  // expected-error @below {{'cu_seqlens_q' must have elements of type i32, found 'i64'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4xi64>, tensor<4xi64>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @key_offsets_of_f32(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4xi32>, %f: tensor<4xf32>) {
  // expected-error @below {{'cu_seqlens_k' must have elements of type i32, found 'f32'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %f : tensor<4xi32>, tensor<4xf32>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @offsets_of_two_batches(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4xi32>, %other: tensor<5xi32>) {
  // expected-error @below {{dimension 0 (sequence offsets) of 'cu_seqlens_k' must be 4, as in 'cu_seqlens_q', found 'tensor<5xi32>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %other : tensor<4xi32>, tensor<5xi32>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @no_offset(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<0xi32>) {
  // expected-error @below {{'cu_seqlens_q' must have an element for each sequence and one more, found 'tensor<0xi32>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<0xi32>, tensor<0xi32>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @offsets_on_memrefs(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: memref<4xi32>) {
  // expected-error @below {{operands must be all tensors or all memrefs; 'query' is 'tensor<12x4x16xbf16>' and 'cu_seqlens_q' is 'memref<4xi32>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : memref<4xi32>, memref<4xi32>)
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @total_tokens(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<13x4x16xbf16>, %cu: tensor<4xi32>) {
  // expected-error @below {{dimension 0 (query tokens) of 'output' must be 12, as in 'query', found 'tensor<13x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<13x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>)
    -> tensor<13x4x16xbf16>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Layouts
//===----------------------------------------------------------------------===//

func.func @layout_of_rank(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{the layout of 'key' must permute its 4 dimensions, found a permutation of 3}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    layout<key = [1, 0, 2]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_rank_of_sequences(%q: tensor<12x4x16xbf16>, %k: tensor<12x4x16xbf16>,
    %v: tensor<12x4x16xbf16>, %o: tensor<12x4x16xbf16>, %cu: tensor<4xi32>) {
  // expected-error @below {{the layout of 'query' must permute its 3 dimensions, found a permutation of 4}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<12x4x16xbf16>, tensor<12x4x16xbf16>, tensor<12x4x16xbf16>)
    outs(%o : tensor<12x4x16xbf16>)
    cu_seqlens(%cu, %cu : tensor<4xi32>, tensor<4xi32>) layout<query = [0, 2, 1, 3]>
    -> tensor<12x4x16xbf16>
  return
}

// -----

func.func @layout_heads(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 1 (key tokens) of 'value' must be 4, as in 'key', found 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    layout<key = [0, 2, 1, 3]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_tokens(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  // expected-error @below {{dimension 1 (batch) of 'key' must be 1, as in 'query', found 'tensor<1x12x4x16xbf16>'}}
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    layout<query = [0, 2, 1, 3], output = [0, 2, 1, 3], key = [1, 0, 2, 3]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_head_dimension(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    // expected-error @below {{the layout of 'value' must keep the head dimension, number 3, innermost, found [0, 1, 3, 2]}}
    layout<value = [0, 1, 3, 2]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_no_permutation(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    // expected-error @below {{the layout of 'query' must be a permutation of 0 to 3, found [0, 1, 1, 3]}}
    layout<query = [0, 1, 1, 3]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_of_lambda(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    // expected-error @below {{a layout has an entry for 'query', 'key', 'value' or 'output', found 'lambda'}}
    layout<lambda = [0, 2, 1]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_twice(%q: tensor<1x12x4x16xbf16>, %k: tensor<1x12x4x16xbf16>,
    %v: tensor<1x12x4x16xbf16>, %o: tensor<1x12x4x16xbf16>) {
  %0 = diff.softmax_attention
    ins(%q, %k, %v : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>)
    outs(%o : tensor<1x12x4x16xbf16>)
    // expected-error @below {{a layout has one entry for 'key', found a second}}
    layout<key = [0, 2, 1, 3], key = [0, 1, 2, 3]>
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @layout_of_no_operand(%q: tensor<1x8x2x16xf32>,
                                %k: tensor<1x16x1x16xf32>,
                                %acc: tensor<1x2x8x16xf32>,
                                %row: tensor<1x2x8xf32>) {
  // expected-error @below {{has a layout of 'output', which is no operand of the op}}
  %0:3 = diff.online_attention
    ins(%q, %k, %k : tensor<1x8x2x16xf32>, tensor<1x16x1x16xf32>,
        tensor<1x16x1x16xf32>)
    outs(%acc, %row, %row : tensor<1x2x8x16xf32>, tensor<1x2x8xf32>,
         tensor<1x2x8xf32>)
    maps(2) layout<output = [0, 2, 1, 3]>
    -> tensor<1x2x8x16xf32>, tensor<1x2x8xf32>, tensor<1x2x8xf32>
  return
}

// -----

//===----------------------------------------------------------------------===//
// Legal edge cases, which test that the limits above are exact
//===----------------------------------------------------------------------===//

// The smallest and the largest double, and a lambda_init of 0 and below.
func.func @extreme_attributes(%q: tensor<1x12x4x16xbf16>) {
  %0 = diff.softmax_attention
    ins(%q, %q, %q : tensor<1x12x4x16xbf16>, tensor<1x12x4x16xbf16>,
        tensor<1x12x4x16xbf16>)
    outs(%q : tensor<1x12x4x16xbf16>)
    scale(4.9406564584124654e-324) softcap(1.7976931348623157e+308)
    -> tensor<1x12x4x16xbf16>
  return
}

// -----

func.func @extreme_attributes_v1(%q: tensor<1x12x2x16xf32>,
                                 %v: tensor<1x12x1x32xf32>,
                                 %lambda: tensor<1xf32>,
                                 %weight: tensor<32xf32>) {
  %0 = diff.attention_v1
    ins(%q, %q, %v, %lambda, %weight : tensor<1x12x2x16xf32>,
        tensor<1x12x2x16xf32>, tensor<1x12x1x32xf32>, tensor<1xf32>,
        tensor<32xf32>)
    outs(%v : tensor<1x12x1x32xf32>)
    lambda_init(-1.7976931348623157e+308) epsilon(4.9406564584124654e-324)
    -> tensor<1x12x1x32xf32>
  return
}
