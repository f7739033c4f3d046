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

/// Makes all functions keep a frame pointer. Without one, a stack cannot be
/// aligned to the vectors that are spilled to it, and their slots cross cache
/// lines: layers are 5 to 20% slower, depending on the type and on the caller.
void keepFramePointers(llvm::Module &module);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTMACHINE_H
