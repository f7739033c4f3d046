//===- Passes.h - Passes of the diff dialect --------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H
#define DIFF_DIALECT_DIFF_TRANSFORMS_PASSES_H

#include "diff/Dialect/Diff/IR/Diff.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace mlir::diff {
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
