//===- KernelPasses.h - LLVM's part in kernels ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_TARGET_KERNELPASSES_H
#define DIFF_LIB_TARGET_KERNELPASSES_H

#include "llvm/IR/OptBisect.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir::diff {
/// Brings the LLVM IR of kernels into the form that the NVPTX backend makes the
/// fewest instructions and registers of.
llvm::Error optimizeKernels(llvm::Module &device, llvm::TargetMachine &machine);

/// Keeps code generation from loop strength reduction, which would give each
/// address in a loop a register of its own. It must outlive the context that it
/// is the gate of.
class KernelPassGate : public llvm::OptPassGate {
public:
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override;
  bool isEnabled() const override { return true; }
};
} // namespace mlir::diff

#endif // DIFF_LIB_TARGET_KERNELPASSES_H
