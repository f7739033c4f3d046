//===- KernelPasses.h - LLVM's part in kernels ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_LIB_TARGET_KERNELPASSES_H
#define DIFF_LIB_TARGET_KERNELPASSES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace llvm {
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir::diff {
/// Brings the LLVM IR of kernels into the form that the NVPTX backend makes the
/// fewest instructions and registers of.
llvm::Error optimizeKernels(llvm::Module &device, llvm::TargetMachine &machine);

/// While it lives, code generation does no loop strength reduction, which would
/// give each address in a loop a register of its own. LLVM has only a
/// command-line option for it.
class WithoutLoopStrengthReduction {
public:
  WithoutLoopStrengthReduction();
  ~WithoutLoopStrengthReduction();

private:
  static void set(llvm::StringRef value);
};
} // namespace mlir::diff

#endif // DIFF_LIB_TARGET_KERNELPASSES_H
