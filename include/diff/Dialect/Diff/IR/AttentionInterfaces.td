//===- AttentionInterfaces.td - What makes an op an attention -*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD
#define DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD

include "mlir/IR/OpBase.td"

def AttentionOpInterface : OpInterface<"AttentionOpInterface"> {
  let description = [{
    An attention over tensors whose dimensions have names. The name of each
    dimension of an operand is one letter of `getOperandDims`; verification,
    tiling and decomposition read the letters and know no op:

    | letter | dimension | size |
    |---|---|---|
    | `b` | batch | B |
    | `n` | query token | N |
    | `m` | key token | M |
    | `h` | output head | h |
    | `q` | query head | maps x h |
    | `k` | key head | key maps x h_kv |
    | `g` | value head | h_kv |
    | `d` | head dimension | d |
    | `v` | value head dimension | value width x d |
    | `s` | sequence offset | B + 1 |

    The order of the letters is that of the operand's dimensions: an op's
    layout permutes them. With sequences of variable length no operand has the
    letter `b`: `n` and `m` count the tokens of all sequences.

    Query head `maps * j + a` is map `a` of output head `j`. Output head `j`
    reads value head `j / (h / h_kv)`, and key head
    `keyMaps * (j / (h / h_kv)) + (keyMaps == 1 ? 0 : a)`.
  }];
  let cppNamespace = "::mlir::diff";
  let methods = [
    InterfaceMethod<"The query operand, dimensions `bnqd` in some order.",
      "::mlir::Value", "getQuery">,
    InterfaceMethod<"The key operand, dimensions `bmkd` in some order.",
      "::mlir::Value", "getKey">,
    InterfaceMethod<"The value operand, dimensions `bmgv` in some order.",
      "::mlir::Value", "getValue">,
    InterfaceMethod<[{
        Where each sequence of query tokens begins, dimensions `s`, or null
        when all entries of the batch have one length.
      }], "::mlir::Value", "getCuSeqlensQ", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"The same of the key tokens.",
      "::mlir::Value", "getCuSeqlensK", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"Takes the offsets of sequences away, without a check.",
      "void", "dropSequences", (ins), "", [{ return; }]>,
    InterfaceMethod<[{
        The order of the operands' dimensions, or null when it is the one of
        the letters above.
      }], "::mlir::diff::LayoutAttr", "getLayoutAttr">,
    InterfaceMethod<"Sets the order of the operands' dimensions.", "void",
      "setLayoutAttr", (ins "::mlir::diff::LayoutAttr":$layout)>,
    InterfaceMethod<[{
        The position of the diagonal, an index, or null when it is M - N: query
        `i` sees key `j` when `-left <= j - i - diagonal <= right`. It keeps
        the mask of a tile that of the whole.
      }], "::mlir::Value", "getDiagonal">,
    InterfaceMethod<"Sets the position of the diagonal.", "void",
      "setDiagonal", (ins "::mlir::Value":$diagonal)>,
    InterfaceMethod<[{
        The number of keys that exist, an index, or null when all M do. Keys
        past it are padding.
      }], "::mlir::Value", "getKeyLengthOrNull", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"The mask, or null when every query sees every key.",
      "::mlir::diff::MaskAttr", "getMaskAttr">,
    InterfaceMethod<"The scale's attribute, or null when it is 1/sqrt(d).",
      "::mlir::FloatAttr", "getScaleAttr">,
    InterfaceMethod<"The softcap's attribute, or null when it is off.",
      "::mlir::FloatAttr", "getSoftcapAttr">,
    InterfaceMethod<"How many attention maps an output head has.",
      "int64_t", "getNumMaps">,
    InterfaceMethod<[{
        How many key heads a value head has: 1 when all maps read the same
        keys, else the number of maps.
      }], "int64_t", "getNumKeyMaps">,
    InterfaceMethod<"The ratio of the value's head dimension to d, or 0 when "
                    "it is free.",
      "int64_t", "getValueWidth">,
    InterfaceMethod<[{
        One letter for each dimension of the operand, or an empty string for
        an operand that is not shaped.
      }], "::llvm::StringRef", "getOperandDims", (ins "unsigned":$operandNumber)>,
    InterfaceMethod<[{
        The ODS name of the operand, for diagnostics.
      }], "::llvm::StringRef", "getOperandName", (ins "unsigned":$operandNumber)>,
  ];
  let extraSharedClassDeclaration = [{
    /// The scale that applies: the attribute's or 1/sqrt(d).
    double getEffectiveScale() {
      return ::mlir::diff::detail::getEffectiveScale($_op);
    }
    /// The type in which the softmax and everything after it is computed.
    ::mlir::FloatType getComputeType() {
      return ::mlir::diff::detail::getComputeType($_op);
    }
    /// True when the entries of the batch are sequences of their own length.
    bool hasSequences() { return $_op.getCuSeqlensQ() != nullptr; }
    /// The first operand with a dimension of this letter, and its position; the
    /// letter `b` has none with sequences.
    ::std::optional<::mlir::diff::DimPosition> findDim(char letter) {
      return ::mlir::diff::detail::findDim($_op, letter);
    }
    /// The size of the dimension of this letter, as far as its first operand
    /// knows it.
    int64_t getDimSize(char letter) {
      return ::mlir::diff::detail::getDimSize($_op, letter);
    }
    /// h, h_kv and the number of output heads that share a value head.
    int64_t getNumOutputHeads() { return getDimSize('q') / $_op.getNumMaps(); }
    int64_t getNumValueHeads() { return getDimSize('g'); }
    int64_t getGroupSize() { return getNumOutputHeads() / getNumValueHeads(); }
  }];
  let verify = [{ return ::mlir::diff::detail::verifyAttentionOp($_op); }];
}

def AttentionCombineOpInterface
    : OpInterface<"AttentionCombineOpInterface", [AttentionOpInterface]> {
  let description = [{
    An attention with an epilogue: it combines the maps of an output head into
    one result, in scalars of the compute type,

        x[v]   = combineMaps(O_0[v], O_1[v], ..., operands)
        out[v] = x[v]                                         (no row norm)
        out[v] = s * x[v] / sqrt(mean_v(x^2) + eps) * w[v]    (row norm)

    where `O_a` is the output of map `a`, 0 for a row that sees no key.
  }];
  let cppNamespace = "::mlir::diff";
  let methods = [
    InterfaceMethod<"The destination of the output, dimensions `bnhv` in some "
                    "order.",
      "::mlir::Value", "getOutput">,
    InterfaceMethod<[{
        The destination of the log-sum-exp, dimensions `bqn`, or null.
      }], "::mlir::Value", "getLse">,
    InterfaceMethod<"Operand numbers of what `combineMaps` reads beside the "
                    "maps.",
      "::llvm::SmallVector<unsigned>", "getCombineOperands">,
    InterfaceMethod<[{
        Builds the combination of one element. `maps` are the maps' outputs,
        `operands` the elements of the combine operands, all in the compute
        type.
      }], "::mlir::Value", "combineMaps",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$maps, "::mlir::ValueRange":$operands)>,
    InterfaceMethod<[{
        The RMS normalisation of a combined row, or none.
      }], "::std::optional<::mlir::diff::RowNorm>", "getRowNorm", (ins), "",
      [{ return ::std::nullopt; }]>,
    InterfaceMethod<"The tile sizes, or null when none were chosen.",
      "::mlir::diff::ScheduleAttr", "getScheduleAttr">,
    InterfaceMethod<"Sets the tile sizes.", "void", "setScheduleAttr",
      (ins "::mlir::diff::ScheduleAttr":$schedule)>,
  ];
}

#endif // DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD
