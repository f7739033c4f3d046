//===- Diff.h - The diff dialect --------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_IR_DIFF_H
#define DIFF_DIALECT_DIFF_IR_DIFF_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "diff/Dialect/Diff/IR/DiffDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "diff/Dialect/Diff/IR/DiffAttributes.h.inc"

#include "diff/Dialect/Diff/IR/AttentionInterfaces.h"

#define GET_OP_CLASSES
#include "diff/Dialect/Diff/IR/DiffOps.h.inc"

namespace mlir::diff {
/// Patterns that replace attentions on tensors without a batch entry, query or
/// key: their results are nothing, or zeros with a log-sum-exp of -inf.
void populateEmptyAttentionPatterns(RewritePatternSet &patterns);
} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_IR_DIFF_H
