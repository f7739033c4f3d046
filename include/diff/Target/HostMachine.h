//===- HostMachine.h - The host as a target ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTMACHINE_H
#define DIFF_TARGET_HOSTMACHINE_H

#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/Support/Error.h"

namespace mlir::diff {

/// Returns the host CPU with the features that code is compiled for.
/// Initializes the native target.
llvm::Expected<llvm::orc::JITTargetMachineBuilder> detectHostMachine();

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTMACHINE_H
