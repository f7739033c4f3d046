//===- DiffBase.td - The diff dialect -------------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_DIFFBASE_TD
#define DIFF_DIALECT_DIFF_IR_DIFFBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"

def Diff_Dialect : Dialect {
  let name = "diff";
  let cppNamespace = "::mlir::diff";
  let summary = "Differential attention";
  let description = [{
    Differential attention computes two softmax attention maps and subtracts
    them, which cancels the noise that they share. The dialect has
    destination-passing-style ops for differential attention and for standard
    attention, the usual baseline:

    | op | computes |
    |---|---|
    | `diff.attention` | Differential Transformer V2 (Microsoft, 2026) |
    | `diff.attention_v1` | Differential Transformer (Ye et al., ICLR 2025, arXiv:2410.05258) |
    | `diff.softmax_attention` | standard softmax attention |
    | `diff.online_attention` | the online softmax over key tokens to which the other ops decompose |

    All four ops share one model. The rows of an attention have one more index,
    the *map*: a row is (map, query head of a group, query token), and it
    attends to the keys of one key/value head. An online softmax runs over the
    key tokens, and an epilogue combines the maps of an output head. The
    differences between the variants are methods of two op interfaces,
    `AttentionOpInterface` and `AttentionCombineOpInterface`. No pass tests for
    a specific op.

    Sizes are named B (batch), N (query tokens), M (key tokens), h (output
    heads), h_kv (value heads) and d (head dimension). Tensors are token-major,
    `[B, tokens, heads, dim]`, unless the op has a `layout` or sequences of
    variable length. The softmax, every accumulation and the epilogue are
    computed in f32 (in f64 for f64 elements), whatever the element type is.

    Bytecode carries the version of the dialect. A reader rejects bytecode of a
    newer version and of another major version.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let hasRegionResultAttrVerify = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFBASE_TD
