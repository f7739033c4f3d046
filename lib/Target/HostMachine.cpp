//===- HostMachine.cpp - LLVM's machine for a CPU -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostMachine.h"
#include "diff/Target/HostChips.h"
#include "llvm/Support/TargetSelect.h"

llvm::orc::JITTargetMachineBuilder
mlir::diff::getHostMachineBuilder(const HostChip &chip) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  // For the system call of `diff-define-amx-request`.
  llvm::InitializeNativeTargetAsmParser();
  llvm::orc::JITTargetMachineBuilder builder{llvm::Triple(chip.triple)};
  builder.setCPU(chip.cpu.str());
  llvm::SubtargetFeatures features(chip.features);
  builder.addFeatures(features.getFeatures());
  return builder;
}
