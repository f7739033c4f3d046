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
    them, so that the noise they share cancels. The dialect holds it, and the
    standard attention that users compare it with, as high-level operations in
    destination-passing style:

    | op | what it is |
    |---|---|
    | `diff.attention` | Differential Transformer V2 (Microsoft, 2026) |
    | `diff.attention_v1` | Differential Transformer (Ye et al., ICLR 2025, arXiv:2410.05258) |
    | `diff.softmax_attention` | standard softmax attention |
    | `diff.online_attention` | the online softmax over the key tokens that all three become |

    One idea carries all four: the rows of an attention have one more index,
    the *map*. Rows are (map, query head of a group, query token) against the
    keys of one key/value head, an online softmax runs over key tokens, and an
    epilogue combines the maps of an output head. What is special about a
    variant lives in the methods of two op interfaces
    (`AttentionOpInterface`, `AttentionCombineOpInterface`); no pass asks which
    variant it has.

    Letters used for sizes: B batch, N query tokens, M key tokens, h output
    heads, h_kv value heads, d head dimension. Tensors are token-major,
    `[B, tokens, heads, dim]`, unless an op has a `layout` or sequences of
    variable length. All softmax arithmetic, everything after it and
    every accumulation is f32 (f64 for f64 elements), whatever the element
    type.

    Bytecode carries the dialect's version; a reader refuses a newer one, and one
    of another major version.
  }];
  let useDefaultAttributePrinterParser = 1;
  let extraClassDeclaration = [{
    void registerAttributes();
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect",
  ];
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFBASE_TD
