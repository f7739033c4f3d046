//===- AttentionInterfaces.td - Attention op interfaces -------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD
#define DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD

include "mlir/IR/OpBase.td"

def AttentionOpInterface : OpInterface<"AttentionOpInterface"> {
  let description = [{
    An attention whose operands have named dimensions. `getOperandDims` names
    each dimension of an operand by one letter. The verifier, tiling and
    decomposition use the letters and are independent of the op:

    | letter | dimension | size |
    |---|---|---|
    | `b` | batch | B |
    | `n` | query token | N |
    | `m` | key token | M |
    | `h` | output head | signals x head groups |
    | `q` | query head | maps x head groups |
    | `k` | key head | key maps x h_kv |
    | `g` | value head | h_kv |
    | `d` | head dimension | d |
    | `v` | value head dimension | value width x d |
    | `s` | sequence offset | B + 1 |
    | `p` | head group | head groups |
    | `a` | map of a head group | maps |
    | `c` | key head of a value head | key maps |
    | `e` | part of the value head dimension | value width |
    | `w` | position in such a part | d |

    An operand can have the heads of a pair as a dimension of their own. It
    then has two letters instead of one: `pa` instead of `q`, `gc` instead of
    `k`, and `ew` instead of `v`.

    The letters are in the order of the operand's dimensions, so the `layout`
    of an op permutes them. When the op has sequences of variable length, no
    operand has the letter `b`, and `n` and `m` count the tokens of all
    sequences.

    Query heads form head groups of `maps` heads: one for each output head of
    the group (the signals), then, if `maps` is greater, the noise head that
    these share. Query head `maps * j + a` is map `a` of head group `j`, and
    output head `signals * j + a` is the combination of map `a` and the noise
    map. A head group reads one value head, `j / (groups / h_kv)`. The last
    `keyMaps - 1` maps of a group have key heads of their own, and the others
    share one: map `a` reads key head
    `keyMaps * (j / (groups / h_kv)) + max(0, a - (maps - keyMaps))`.
  }];
  let cppNamespace = "::mlir::diff";
  let methods = [
    InterfaceMethod<"Returns the query operand, dimensions `bnqd` or `bnpad` in "
                    "any order.",
      "::mlir::Value", "getQuery">,
    InterfaceMethod<"Returns the key operand, dimensions `bmkd` or `bmgcd` in "
                    "any order.",
      "::mlir::Value", "getKey">,
    InterfaceMethod<"Returns the value operand, dimensions `bmgv` or `bmgew` in "
                    "any order.",
      "::mlir::Value", "getValue">,
    InterfaceMethod<[{
        Returns the offsets at which the sequences of query tokens begin,
        dimensions `s`, or null when all batch entries have the same length.
      }], "::mlir::Value", "getCuSeqlensQ", (ins), "", [{ return {}; }]>,
    InterfaceMethod<[{
        Returns the offsets at which the sequences of key tokens begin, or null
        when all batch entries have the same length.
      }],
      "::mlir::Value", "getCuSeqlensK", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"Removes the sequence offsets. Does not verify the op.",
      "void", "dropSequences", (ins), "", [{ return; }]>,
    InterfaceMethod<[{
        Returns the order of the operands' dimensions, or null for the default
        order.
      }], "::mlir::diff::LayoutAttr", "getLayoutAttr">,
    InterfaceMethod<"Sets the order of the operands' dimensions.", "void",
      "setLayoutAttr", (ins "::mlir::diff::LayoutAttr":$layout)>,
    InterfaceMethod<[{
        Returns the position of the diagonal, an index, or null for the default
        M - N. Query `i` sees key `j` if `-left <= j - i - diagonal <= right`.
        Tiling sets the diagonal so that a tile has the mask of the whole op.
      }], "::mlir::Value", "getDiagonal">,
    InterfaceMethod<"Sets the position of the diagonal.", "void",
      "setDiagonal", (ins "::mlir::Value":$diagonal)>,
    InterfaceMethod<[{
        Returns the number of keys without padding, an index, or null when none
        of the M keys is padding. Keys at and after this position are padding.
      }], "::mlir::Value", "getKeyLengthOrNull", (ins), "", [{ return {}; }]>,
    InterfaceMethod<"Returns the mask, or null when every query sees every key.",
      "::mlir::diff::MaskAttr", "getMaskAttr">,
    InterfaceMethod<"Returns the scale, or null for the default 1/sqrt(d).",
      "::mlir::FloatAttr", "getScaleAttr">,
    InterfaceMethod<"Returns the softcap, or null when the scores are not capped.",
      "::mlir::FloatAttr", "getSoftcapAttr">,
    InterfaceMethod<"Returns the number of attention maps of a head group.",
      "int64_t", "getNumMaps">,
    InterfaceMethod<"Returns the number of output heads of a head group.",
      "int64_t", "getNumSignals", (ins), "", [{ return 1; }]>,
    InterfaceMethod<[{
        Returns the number of key heads of a value head: 1 when all maps read
        the same keys, 2 when the noise map has keys of its own.
      }], "int64_t", "getNumKeyMaps">,
    InterfaceMethod<"Returns the ratio of the value's head dimension to d, or "
                    "0 when it is free.",
      "int64_t", "getValueWidth">,
    InterfaceMethod<[{
        Returns one letter for each dimension of the operand, or an empty
        string for an operand that has no shape.
      }], "::llvm::StringRef", "getOperandDims", (ins "unsigned":$operandNumber)>,
    InterfaceMethod<[{
        Returns the letters that the operand would have with the pair as a
        dimension of its own, in the default order, or an empty string for an
        operand that cannot have it.
      }], "::llvm::StringRef", "getOperandPairDims",
      (ins "unsigned":$operandNumber)>,
    InterfaceMethod<[{
        Returns the ODS name of the operand, for diagnostics.
      }], "::llvm::StringRef", "getOperandName", (ins "unsigned":$operandNumber)>,
  ];
  let extraSharedClassDeclaration = [{
    /// Returns the scale of the scores: the attribute's value or 1/sqrt(d).
    double getEffectiveScale() {
      return ::mlir::diff::detail::getEffectiveScale($_op);
    }
    /// Returns the type in which the softmax and the epilogue are computed.
    ::mlir::FloatType getComputeType() {
      return ::mlir::diff::detail::getComputeType($_op);
    }
    /// Returns true if the batch entries are sequences of variable length.
    bool hasSequences() { return $_op.getCuSeqlensQ() != nullptr; }
    /// Returns the first operand that has the dimension, and the position of
    /// the dimension in it. `b` does not exist with sequences.
    ::std::optional<::mlir::diff::DimPosition> findDim(char letter) {
      return ::mlir::diff::detail::findDim($_op, letter);
    }
    /// Returns the size of the dimension in the first operand that has it. The
    /// size may be dynamic there and static in another operand. If no operand
    /// has the dimension, returns the product of the sizes of its two parts.
    int64_t getDimSize(char letter) {
      return ::mlir::diff::detail::getDimSize($_op, letter);
    }
    /// Return the number of head groups, h, h_kv, and the number of head groups
    /// that share a value head.
    int64_t getNumHeadGroups() { return getDimSize('q') / $_op.getNumMaps(); }
    int64_t getNumOutputHeads() {
      return getNumHeadGroups() * $_op.getNumSignals();
    }
    int64_t getNumValueHeads() { return getDimSize('g'); }
    int64_t getGroupSize() { return getNumHeadGroups() / getNumValueHeads(); }
  }];
  let verify = [{ return ::mlir::diff::detail::verifyAttentionOp($_op); }];
}

def AttentionCombineOpInterface
    : OpInterface<"AttentionCombineOpInterface", [AttentionOpInterface]> {
  let description = [{
    An attention with an epilogue that combines the maps of each output head
    into one result. The epilogue is computed in the compute type:

        x[v]   = combineMaps(O_signal[v], O_noise[v], operands)
        y[v]   = x[v]                                         (no row norm)
        y[v]   = s * x[v] / sqrt(mean_v(x^2) + eps) * w[v]    (row norm)
        out[v] = y[v]                                         (no gate)
        out[v] = sigmoid(gate[v]) * y[v]                      (gate)

    The output of a map is 0 for a row that sees no key, and so is `out`
    whatever the gate is. Without a noise head, `combineMaps` gets the signal
    alone.
  }];
  let cppNamespace = "::mlir::diff";
  let methods = [
    InterfaceMethod<"Returns the destination of the output, dimensions `bnhv` "
                    "in any order.",
      "::mlir::Value", "getOutput">,
    InterfaceMethod<[{
        Returns the destination of the log-sum-exp, dimensions `bqn`, or null.
      }], "::mlir::Value", "getLse">,
    InterfaceMethod<"Returns the numbers of the operands that `combineMaps` "
                    "reads in addition to the maps.",
      "::llvm::SmallVector<unsigned>", "getCombineOperands">,
    InterfaceMethod<[{
        Builds the combination of the maps for one element of the output.
        `maps` holds the outputs of the signal and of the noise map, and
        `operands` the elements of the combine operands. All values have the
        compute type.
      }], "::mlir::Value", "combineMaps",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$maps, "::mlir::ValueRange":$operands)>,
    InterfaceMethod<[{
        Returns the logits of the output gate, dimensions `bnhv` in the order of
        the output, or null.
      }], "::mlir::Value", "getGate">,
    InterfaceMethod<[{
        Returns the RMS normalization of a combined row, or none.
      }], "::std::optional<::mlir::diff::RowNorm>", "getRowNorm", (ins), "",
      [{ return ::std::nullopt; }]>,
    InterfaceMethod<"Returns the tile sizes, or null when none are chosen.",
      "::mlir::diff::ScheduleAttr", "getScheduleAttr">,
    InterfaceMethod<"Sets the tile sizes.", "void", "setScheduleAttr",
      (ins "::mlir::diff::ScheduleAttr":$schedule)>,
  ];
}

#endif // DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_TD
