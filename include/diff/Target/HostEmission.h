//===- HostEmission.h - Code for a CPU --------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every function reports errors and returns failure.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTEMISSION_H
#define DIFF_TARGET_HOSTEMISSION_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {

/// Returns the LLVM IR text of a module at the hardware level.
FailureOr<std::string> emitHostLLVM(ModuleOp module);

/// Returns a position-independent object file for the host CPU, from a module
/// at the hardware level. It needs the OpenMP runtime and the C math library.
/// If `useRuntime` is set, an allocation that fails calls the parallel runtime,
/// which ends the call of the function and not the process.
FailureOr<std::string> emitHostObject(ModuleOp module, bool useRuntime = false);

/// Returns a C header with the prototype of the entry `_mlir_ciface_NAME` of
/// every public function, for a module below the hardware level.
FailureOr<std::string> emitHostHeader(ModuleOp module);

/// Returns the manifest as JSON (docs/manifest.schema.json): the functions that
/// can be called, with types and shapes of their tensors, for a module below
/// the hardware level.
FailureOr<std::string> emitHostManifest(ModuleOp module);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTEMISSION_H
