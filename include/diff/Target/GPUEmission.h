//===- GPUEmission.h - PTX and manifest of a compiled module ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is emitted from a module at the hardware level. Every function reports
// what is wrong on the module and returns failure.
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_GPUEMISSION_H
#define DIFF_TARGET_GPUEMISSION_H

#include "mlir/IR/BuiltinOps.h"
#include <string>

namespace mlir::diff {
struct Chip;

/// The PTX text of all kernels, by LLVM's NVPTX backend. A module without a
/// kernel gives a PTX module without an entry.
FailureOr<std::string> emitPTX(ModuleOp module, const Chip &chip);

/// The LLVM IR text of the device code.
FailureOr<std::string> emitDeviceLLVM(ModuleOp module, const Chip &chip);

/// The manifest: for each kernel, in launch order, all that somebody else's
/// runtime needs to launch it, as JSON (docs/manifest.schema.json).
FailureOr<std::string> emitManifest(ModuleOp module, const Chip &chip);

} // namespace mlir::diff

#endif // DIFF_TARGET_GPUEMISSION_H
