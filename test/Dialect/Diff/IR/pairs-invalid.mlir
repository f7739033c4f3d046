// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// RUN: diff-opt %s -split-input-file -verify-diagnostics

func.func @rank(%q: tensor<2x1x8x4x2x16xf32>, %k: tensor<1x8x2x16xf32>,
                %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{'query' must have rank 4 [batch, query tokens, query heads, head dimension] or 5 [batch, query tokens, head groups, maps of a head group, head dimension], found 'tensor<2x1x8x4x2x16xf32>'}}
  diff.attention ins(%q, %k, %k, %l : tensor<2x1x8x4x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return
}

// -----

// V2 has one key head for both maps.
func.func @key_rank(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x1x2x16xf32>,
                    %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{'key' must have rank 4 [batch, key tokens, key heads, head dimension], found 'tensor<1x8x1x2x16xf32>'}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x8x16xf32>, tensor<1x8x1x2x16xf32>, tensor<1x8x1x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return
}

// -----

func.func @standard(%q: tensor<1x8x4x1x16xf32>, %k: tensor<1x8x2x16xf32>,
                    %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{'query' must have rank 4 [batch, query tokens, query heads, head dimension], found 'tensor<1x8x4x1x16xf32>'}}
  diff.softmax_attention ins(%q, %k, %k : tensor<1x8x4x1x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>)
    outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return
}

// -----

func.func @maps(%q: tensor<1x8x4x3x16xf32>, %k: tensor<1x8x2x16xf32>,
                %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{dimension 3 (maps of a head group) of 'query' must be 2, the number of maps, found 'tensor<1x8x4x3x16xf32>'}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x4x3x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return
}

// -----

// The position is that in the layout.
func.func @maps_layout(%q: tensor<3x1x8x4x16xf32>, %k: tensor<1x8x2x16xf32>,
                       %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{dimension 0 (maps of a head group) of 'query' must be 2, the number of maps, found}}
  diff.attention ins(%q, %k, %k, %l : tensor<3x1x8x4x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) layout<query = [3, 0, 1, 2, 4]> -> tensor<1x8x4x16xf32>
  return
}

// -----

func.func @groups(%q: tensor<1x8x3x2x16xf32>, %k: tensor<1x8x1x16xf32>,
                  %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{'lambda' must have 3 output heads (the query heads of 'query' divided by its 2 maps), found 4}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x3x2x16xf32>, tensor<1x8x1x16xf32>, tensor<1x8x1x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) -> tensor<1x8x4x16xf32>
  return
}

// -----

func.func @lse(%q: tensor<1x8x4x2x16xf32>, %k: tensor<1x8x2x16xf32>,
               %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>, %lse: tensor<1x6x8xf32>) {
  // expected-error @below {{dimension 1 (query heads) of 'lse' must be 8, as in 'query', found 'tensor<1x6x8xf32>'}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x4x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o, %lse : tensor<1x8x4x16xf32>, tensor<1x6x8xf32>) -> tensor<1x8x4x16xf32>, tensor<1x6x8xf32>
  return
}

// -----

func.func @key_heads(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x2x3x16xf32>, %v: tensor<1x8x2x32xf32>,
                     %l: tensor<4xf32>, %w: tensor<32xf32>, %o: tensor<1x8x4x32xf32>) {
  // expected-error @below {{dimension 3 (key heads of a value head) of 'key' must be 2, the number of key heads of a value head, found}}
  diff.attention_v1 ins(%q, %k, %v, %l, %w : tensor<1x8x8x16xf32>, tensor<1x8x2x3x16xf32>, tensor<1x8x2x32xf32>, tensor<4xf32>, tensor<32xf32>)
    outs(%o : tensor<1x8x4x32xf32>) -> tensor<1x8x4x32xf32>
  return
}

// -----

func.func @value_heads(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x2x2x16xf32>, %v: tensor<1x8x1x32xf32>,
                       %l: tensor<4xf32>, %w: tensor<32xf32>, %o: tensor<1x8x4x32xf32>) {
  // expected-error @below {{dimension 2 (value heads) of 'value' must be 2, as in 'key', found}}
  diff.attention_v1 ins(%q, %k, %v, %l, %w : tensor<1x8x8x16xf32>, tensor<1x8x2x2x16xf32>, tensor<1x8x1x32xf32>, tensor<4xf32>, tensor<32xf32>)
    outs(%o : tensor<1x8x4x32xf32>) -> tensor<1x8x4x32xf32>
  return
}

// -----

func.func @value_parts(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x4x16xf32>, %v: tensor<1x8x2x4x8xf32>,
                       %l: tensor<4xf32>, %w: tensor<32xf32>, %o: tensor<1x8x4x32xf32>) {
  // expected-error @below {{dimension 3 (parts of the value head dimension) of 'value' must be 2, the ratio of the value's to the query's head dimension, found}}
  diff.attention_v1 ins(%q, %k, %v, %l, %w : tensor<1x8x8x16xf32>, tensor<1x8x4x16xf32>, tensor<1x8x2x4x8xf32>, tensor<4xf32>, tensor<32xf32>)
    outs(%o : tensor<1x8x4x32xf32>) -> tensor<1x8x4x32xf32>
  return
}

// -----

func.func @value_dim(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x4x16xf32>, %v: tensor<1x8x2x2x8xf32>,
                     %l: tensor<4xf32>, %w: tensor<32xf32>, %o: tensor<1x8x4x32xf32>) {
  // expected-error @below {{dimension 0 (value head dimension) of 'weight' must be 16, as in 'value', found 'tensor<32xf32>'}}
  diff.attention_v1 ins(%q, %k, %v, %l, %w : tensor<1x8x8x16xf32>, tensor<1x8x4x16xf32>, tensor<1x8x2x2x8xf32>, tensor<4xf32>, tensor<32xf32>)
    outs(%o : tensor<1x8x4x32xf32>) -> tensor<1x8x4x32xf32>
  return
}

// -----

func.func @layout_rank(%q: tensor<1x8x8x16xf32>, %k: tensor<1x8x2x16xf32>,
                       %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{the layout of 'query' must permute its 4 dimensions, found a permutation of 5}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x8x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) layout<query = [0, 1, 3, 2, 4]> -> tensor<1x8x4x16xf32>
  return
}

// -----

func.func @too_many_heads(%q: tensor<1x?x4611686018427387905x4x8xf32>, %k: tensor<1x8x1x8xf32>,
                          %l: tensor<1x?x3xf32>, %o: tensor<1x?x3x8xf32>) {
  // expected-error @below {{'query' has more query heads than 64 bits can count, found 'tensor<1x?x4611686018427387905x4x8xf32>'}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x?x4611686018427387905x4x8xf32>, tensor<1x8x1x8xf32>, tensor<1x8x1x8xf32>, tensor<1x?x3xf32>)
    outs(%o : tensor<1x?x3x8xf32>) signals(3) -> tensor<1x?x3x8xf32>
  return
}

// -----

func.func @too_many_signals(%q: tensor<1x8x4x2x16xf32>, %k: tensor<1x8x2x16xf32>,
                            %l: tensor<1x8x4xf32>, %o: tensor<1x8x4x16xf32>) {
  // expected-error @below {{'signals' must be at most 2147483647, found 9223372036854775807}}
  diff.attention ins(%q, %k, %k, %l : tensor<1x8x4x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x2x16xf32>, tensor<1x8x4xf32>)
    outs(%o : tensor<1x8x4x16xf32>) signals(9223372036854775807) -> tensor<1x8x4x16xf32>
  return
}
