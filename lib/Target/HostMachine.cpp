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
  auto builder = llvm::orc::JITTargetMachineBuilder::detectHost();
  // With this feature, LLVM 22 fails on vectors of bf16 with 9, 17 or 33
  // elements, which some head dimensions need. Disabling it costs nothing: bf16
  // is converted by integer arithmetic.
  if (builder && builder->getTargetTriple().isX86())
    builder->addFeatures({"-avx512bf16"});
  return builder;
}
