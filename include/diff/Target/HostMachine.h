//===- HostMachine.h - LLVM's machine for a CPU ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_HOSTMACHINE_H
#define DIFF_TARGET_HOSTMACHINE_H

#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"

namespace mlir::diff {
struct HostChip;

/// Returns a builder of machines that compile for a CPU. Initializes the native
/// target. Machines for other architectures need the target of LLVM, which the
/// caller initializes.
llvm::orc::JITTargetMachineBuilder getHostMachineBuilder(const HostChip &chip);

/// Makes all functions keep a frame pointer. Without one, a stack cannot be
/// aligned to the vectors that are spilled to it, and their slots cross cache
/// lines: layers are 5 to 20% slower, depending on the type and on the caller.
void keepFramePointers(llvm::Module &module);

} // namespace mlir::diff

#endif // DIFF_TARGET_HOSTMACHINE_H
