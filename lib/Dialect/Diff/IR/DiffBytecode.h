//===- DiffBytecode.h - Bytecode of the diff dialect ------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_DIALECT_DIFF_IR_DIFFBYTECODE_H
#define DIFF_LIB_DIALECT_DIFF_IR_DIFFBYTECODE_H

#include "diff/Dialect/Diff/IR/Diff.h"

namespace mlir::diff {

/// Adds the interface that writes and checks the version of the dialect.
void registerBytecodeInterface(DiffDialect &dialect);

} // namespace mlir::diff

#endif // DIFF_LIB_DIALECT_DIFF_IR_DIFFBYTECODE_H
