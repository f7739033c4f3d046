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
struct HostChip;

/// Returns the LLVM IR text of a module at the hardware level, with the triple,
/// data layout, CPU and features that LLVM's tools compile it for.
FailureOr<std::string> emitHostLLVM(ModuleOp module, const HostChip &chip);

/// Returns a position-independent object file for a CPU, from a module at the
/// hardware level. It needs the OpenMP runtime and the C library. If
/// `useRuntime` is set, an allocation that fails calls the parallel runtime,
/// which ends the call of the function and not the process.
FailureOr<std::string> emitHostObject(ModuleOp module, const HostChip &chip,
                                      bool useRuntime = false);

/// Returns a C header with the prototype of the entry `_mlir_ciface_NAME` of
/// every public function, for a module below the hardware level.
FailureOr<std::string> emitHostHeader(ModuleOp module);

/// Returns the manifest as JSON (docs/manifest.schema.json): the functions that
/// can be called, with types and shapes of their tensors, for a module below
/// the hardware level.
FailureOr<std::string> emitHostManifest(ModuleOp module, const HostChip &chip);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTEMISSION_H
