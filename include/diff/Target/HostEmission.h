//===- HostEmission.h - Code for a CPU --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function reports what is wrong and returns failure.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTEMISSION_H
#define DIFF_TARGET_HOSTEMISSION_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {

/// The LLVM IR text of a module at the hardware level.
FailureOr<std::string> emitHostLLVM(ModuleOp module);

/// A position-independent object file for this machine's CPU, of a module at
/// the hardware level. It needs the OpenMP runtime and the C mathematics
/// library.
FailureOr<std::string> emitHostObject(ModuleOp module);

/// A C header with the prototype of the entry `_mlir_ciface_NAME` of every
/// public function, of a module that is not yet at the hardware level.
FailureOr<std::string> emitHostHeader(ModuleOp module);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTEMISSION_H
