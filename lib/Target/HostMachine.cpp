//===- HostMachine.cpp - The host as a target -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/HostMachine.h"
#include "llvm/Support/TargetSelect.h"

llvm::Expected<llvm::orc::JITTargetMachineBuilder>
mlir::diff::detectHostMachine() {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  return llvm::orc::JITTargetMachineBuilder::detectHost();
}
