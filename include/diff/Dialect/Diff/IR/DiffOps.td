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

// Constraints with summaries that describe the operands and attributes of the
// ops in the generated reference and in the verifier's messages.
class Diff_Operand<string contents>
    : ConfinedType<Diff_Shaped, [], "ranked tensor or memref of " # contents>;

class Diff_Index<string meaning>
    : ConfinedType<Index, [], "index (" # meaning # ")">,
      BuildableType<"$_builder.getIndexType()">;

class Diff_F64Attr<string meaning> : ConfinedAttr<F64Attr, []> {
  let summary = "64-bit float attribute (" # meaning # ")";
}

def Diff_Query : Diff_Operand<"queries">;
def Diff_Key : Diff_Operand<"keys">;
def Diff_Value : Diff_Operand<"values">;
def Diff_CuSeqlensQ : Diff_Operand<"offsets of the query sequences">;
def Diff_CuSeqlensK : Diff_Operand<"offsets of the key sequences">;
def Diff_Gate : Diff_Operand<"logits of the output gate">;
def Diff_Output : Diff_Operand<"outputs, the destination">;
def Diff_Lse : Diff_Operand<"log-sum-exps, the second destination">;
def Diff_Diagonal : Diff_Index<"position of the mask's diagonal">;
def Diff_ScaleAttr : Diff_F64Attr<"scale of the scores">;
def Diff_SoftcapAttr : Diff_F64Attr<"bound of the scores">;
def Diff_SignalsAttr
    : ConfinedAttr<I64Attr, [IntPositive]> {
  let summary = "positive 64-bit signless integer attribute (signal heads for "
                "each noise head)";
}
def Diff_Result
    : ConfinedType<AnyRankedTensor, [], "ranked tensor, an updated destination">;

// The base of all ops of the dialect: destination-passing style on tensors, and
// on memrefs after bufferization.
class Diff_DestinationOp<string mnemonic, list<Trait> traits = []>
    : Op<Diff_Dialect, mnemonic, !listconcat(traits, [
        AttrSizedOperandSegments,
        DeclareOpInterfaceMethods<ConditionallySpeculatable>,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
                                  ["reifyResultShapes"]>,
        DestinationStyleOpInterface])> {
  let results = (outs Variadic<Diff_Result>:$results);
  code commonDeclarations = [{
    ::llvm::StringRef getOperandDims(unsigned operandNumber);
    ::llvm::StringRef getOperandPairDims(unsigned operandNumber);
    ::llvm::StringRef getOperandName(unsigned operandNumber);
    ::mlir::MutableOperandRange getDpsInitsMutable();
    void setDiagonal(::mlir::Value diagonal) {
      getDiagonalMutable().assign(diagonal);
    }
  }];
}

class Diff_CombineOp<string mnemonic, int keyMaps, int valueWidth,
                     list<Trait> traits = []>
    : Diff_DestinationOp<mnemonic, !listconcat(traits, [
        AttentionOpInterface, AttentionCombineOpInterface])> {
  code combineDeclarations = commonDeclarations # [{
    void dropSequences() {
      getCuSeqlensKMutable().clear();
      getCuSeqlensQMutable().clear();
    }
    int64_t getNumMaps();
    int64_t getNumSignals();
    int64_t getNumKeyMaps() { return }] # keyMaps # [{; }
    int64_t getValueWidth() { return }] # valueWidth # [{; }
    ::llvm::SmallVector<unsigned> getCombineOperands();
    ::mlir::Value combineMaps(::mlir::OpBuilder &builder, ::mlir::Location loc,
                              ::mlir::ValueRange maps,
                              ::mlir::ValueRange operands);
  }];
  let extraClassDeclaration = combineDeclarations;
  let hasCanonicalizer = 1;
  // Reads the properties of older versions of the dialect.
  let useCustomPropertiesEncoding = 1;
}

//===----------------------------------------------------------------------===//
// diff.attention
//===----------------------------------------------------------------------===//

def Diff_AttentionOp : Diff_CombineOp<"attention", 1, 0> {
  let summary = "differential attention, V2";
  let description = [{
    Differential attention as in Differential Transformer V2 (Microsoft, 2026).
    The op has twice as many query heads as the baseline and the same keys and
    values. A sigmoid of a logit for each token and head weights the noise map:

        S_i   = scale * Q_i K^T            (i: query head, 0 <= i < 2h)
        S_i   = softcap * tanh(S_i / softcap)          (with `softcap`)
        P_i   = softmax over the visible keys of S_i   (`mask`)
        out_j = P_2j V - sigmoid(lambda_j) * P_2j+1 V

    Output head `j` is the pair of query heads `2j`, the signal, and `2j+1`, the
    noise. Both read key and value head `j / (h / h_kv)`. The output of a row
    that sees no key is 0. `lambda` holds logits, because the op applies the
    sigmoid. A logit of -inf is legal and removes the noise map.

    **Head groups.** With `signals(r)`, r signal heads share a noise head
    (grouped differential attention). Each group has r output heads and r + 1
    consecutive query heads. The noise head is the last of them. All heads of a
    group read one key and value head, so h / r is a multiple of h_kv. There
    are h + h/r query heads; for r = 1 they are the pairs above.

    **Gate.** With `gate`, the output is multiplied by the sigmoid of the gate's
    logits, element by element, in the compute type and before the output is
    rounded. A row that sees no key is 0 whatever its gate is.

    | operand | shape | element type |
    |---|---|---|
    | `query` | [B, N, h + h/r, d] or [B, N, h/r, r + 1, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, dv] | as `query` |
    | `cu_seqlens_q`, `cu_seqlens_k` | [B + 1], see below | i32 |
    | `lambda` | [B, N, h] | as `query`, or the compute type |
    | `gate` | [B, N, h, dv] | as `query` |
    | `diagonal` | scalar, default M - N | index |
    | `output` | [B, N, h, dv] | as `query` |
    | `lse` | [B, h + h/r, N] | f32 (f64 for f64 elements) |

    The value width dv is arbitrary.

    Head counts and head dimensions are static, and h is a multiple of h_kv. B,
    N and M may be dynamic. `scale` is finite and positive; the default is
    1/sqrt(d). `softcap` is finite and positive. If `lse` is given, it receives
    the natural logarithm of the sum of the exponentials of each row, which is
    -inf for a row that sees no key.

    ```mlir
    func.func @attention(%q: tensor<1x512x16x128xbf16>,
                         %k: tensor<1x512x4x128xbf16>,
                         %v: tensor<1x512x4x128xbf16>,
                         %lambda: tensor<1x512x8xbf16>,
                         %init: tensor<1x512x8x128xbf16>)
        -> tensor<1x512x8x128xbf16> {
      %0 = diff.attention
             ins(%q, %k, %v, %lambda : tensor<1x512x16x128xbf16>,
                 tensor<1x512x4x128xbf16>, tensor<1x512x4x128xbf16>,
                 tensor<1x512x8xbf16>)
             outs(%init : tensor<1x512x8x128xbf16>)
             mask<causal> -> tensor<1x512x8x128xbf16>
      return %0 : tensor<1x512x8x128xbf16>
    }
    ```

    **Pairs as a dimension.** `query` may have rank 5,
    [B, N, h / r, r + 1, d] (rank 4 with sequences), with the head group and
    the map as two dimensions. `layout` can then place the dimension of the maps
    anywhere. With `query = [0, 1, 3, 2, 4]`, for example, the signal heads of
    all groups precede the noise heads. All other operands have the head order
    described above.

    **Sequences of variable length.** With `cu_seqlens_q` and `cu_seqlens_k`,
    the tensors have no batch dimension. They are packed: the sequences of the
    batch follow one another, with N query tokens and M key tokens in total.

    | operand | shape |
    |---|---|
    | `query` | [N, h + h/r, d] or [N, h/r, r + 1, d] |
    | `key`, `value` | [M, h_kv, d], [M, h_kv, dv] |
    | `cu_seqlens_q`, `cu_seqlens_k` | [B + 1] |
    | `lambda` | [N, h] |
    | `gate`, `output` | [N, h, dv] |
    | `lse` | [h + h/r, N] |

    Sequence b has the query tokens from cu_seqlens_q[b] to cu_seqlens_q[b + 1]
    (exclusive) and the key tokens from cu_seqlens_k[b] to cu_seqlens_k[b + 1]
    (exclusive). Each sequence is an attention of its own, with a mask that is
    aligned to the bottom right corner of its own tokens. Sequences may be
    empty. A sequence without queries has no output. The output of a sequence
    without keys is 0, and its log-sum-exp is -inf. Offsets start at 0, do not
    decrease, and do not exceed N and M. Rows of the destinations after the last
    sequence keep their values, and the op reads no operand there. `diagonal`
    must be absent, because each sequence has its own diagonal.

    ```mlir
    func.func @varlen(%q: tensor<?x16x128xbf16>, %k: tensor<?x4x128xbf16>,
                      %v: tensor<?x4x128xbf16>, %lambda: tensor<?x8xbf16>,
                      %cu_q: tensor<?xi32>, %cu_k: tensor<?xi32>,
                      %init: tensor<?x8x128xbf16>) -> tensor<?x8x128xbf16> {
      %0 = diff.attention
             ins(%q, %k, %v, %lambda : tensor<?x16x128xbf16>,
                 tensor<?x4x128xbf16>, tensor<?x4x128xbf16>, tensor<?x8xbf16>)
             outs(%init : tensor<?x8x128xbf16>)
             cu_seqlens(%cu_q, %cu_k : tensor<?xi32>, tensor<?xi32>)
             mask<causal> -> tensor<?x8x128xbf16>
      return %0 : tensor<?x8x128xbf16>
    }
    ```

    **Layouts.** `layout` permutes the dimensions of `query`, `key`, `value` and
    `output`; the head dimension stays innermost (see `#diff.layout`). `gate`
    has the layout of `output`. `lambda` and `lse` always have the shapes above. `diff-fold-layouts` folds a
    `linalg.transpose` of an operand or of the result into the layout.

    ```mlir
    func.func @head_major(%q: tensor<1x16x512x128xbf16>,
                          %k: tensor<1x4x512x128xbf16>,
                          %v: tensor<1x4x512x128xbf16>,
                          %lambda: tensor<1x512x8xbf16>,
                          %init: tensor<1x8x512x128xbf16>)
        -> tensor<1x8x512x128xbf16> {
      %0 = diff.attention
             ins(%q, %k, %v, %lambda : tensor<1x16x512x128xbf16>,
                 tensor<1x4x512x128xbf16>, tensor<1x4x512x128xbf16>,
                 tensor<1x512x8xbf16>)
             outs(%init : tensor<1x8x512x128xbf16>)
             mask<causal>
             layout<query = [0, 2, 1, 3], key = [0, 2, 1, 3],
                    value = [0, 2, 1, 3], output = [0, 2, 1, 3]>
             -> tensor<1x8x512x128xbf16>
      return %0 : tensor<1x8x512x128xbf16>
    }
    ```
  }];
  let arguments = (ins
    Diff_Query:$query, Diff_Key:$key, Diff_Value:$value,
    Optional<Diff_CuSeqlensQ>:$cu_seqlens_q,
    Optional<Diff_CuSeqlensK>:$cu_seqlens_k,
    Diff_Operand<"logits of the noise map's factor">:$lambda,
    Optional<Diff_Gate>:$gate, Optional<Diff_Diagonal>:$diagonal,
    Diff_Output:$output, Optional<Diff_Lse>:$lse,
    DefaultValuedAttr<Diff_SignalsAttr, "1">:$signals,
    OptionalAttr<Diff_MaskAttr>:$mask,
    OptionalAttr<Diff_ScaleAttr>:$scale, OptionalAttr<Diff_SoftcapAttr>:$softcap,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `,` $lambda `:` type($query) `,`
      type($key) `,` type($value) `,` type($lambda) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    oilist(`cu_seqlens` `(` $cu_seqlens_q `,` $cu_seqlens_k `:`
             type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`
         | `gate` `(` $gate `:` type($gate) `)` | `signals` `(` custom<Number>($signals) `)`
         | `diagonal` `(` $diagonal `)` | `mask` `` custom<Stripped>($mask)
         | `scale` `(` custom<Number>($scale) `)` | `softcap` `(` custom<Number>($softcap) `)`
         | `layout` `` custom<Stripped>($layout))
    attr-dict `` custom<Results>(type($results), ref(type($output)))
  }];
}

//===----------------------------------------------------------------------===//
// diff.attention_v1
//===----------------------------------------------------------------------===//

def Diff_AttentionV1Op : Diff_CombineOp<"attention_v1", 2, 2> {
  let summary = "differential attention, V1";
  let description = [{
    Differential attention as in "Differential Transformer" (Ye et al., ICLR
    2025, arXiv:2410.05258). The two maps have separate keys and share values of
    twice the width. The noise map is multiplied by a constant factor for each
    head, and each output row is normalized by an RMS norm:

        x_j   = P_0 V - lambda_j * P_1 V
        out_j = (1 - lambda_init) * x_j / sqrt(mean(x_j^2) + epsilon) * weight

    Map `a` of output head `j` reads query head `2j + a`, key head
    `2 * (j / (h / h_kv)) + a` and value head `j / (h / h_kv)`. The scores are
    computed as in `diff.attention`. The norm is over the 2d values of a head. A
    row of zeros stays zero.

    With `signals(r)`, query heads form groups of r + 1 as in `diff.attention`.
    The signal heads of a group read key head 2g and its noise head key head
    2g + 1, where g is the group's value head. `gate` multiplies the normalized
    and weighted output.

    | operand | shape | element type |
    |---|---|---|
    | `query` | [B, N, h + h/r, d] or [B, N, h/r, r + 1, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, 2h_kv, d] or [B, M, h_kv, 2, d] | as `query` |
    | `value` | [B, M, h_kv, 2d] or [B, M, h_kv, 2, d] | as `query` |
    | `lambda` | [h] | f32 (f64 for f64 elements) |
    | `weight` | [2d] | as `query`, or the compute type |
    | `gate` | [B, N, h, 2d] | as `query` |
    | `diagonal` | scalar, default M - N | index |
    | `output` | [B, N, h, 2d] | as `query` |
    | `lse` | [B, h + h/r, N] | f32 (f64 for f64 elements) |

    With rank 5 (rank 4 with sequences), the two maps of a pair, its two key
    heads and the two halves of its values are dimensions of their own, which
    `layout` can place anywhere:

    ```mlir
    func.func @pair_by_halves(%q: tensor<1x512x2x8x64xbf16>,
                              %k: tensor<2x1x512x4x64xbf16>,
                              %v: tensor<2x1x512x4x64xbf16>,
                              %lambda: tensor<8xf32>, %weight: tensor<128xf32>,
                              %init: tensor<1x512x8x128xbf16>)
        -> tensor<1x512x8x128xbf16> {
      %0 = diff.attention_v1
             ins(%q, %k, %v, %lambda, %weight : tensor<1x512x2x8x64xbf16>,
                 tensor<2x1x512x4x64xbf16>, tensor<2x1x512x4x64xbf16>,
                 tensor<8xf32>, tensor<128xf32>)
             outs(%init : tensor<1x512x8x128xbf16>)
             layout<query = [0, 1, 3, 2, 4], key = [3, 0, 1, 2, 4],
                    value = [3, 0, 1, 2, 4]> -> tensor<1x512x8x128xbf16>
      return %0 : tensor<1x512x8x128xbf16>
    }
    ```

    `lambda` holds the factors themselves. Compute the re-parameterization
    exp(lq1 . lk1) - exp(lq2 . lk2) + lambda_init before the op. `lambda_init`
    is finite and less than 1 (0.8 - 0.6 exp(-0.3 layer) in the paper);
    `epsilon` is finite and positive. The other attributes, sequences of
    variable length and layouts work as in `diff.attention`.

    ```mlir
    func.func @attention_v1(%q: tensor<1x512x16x64xbf16>,
                            %k: tensor<1x512x8x64xbf16>,
                            %v: tensor<1x512x4x128xbf16>,
                            %lambda: tensor<8xf32>, %weight: tensor<128xf32>,
                            %init: tensor<1x512x8x128xbf16>)
        -> tensor<1x512x8x128xbf16> {
      %0 = diff.attention_v1
             ins(%q, %k, %v, %lambda, %weight : tensor<1x512x16x64xbf16>,
                 tensor<1x512x8x64xbf16>, tensor<1x512x4x128xbf16>,
                 tensor<8xf32>, tensor<128xf32>)
             outs(%init : tensor<1x512x8x128xbf16>)
             mask<causal> lambda_init(0.2) -> tensor<1x512x8x128xbf16>
      return %0 : tensor<1x512x8x128xbf16>
    }
    ```
  }];
  let arguments = (ins
    Diff_Query:$query, Diff_Key:$key, Diff_Value:$value,
    Optional<Diff_CuSeqlensQ>:$cu_seqlens_q,
    Optional<Diff_CuSeqlensK>:$cu_seqlens_k,
    Diff_Operand<"factors of the second map">:$lambda,
    Diff_Operand<"weights of the RMS norm">:$weight,
    Optional<Diff_Gate>:$gate, Optional<Diff_Diagonal>:$diagonal,
    Diff_Output:$output, Optional<Diff_Lse>:$lse,
    DefaultValuedAttr<Diff_SignalsAttr, "1">:$signals,
    OptionalAttr<Diff_MaskAttr>:$mask,
    OptionalAttr<Diff_ScaleAttr>:$scale, OptionalAttr<Diff_SoftcapAttr>:$softcap,
    DefaultValuedAttr<Diff_F64Attr<"initial lambda; 1 - lambda_init scales the "
                                   "output">, "0.8">:$lambda_init,
    DefaultValuedAttr<Diff_F64Attr<"epsilon of the RMS norm">,
                      "1.0e-5">:$epsilon,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `,` $lambda `,` $weight `:`
      type($query) `,` type($key) `,` type($value) `,` type($lambda) `,`
      type($weight) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    oilist(`cu_seqlens` `(` $cu_seqlens_q `,` $cu_seqlens_k `:`
             type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`
         | `gate` `(` $gate `:` type($gate) `)` | `signals` `(` custom<Number>($signals) `)`
         | `diagonal` `(` $diagonal `)` | `mask` `` custom<Stripped>($mask)
         | `scale` `(` custom<Number>($scale) `)` | `softcap` `(` custom<Number>($softcap) `)`
         | `layout` `` custom<Stripped>($layout)
         | `lambda_init` `(` custom<Number>($lambda_init) `)` | `epsilon` `(` custom<Number>($epsilon) `)`)
    attr-dict `` custom<Results>(type($results), ref(type($output)))
  }];
  let extraClassDeclaration = combineDeclarations # [{
    ::std::optional<::mlir::diff::RowNorm> getRowNorm();
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// diff.softmax_attention
//===----------------------------------------------------------------------===//

def Diff_SoftmaxAttentionOp : Diff_CombineOp<"softmax_attention", 1, 0> {
  let summary = "standard softmax attention";
  let description = [{
    Standard softmax attention, the usual baseline. It has one map,
    `out_j = softmax(S_j) V`, with scores as in `diff.attention`. Output head
    `j` reads query head `j` and key and value head `j / (h / h_kv)`. The gate,
    sequences of variable length and layouts work as in `diff.attention`.

    | operand | shape | element type |
    |---|---|---|
    | `query` | [B, N, h, d] | f16, bf16, f32, f64 |
    | `key` | [B, M, h_kv, d] | as `query` |
    | `value` | [B, M, h_kv, dv] | as `query` |
    | `gate` | [B, N, h, dv] | as `query` |
    | `diagonal` | scalar, default M - N | index |
    | `output` | [B, N, h, dv] | as `query` |
    | `lse` | [B, h, N] | f32 (f64 for f64 elements) |

    The value width dv is arbitrary. With dv = 2d, two of these ops compute the
    two maps of `diff.attention_v1`.

    ```mlir
    func.func @softmax_attention(%q: tensor<?x?x8x64xf16>,
                                 %k: tensor<?x?x2x64xf16>,
                                 %v: tensor<?x?x2x64xf16>,
                                 %init: tensor<?x?x8x64xf16>,
                                 %lse: tensor<?x8x?xf32>)
        -> (tensor<?x?x8x64xf16>, tensor<?x8x?xf32>) {
      %0:2 = diff.softmax_attention
               ins(%q, %k, %v : tensor<?x?x8x64xf16>, tensor<?x?x2x64xf16>,
                   tensor<?x?x2x64xf16>)
               outs(%init, %lse : tensor<?x?x8x64xf16>, tensor<?x8x?xf32>)
               mask<window = [128, 0]> softcap(30.0)
               -> tensor<?x?x8x64xf16>, tensor<?x8x?xf32>
      return %0#0, %0#1 : tensor<?x?x8x64xf16>, tensor<?x8x?xf32>
    }
    ```
  }];
  let arguments = (ins
    Diff_Query:$query, Diff_Key:$key, Diff_Value:$value,
    Optional<Diff_CuSeqlensQ>:$cu_seqlens_q,
    Optional<Diff_CuSeqlensK>:$cu_seqlens_k, Optional<Diff_Gate>:$gate,
    Optional<Diff_Diagonal>:$diagonal, Diff_Output:$output,
    Optional<Diff_Lse>:$lse, OptionalAttr<Diff_MaskAttr>:$mask,
    OptionalAttr<Diff_ScaleAttr>:$scale, OptionalAttr<Diff_SoftcapAttr>:$softcap,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
      type($value) `)`
    `outs` `(` $output (`,` $lse^)? `:` type($output) (`,` type($lse)^)? `)`
    oilist(`cu_seqlens` `(` $cu_seqlens_q `,` $cu_seqlens_k `:`
             type($cu_seqlens_q) `,` type($cu_seqlens_k) `)`
         | `gate` `(` $gate `:` type($gate) `)`
         | `diagonal` `(` $diagonal `)` | `mask` `` custom<Stripped>($mask)
         | `scale` `(` custom<Number>($scale) `)` | `softcap` `(` custom<Number>($softcap) `)`
         | `layout` `` custom<Stripped>($layout))
    attr-dict `` custom<Results>(type($results), ref(type($output)))
  }];
}

//===----------------------------------------------------------------------===//
// diff.online_attention
//===----------------------------------------------------------------------===//

def Diff_MapsAttr : ConfinedAttr<I64Attr, []> {
  let summary = "64-bit signless integer attribute (maps of a head group)";
}

def Diff_OnlineAttentionOp : Diff_DestinationOp<"online_attention",
                                              [AttentionOpInterface]> {
  let summary = "online softmax attention over key tokens";
  let description = [{
    One step of the online softmax (Milakov and Gimelshein, 2018;
    FlashAttention-2). The op takes the running values of each row, accumulates
    the contribution of the given keys, and returns the new values. It computes
    in base 2: x denotes the scores times log2(e), and x is -inf for a key that
    the row does not see.

        max' = maximum(max, rowmax(x))
        p    = exp2(x - max'),  f = exp2(max - max')
        sum' = f * sum + rowsum(p)
        acc' = f * acc + p V

    The identity is acc = 0, max = the lowest finite number, sum = 0. `max` is
    always finite, so that all exponents of a row that sees no key are -inf. The
    output of a row is acc / sum, and its log-sum-exp is ln(2) * max + ln(sum).

    Let c be the scale (or the softcap) times log2(e). If |x| exceeds 2^27, the
    row uses the power of two above c instead of c, also in `max`, because the
    product of a score and a power of two is exact. f32 scores of this size
    differ by more than 8 in units of x, so that only the keys with the largest
    score have weight, and they have equal weights. The log-sum-exp of such a
    row is ln(2) * max * c / (the power of two) + ln(sum). The result of a row
    is correct if its products are finite, and unspecified (NaN or 0) if not.

    A head group has `maps` rows for each query token. The maps of a group share
    the loop over the keys. The iteration domain is (batch, head group, query
    token, key token); the last dimension is a reduction. This op is the only
    one of the dialect that can be tiled along the keys.

    The number of key heads of a value head is 1, if all maps share it, or up to
    `maps`. Each of the last maps then has its own key head, and the others
    share the first.

    Query `i` sees key `j` if `-left <= j - i - diagonal <= right` and
    `j < key_length`. These two operands keep the mask and the padding correct
    when the op is tiled. `layout` permutes the dimensions of `query`, `key` and
    `value`.

    | operand | shape | element type |
    |---|---|---|
    | `query` | [B, N, maps h, d] or [B, N, h, maps, d] | f16, bf16, f32 |
    | `key` | [B, M, c h_kv, d] or [B, M, h_kv, c, d], where c is 1 to `maps` | as `query` |
    | `value` | [B, M, h_kv, dv] or [B, M, h_kv, e, dv/e] | as `query` |
    | `diagonal` | scalar, default M - N | index |
    | `key_length` | scalar, default M | index |
    | `acc` | [B, maps h, N, dv] or [B, maps, h, N, dv] | f32 |
    | `max`, `sum` | [B, maps h, N] or [B, maps, h, N] | f32 |

    If the running values have the maps as a dimension, the rows of a map are
    adjacent. Several heads of few query tokens then fill the rows of a matrix
    instruction, also if each map has its own keys.

    ```mlir
    func.func @online_attention(%q: tensor<1x64x2x128xbf16>,
                                %k: tensor<1x32x1x128xbf16>,
                                %v: tensor<1x32x1x128xbf16>, %diagonal: index,
                                %acc: tensor<1x2x64x128xf32>,
                                %max: tensor<1x2x64xf32>,
                                %sum: tensor<1x2x64xf32>)
        -> (tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>) {
      %0:3 = diff.online_attention
               ins(%q, %k, %v : tensor<1x64x2x128xbf16>,
                   tensor<1x32x1x128xbf16>, tensor<1x32x1x128xbf16>)
               outs(%acc, %max, %sum : tensor<1x2x64x128xf32>,
                    tensor<1x2x64xf32>, tensor<1x2x64xf32>)
               maps(2) diagonal(%diagonal) mask<causal> scale(0.0883)
               -> tensor<1x2x64x128xf32>, tensor<1x2x64xf32>,
                  tensor<1x2x64xf32>
      return %0#0, %0#1, %0#2
          : tensor<1x2x64x128xf32>, tensor<1x2x64xf32>, tensor<1x2x64xf32>
    }
    ```
  }];
  let arguments = (ins
    Diff_Query:$query, Diff_Key:$key, Diff_Value:$value,
    Optional<Diff_Diagonal>:$diagonal,
    Optional<Diff_Index<"number of keys without padding">>:$key_length,
    Diff_Operand<"accumulators, a destination">:$acc,
    Diff_Operand<"row maxima, a destination">:$max,
    Diff_Operand<"row sums, a destination">:$sum,
    DefaultValuedAttr<Diff_MapsAttr, "1">:$maps,
    OptionalAttr<Diff_MaskAttr>:$mask, OptionalAttr<Diff_ScaleAttr>:$scale,
    OptionalAttr<Diff_SoftcapAttr>:$softcap,
    OptionalAttr<Diff_LayoutAttr>:$layout,
    OptionalAttr<Diff_ScheduleAttr>:$schedule);
  let assemblyFormat = [{
    `ins` `(` $query `,` $key `,` $value `:` type($query) `,` type($key) `,`
      type($value) `)`
    `outs` `(` $acc `,` $max `,` $sum `:` type($acc) `,` type($max) `,`
      type($sum) `)`
    oilist(`maps` `(` custom<Number>($maps) `)` | `diagonal` `(` $diagonal `)`
         | `key_length` `(` $key_length `)` | `mask` `` custom<Stripped>($mask)
         | `scale` `(` custom<Number>($scale) `)` | `softcap` `(` custom<Number>($softcap) `)`
         | `layout` `` custom<Stripped>($layout))
    attr-dict `` custom<Results>(type($results), ref(type($acc)))
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = commonDeclarations # [{
    int64_t getNumMaps() { return static_cast<int64_t>(getMaps()); }
    int64_t getNumKeyMaps();
    int64_t getValueWidth() { return 0; }
    ::mlir::Value getKeyLengthOrNull() { return getKeyLength(); }
  }];
}

#endif // DIFF_DIALECT_DIFF_IR_DIFFOPS_TD
