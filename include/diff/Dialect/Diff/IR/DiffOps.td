//===- DiffOps.td - Operations of the diff dialect ------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_DIFFOPS_TD
#define DIFF_DIALECT_DIFF_IR_DIFFOPS_TD

include "diff/Dialect/Diff/IR/AttentionInterfaces.td"
include "diff/Dialect/Diff/IR/DiffAttributes.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Diff_Shaped : AnyTypeOf<[AnyRankedTensor, AnyMemRef],
                            "ranked tensor or memref", "::mlir::ShapedType">;

// What the four ops share: operands in destination-passing style, on tensors
// or (after bufferization) memrefs.
class Diff_DestinationOp<string mnemonic, list<Trait> traits = []>
    : Op<Diff_Dialect, mnemonic, !listconcat(traits, [
        AttrSizedOperandSegments,
        DeclareOpInterfaceMethods<ConditionallySpeculatable>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>,
        DestinationStyleOpInterface])> {
  let results = (outs Variadic<AnyRankedTensor>:$results);
  code commonDeclarations = [{
    ::llvm::StringRef getOperandDims(unsigned operandNumber);
    ::llvm::StringRef getOperandName(unsigned operandNumber);
    ::mlir::MutableOperandRange getDpsInitsMutable();
    void setDiagonal(::mlir::Value diagonal) {
      getDiagonalMutable().assign(diagonal);
    }
  }];
}

class Diff_CombineOp<string mnemonic, int maps, int keyMaps, int valueWidth,
                     list<Trait> traits = []>
    : Diff_DestinationOp<mnemonic, !listconcat(traits, [
        AttentionOpInterface, AttentionCombineOpInterface])> {
  code combineDeclarations = commonDeclarations # [{
    void dropSequences() {
      getCuSeqlensKMutable().clear();
      getCuSeqlensQMutable().clear();
    }
    int64_t getNumMaps() { return }] # maps # [{; }
    int64_t getNumKeyMaps() { return }] # keyMaps # [{; }
    int64_t getValueWidth() { return }] # valueWidth # [{; }
    ::llvm::SmallVector<unsigned> getCombineOperands();
    ::mlir::Value combineMaps(::mlir::OpBuilder &builder, ::mlir::Location loc,
                              ::mlir::ValueRange maps,
                              ::mlir::ValueRange operands);
  }];
  let extraClassDeclaration = combineDeclarations;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// diff.attention
//===----------------------------------------------------------------------===//

def Diff_AttentionOp : Diff_CombineOp<"attention", 2, 1, 1> {
  let summary = "differential attention, V2";
  let description = [{
    Differential attention as in Differential Transformer V2 (Microsoft, 2026).
    The query heads are doubled, keys and values are those of the baseline, and
    the second map is gated by a sigmoid of a per-token, per-head logit:

        S_i   = scale * Q_i K^T            (i: query head, 0 <= i < 2h)
        S_i   = softcap * tanh(S_i / softcap)          (with `softcap`)
        P_i   = softmax over the visible keys of S_i   (`mask`)
        out_j = P_2j V - sigmoid(lambda_j) * P_2j+1 V

    Output head `j` is the pair of query heads `2j` and `2j+1`; both read key
    and value head `j / (h / h_kv)`. A row that sees no key gives 0.
    `lambda` holds logits: the sigmoid is part of the op, and -inf is legal
    (the second map vanishes).

    | operand | shape | type |
    |---|---|---|
    | `query` | [B, N, 2h, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, d] | as `query` |
    | `cu_seqlens_q`, `cu_seqlens_k` | see below | i32 |
    | `lambda` | [B, N, h] | as `query`, or the compute type |
    | `diagonal` | | index, M - N when absent |
    | `output` | [B, N, h, d] | as `query` |
    | `lse` | [B, 2h, N] | f32 (f64 for f64 elements) |

    Head counts and head dimensions are static and h is a multiple of h_kv; B,
    N and M may be dynamic. `scale` is finite and positive and 1/sqrt(d) when
    absent, `softcap` finite and positive. `lse`, when given, receives the
    natural logarithm of each row's sum of exponentials, -inf for a row that
    sees no key.

    ```mlir
    %0 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<1x512x16x128xbf16>,
               tensor<1x512x4x128xbf16>, tensor<1x512x4x128xbf16>,
               tensor<1x512x8xbf16>)
           outs(%init : tensor<1x512x8x128xbf16>)
           mask<causal> -> tensor<1x512x8x128xbf16>
    ```

    **Sequences of variable length.** With `cu_seqlens_q` and `cu_seqlens_k`
    the entries of the batch stand one behind the other in packed tensors of N
    query and M key tokens altogether, without the dimension B:

    | operand | shape | type |
    |---|---|---|
    | `query` | [N, 2h, d] | |
    | `key`, `value` | [M, h_kv, d] | |
    | `cu_seqlens_q`, `cu_seqlens_k` | [B + 1] | i32 |
    | `lambda` | [N, h] | |
    | `output` | [N, h, d] | |
    | `lse` | [2h, N] | |

    Query tokens cu_seqlens_q[b] to cu_seqlens_q[b + 1], exclusive, are sequence
    b, and key tokens likewise: an attention of its own, whose mask is aligned
    to the bottom right of its own tokens. Sequences may be empty: those without
    a query give nothing, those without a key 0 and a log-sum-exp of -inf.
    Offsets begin with 0, do not decrease and do not exceed N and M. Rows of the
    destinations behind the last sequence keep their values, and no operand is
    read there. There is no `diagonal`: each sequence has its own.

    ```mlir
    %0 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<?x16x128xbf16>,
               tensor<?x4x128xbf16>, tensor<?x4x128xbf16>, tensor<?x8xbf16>)
           outs(%init : tensor<?x8x128xbf16>)
           cu_seqlens(%cu_q, %cu_k : tensor<?xi32>, tensor<?xi32>)
           mask<causal> -> tensor<?x8x128xbf16>
    ```

    **Layouts.** `layout` permutes the dimensions of `query`, `key`, `value` and
    `output`, of which the head dimension stays innermost: see `#diff.layout`.
    `lambda` and `lse` have one layout. `diff-fold-transposes` folds a
    `linalg.transpose` of an operand or of the result into it.

    ```mlir
    %0 = diff.attention
           ins(%q, %k, %v, %lambda : tensor<1x16x512x128xbf16>,
               tensor<1x4x512x128xbf16>, tensor<1x4x512x128xbf16>,
               tensor<1x512x8xbf16>)
           outs(%init : tensor<1x8x512x128xbf16>)
           mask<causal>
           layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                  value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
           -> tensor<1x8x512x128xbf16>
    ```
  }];
  let arguments = (ins
    Diff_Shaped:$query, Diff_Shaped:$key, Diff_Shaped:$value,
    Optional<Diff_Shaped>:$cu_seqlens_q, Optional<Diff_Shaped>:$cu_seqlens_k,
    Diff_Shaped:$lambda, Optional<Index>:$diagonal, Diff_Shaped:$output,
    Optional<Diff_Shaped>:$lse, OptionalAttr<Diff_MaskAttr>:$mask,
    OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `,` $lambda `:` type($query) `,`
      type($key) `,` type($value) `,` type($lambda) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    (`cu_seqlens` `(` $cu_seqlens_q^ `,` $cu_seqlens_k `:`
      type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`)?
    (`diagonal` `(` $diagonal^ `)`)? (`mask` `` $mask^)?
    (`scale` `(` $scale^ `)`)? (`softcap` `(` $softcap^ `)`)?
    (`layout` `` $layout^)?
    attr-dict (`->` type($results)^)?
  }];
}

//===----------------------------------------------------------------------===//
// diff.attention_v1
//===----------------------------------------------------------------------===//

def Diff_AttentionV1Op : Diff_CombineOp<"attention_v1", 2, 2, 2> {
  let summary = "differential attention, V1";
  let description = [{
    Differential attention as in "Differential Transformer" (Ye et al., ICLR
    2025, arXiv:2410.05258): two maps with keys of their own over values of
    twice the width, an RMS norm of each head's row, and a constant factor:

        x_j   = P_0 V - lambda_j * P_1 V
        out_j = (1 - lambda_init) * x_j / sqrt(mean(x_j^2) + epsilon) * weight

    Map `a` of output head `j` reads query head `2j + a`, key head
    `2 * (j / (h / h_kv)) + a` and value head `j / (h / h_kv)`. The scores are
    those of `diff.attention`. The norm runs over the 2d values of a head; a
    zero row stays zero.

    | operand | shape | type |
    |---|---|---|
    | `query` | [B, N, 2h, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, 2h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, 2d] | as `query` |
    | `lambda` | [h] | f32 (f64 for f64 elements) |
    | `weight` | [2d] | as `query`, or the compute type |
    | `diagonal` | | index, M - N when absent |
    | `output` | [B, N, h, 2d] | as `query` |
    | `lse` | [B, 2h, N] | f32 (f64 for f64 elements) |

    `lambda` is the value itself, re-parameterised in front of the op:
    exp(lq1 . lk1) - exp(lq2 . lk2) + lambda_init. `lambda_init` is finite and
    below 1 (the paper: 0.8 - 0.6 exp(-0.3 layer)), `epsilon` finite and
    positive. Everything else, sequences of variable length and layouts
    included, is as for `diff.attention`.

    ```mlir
    %0 = diff.attention_v1
           ins(%q, %k, %v, %lambda, %weight : tensor<1x512x16x64xbf16>,
               tensor<1x512x8x64xbf16>, tensor<1x512x4x128xbf16>,
               tensor<8xf32>, tensor<128xf32>)
           outs(%init : tensor<1x512x8x128xbf16>)
           mask<causal> lambda_init(0.2) -> tensor<1x512x8x128xbf16>
    ```
  }];
  let arguments = (ins
    Diff_Shaped:$query, Diff_Shaped:$key, Diff_Shaped:$value,
    Optional<Diff_Shaped>:$cu_seqlens_q, Optional<Diff_Shaped>:$cu_seqlens_k,
    Diff_Shaped:$lambda, Diff_Shaped:$weight, Optional<Index>:$diagonal,
    Diff_Shaped:$output, Optional<Diff_Shaped>:$lse,
    OptionalAttr<Diff_MaskAttr>:$mask, OptionalAttr<F64Attr>:$scale,
    OptionalAttr<F64Attr>:$softcap,
    DefaultValuedAttr<F64Attr, "0.8">:$lambda_init,
    DefaultValuedAttr<F64Attr, "1.0e-5">:$epsilon,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `,` $lambda `,` $weight `:`
      type($query) `,` type($key) `,` type($value) `,` type($lambda) `,`
      type($weight) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    (`cu_seqlens` `(` $cu_seqlens_q^ `,` $cu_seqlens_k `:`
      type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`)?
    (`diagonal` `(` $diagonal^ `)`)? (`mask` `` $mask^)?
    (`scale` `(` $scale^ `)`)? (`softcap` `(` $softcap^ `)`)?
    (`layout` `` $layout^)?
    (`lambda_init` `(` $lambda_init^ `)`)? (`epsilon` `(` $epsilon^ `)`)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = combineDeclarations # [{
    ::std::optional<::mlir::diff::RowNorm> getRowNorm();
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// diff.softmax_attention
//===----------------------------------------------------------------------===//

def Diff_SoftmaxAttentionOp : Diff_CombineOp<"softmax_attention", 1, 1, 0> {
  let summary = "standard softmax attention";
  let description = [{
    Standard attention, the baseline that users compare with: the case of one
    map, `out_j = softmax(S_j) V` with the scores of `diff.attention`. Output
    head `j` reads query head `j` and key and value head `j / (h / h_kv)`.
    Sequences of variable length and layouts are those of `diff.attention`.

    | operand | shape | type |
    |---|---|---|
    | `query` | [B, N, h, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, dv] | as `query` |
    | `diagonal` | | index, M - N when absent |
    | `output` | [B, N, h, dv] | as `query` |
    | `lse` | [B, h, N] | f32 (f64 for f64 elements) |

    The width of the values, dv, is free: with dv = 2d two of these are the maps
    of `diff.attention_v1`.

    ```mlir
    %0:2 = diff.softmax_attention
             ins(%q, %k, %v : tensor<?x?x8x64xf16>, tensor<?x?x2x64xf16>,
                 tensor<?x?x2x64xf16>)
             outs(%init, %lse : tensor<?x?x8x64xf16>, tensor<?x8x?xf32>)
             mask<window = [128, 0]> softcap(30.0)
             -> tensor<?x?x8x64xf16>, tensor<?x8x?xf32>
    ```
  }];
  let arguments = (ins
    Diff_Shaped:$query, Diff_Shaped:$key, Diff_Shaped:$value,
    Optional<Diff_Shaped>:$cu_seqlens_q, Optional<Diff_Shaped>:$cu_seqlens_k,
    Optional<Index>:$diagonal, Diff_Shaped:$output,
    Optional<Diff_Shaped>:$lse, OptionalAttr<Diff_MaskAttr>:$mask,
    OptionalAttr<F64Attr>:$scale, OptionalAttr<F64Attr>:$softcap,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
      type($value) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    (`cu_seqlens` `(` $cu_seqlens_q^ `,` $cu_seqlens_k `:`
      type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`)?
    (`diagonal` `(` $diagonal^ `)`)? (`mask` `` $mask^)?
    (`scale` `(` $scale^ `)`)? (`softcap` `(` $softcap^ `)`)?
    (`layout` `` $layout^)?
    attr-dict (`->` type($results)^)?
  }];
}

//===----------------------------------------------------------------------===//
// diff.online_attention
//===----------------------------------------------------------------------===//

def Diff_OnlineAttentionOp : Diff_DestinationOp<"online_attention",
                                              [AttentionOpInterface]> {
  let summary = "online softmax attention over key tokens";
  let description = [{
    The online softmax (Milakov and Gimelshein, 2018; FlashAttention-2): takes
    the running values of each row, folds the given keys into them, and returns
    the new ones. In base 2, with x the scores times log2(e) and -inf for an
    invisible key,

        max' = maximum(max, rowmax(x))
        p    = exp2(x - max'),  f = exp2(max - max')
        sum' = f * sum + rowsum(p)
        acc' = f * acc + p V

    where a max' of -inf counts, and is returned, as the lowest finite value,
    so that the exponents of a row that sees no key are -inf. The identity is acc = 0,
    max = -inf, sum = 0; a row's output is acc / sum, its log-sum-exp is
    ln(2) * max + ln(sum).

    An output head has `maps` rows for each query token; both maps of a pair
    walk the same key tiles. The iteration domain is (batch, output head,
    query token, key token), of which the last is a reduction: this op, and
    none of the others, may be tiled and split along the keys.

    Query `i` sees key `j` when `-left <= j - i - diagonal <= right` and
    `j < key_length`; the operands keep masks and tails right under any tiling.
    `layout` permutes the dimensions of `query`, `key` and `value`.

    | operand | shape | type |
    |---|---|---|
    | `query` | [B, N, maps h, d] | f16, bf16, f32 |
    | `key` | [B, M, h_kv, d] or [B, M, maps h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, dv] | as `query` |
    | `diagonal` | | index, M - N when absent |
    | `key_length` | | index, M when absent |
    | `acc` | [B, maps h, N, dv] | f32 |
    | `max`, `sum` | [B, maps h, N] | f32 |

    ```mlir
    %0:3 = diff.online_attention
             ins(%q, %k, %v : tensor<1x64x2x128xbf16>, tensor<1x32x1x128xbf16>,
                 tensor<1x32x1x128xbf16>)
             outs(%acc, %max, %sum : tensor<1x2x64x128xf32>,
                  tensor<1x2x64xf32>, tensor<1x2x64xf32>)
             maps(2) diagonal(%diag) mask<causal> scale(0.0883)
             -> tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
    ```
  }];
  let arguments = (ins
    Diff_Shaped:$query, Diff_Shaped:$key, Diff_Shaped:$value,
    Optional<Index>:$diagonal, Optional<Index>:$key_length, Diff_Shaped:$acc,
    Diff_Shaped:$max, Diff_Shaped:$sum, DefaultValuedAttr<I64Attr, "1">:$maps,
    OptionalAttr<Diff_MaskAttr>:$mask, OptionalAttr<F64Attr>:$scale,
    OptionalAttr<F64Attr>:$softcap, OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
      type($value) `)`
    `outs` `(` $acc `,` $max `,` $sum `:` type($acc) `,` type($max) `,`
      type($sum) `)`
    (`maps` `(` $maps^ `)`)? (`diagonal` `(` $diagonal^ `)`)?
    (`key_length` `(` $key_length^ `)`)? (`mask` `` $mask^)?
    (`scale` `(` $scale^ `)`)? (`softcap` `(` $softcap^ `)`)?
    (`layout` `` $layout^)?
    attr-dict (`->` type($results)^)?
  }];
  let extraClassDeclaration = commonDeclarations # [{
    int64_t getNumMaps() { return static_cast<int64_t>(getMaps()); }
    int64_t getNumKeyMaps();
    int64_t getValueWidth() { return 0; }
    ::mlir::Value getKeyLengthOrNull() { return getKeyLength(); }
  }];
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFOPS_TD
