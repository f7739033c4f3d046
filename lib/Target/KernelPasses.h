//===- KernelPasses.h - LLVM passes for kernels -----------------*- C++ -*-===//
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
/// Optimizes the LLVM IR of kernels such that the NVPTX backend generates the
/// fewest instructions and registers.
llvm::Error optimizeKernels(llvm::Module &device, llvm::TargetMachine &machine);

/// Disables loop strength reduction in code generation, which would use a
/// separate register for each address in a loop. The gate must outlive the
/// context that it is set on.
class KernelPassGate : public llvm::OptPassGate {
public:
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override;
  bool isEnabled() const override { return true; }
};
} // namespace mlir::diff

#endif // DIFF_LIB_TARGET_KERNELPASSES_H
