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
/// The attribute of a loop that becomes a GPU kernel: a KernelAttr.
constexpr llvm::StringLiteral kKernelAttrName = "diff.kernel";

/// The attribute of a memref argument to which a function writes a result.
constexpr llvm::StringLiteral kResultAttrName = "diff.result";

/// The attributes for the name of an argument or result, a string, and for the
/// names of its sizes, an array of strings, empty for unnamed dimensions.
constexpr llvm::StringLiteral kNameAttrName = "diff.name";
constexpr llvm::StringLiteral kSizesAttrName = "diff.sizes";

/// The attribute of an argument that holds offsets: an OffsetsAttr.
constexpr llvm::StringLiteral kOffsetsAttrName = "diff.offsets";

/// Names the arguments and results of a function after the operands of the
/// attentions that use or compute them, and names their sizes. Implements
/// `diff-name-arguments`.
void nameArguments(func::FuncOp function);

#define GEN_PASS_DECL
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

#endif // DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H
