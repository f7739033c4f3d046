//===- LLVMTranslation.h - MLIR to LLVM IR ----------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef DIFF_TARGET_LLVMTRANSLATION_H
#define DIFF_TARGET_LLVMTRANSLATION_H

#include "mlir/Support/LLVM.h"
#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace mlir {
class Operation;

namespace diff {

/// Translates a module at the hardware level, of the host or of a GPU. Reports
/// an error and returns null if this is impossible.
///
/// Upstream's translation assumes a function around every instruction, and that
/// LLVM IR has every type, and every matrix instruction and intrinsic with the
/// op's types. This function rejects other modules.
std::unique_ptr<llvm::Module> translateToLLVMIR(Operation *module,
                                                llvm::LLVMContext &context);

} // namespace diff
} // namespace mlir

#endif // DIFF_TARGET_LLVMTRANSLATION_H
