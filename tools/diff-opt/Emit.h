//===- Emit.h - Outputs of the compiler driver ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFOPT_EMIT_H
#define DIFF_TOOLS_DIFFOPT_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {

/// The input of an emitter.
struct EmitInput {
  /// The original module, and the module compiled to the hardware level.
  ModuleOp source;
  ModuleOp compiled;
  /// "host" or a GPU of the chip table.
  std::string chip;
  /// The value of --ptxas.
  std::string ptxas;
};

/// Returns true if any chip supports the kind for --emit.
bool isEmitKind(StringRef kind);

/// Returns the kinds that a chip supports, for messages.
std::string getEmitKinds(bool host);

/// Returns true if the chip supports the kind.
bool hasEmitKind(StringRef kind, bool host);

/// Returns the bytes of the output. Reports failures.
FailureOr<std::string> emit(StringRef kind, const EmitInput &input);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFOPT_EMIT_H
