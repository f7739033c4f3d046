//===- Emit.h - Outputs of the compiler driver ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_COMPILER_EMIT_H
#define DIFF_LIB_COMPILER_EMIT_H

#include "diff/Compiler/Compiler.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {

/// The input of an emitter.
struct EmitInput {
  /// The original module, and the module compiled to the hardware level.
  ModuleOp source;
  ModuleOp compiled;
  /// A name in the table of CPUs or GPUs.
  std::string chip;
  /// The path of ptxas, or empty.
  std::string ptxas;
  ReportError reportError;
};

/// Returns true if CPUs or GPUs support the kind, or all of a list.
bool hasEmitKind(StringRef kinds, bool host);

/// Returns the bytes of the output, or of all outputs of a list. Reports
/// failures.
FailureOr<std::string> emit(StringRef kinds, const EmitInput &input);

} // namespace mlir::diff

#endif // DIFF_LIB_COMPILER_EMIT_H
