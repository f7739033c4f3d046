//===- Passes.h - Passes of the diff dialect --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::diff {
/// The mark of a loop that becomes a GPU kernel: a KernelAttr.
constexpr llvm::StringLiteral kKernelAttrName = "diff.kernel";

/// The mark of a memref argument that a function writes a result to.
constexpr llvm::StringLiteral kResultAttrName = "diff.result";

/// The name of an argument or result, a string, and those of its sizes, an
/// array of a string for each dimension, empty for one that has no name.
constexpr llvm::StringLiteral kNameAttrName = "diff.name";
constexpr llvm::StringLiteral kSizesAttrName = "diff.sizes";

/// What an argument's elements are offsets into: an OffsetsAttr.
constexpr llvm::StringLiteral kOffsetsAttrName = "diff.offsets";

/// Names the arguments and results of a function after the operands of the
/// attentions that they feed, and those of their sizes; what
/// `diff-name-arguments` does.
void nameArguments(func::FuncOp function);

#define GEN_PASS_DECL
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H
