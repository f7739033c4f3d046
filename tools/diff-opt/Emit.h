//===- Emit.h - What the compile driver can write ---------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TOOLS_DIFFOPT_EMIT_H
#define DIFF_TOOLS_DIFFOPT_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {

/// What an emitter is given.
struct EmitInput {
  /// The module as it was read, and compiled to the hardware level.
  ModuleOp source;
  ModuleOp compiled;
  /// "host" or a GPU of the chip table.
  std::string chip;
  /// The value of --ptxas.
  std::string ptxas;
};

/// Whether --emit takes the kind, for some chip.
bool isEmitKind(StringRef kind);

/// The kinds that a chip has, for messages.
std::string getEmitKinds(bool host);

/// Whether the chip has the kind.
bool hasEmitKind(StringRef kind, bool host);

/// The bytes of the kind. Failures are reported.
FailureOr<std::string> emit(StringRef kind, const EmitInput &input);

} // namespace mlir::diff

#endif // DIFF_TOOLS_DIFFOPT_EMIT_H
