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
//===----------------------------------------------------------------------===//
// Discardable attributes
//===----------------------------------------------------------------------===//

// The dialect verifies the kind and the place of each. Other names that begin
// with `diff.` are errors.

/// The attribute of an `scf.forall` that becomes a GPU kernel: a KernelAttr.
constexpr llvm::StringLiteral kKernelAttrName = "diff.kernel";

/// The attribute of a memref argument to which a function writes a result.
constexpr llvm::StringLiteral kResultAttrName = "diff.result";

/// The attributes for the name of an argument or result, a string, and for the
/// names of its sizes, an array of strings, empty for unnamed dimensions.
constexpr llvm::StringLiteral kNameAttrName = "diff.name";
constexpr llvm::StringLiteral kSizesAttrName = "diff.sizes";

/// The attribute of an argument that holds offsets: an OffsetsAttr.
constexpr llvm::StringLiteral kOffsetsAttrName = "diff.offsets";

/// Adds patterns that fold attentions on tensors with zero batch entries,
/// queries or keys: to no elements, or to zeros with a log-sum-exp of -inf.
void populateEmptyAttentionPatterns(RewritePatternSet &patterns);
} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_IR_DIFF_H
