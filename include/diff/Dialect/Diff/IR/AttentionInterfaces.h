//===- AttentionInterfaces.h - Attention op interfaces ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_H
#define DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include <optional>

namespace mlir::diff {
class AttentionOpInterface;
class LayoutAttr;
class MaskAttr;
class ScheduleAttr;

/// The RMS normalization of a combined row x of dv elements:
/// scale * x / sqrt(mean(x^2) + epsilon) * weight.
struct RowNorm {
  /// Operand number of the weight, dimensions `v`.
  unsigned weightOperand;
  double epsilon;
  double scale;
};

/// Numbers of the first operands, which every attention has.
enum AttentionOperand : unsigned {
  kQueryOperand = 0,
  kKeyOperand = 1,
  kValueOperand = 2
};

/// A dimension of an operand.
struct DimPosition {
  unsigned operand;
  unsigned position;
};

/// Builds 1 / (1 + exp(-logit)), exactly 0 at -inf and exactly 1 at +inf.
Value buildSigmoid(OpBuilder &builder, Location loc, Value logit);

namespace detail {
/// Returns the two letters into which a letter can be split, outermost first,
/// or an empty string: `q` into `pa`, `k` into `gc` and `v` into `ew`.
StringRef getParts(char letter);
std::optional<DimPosition> findDim(Operation *op, char letter);
int64_t getDimSize(Operation *op, char letter);
LogicalResult verifyAttentionOp(Operation *op);
double getEffectiveScale(Operation *op);
FloatType getComputeType(Operation *op);
} // namespace detail
} // namespace mlir::diff

#include "diff/Dialect/Diff/IR/AttentionInterfaces.h.inc"

#endif // DIFF_DIALECT_DIFF_IR_ATTENTIONINTERFACES_H
