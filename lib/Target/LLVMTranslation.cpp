//===- LLVMTranslation.cpp - MLIR to LLVM IR ------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/LLVMTranslation.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns true if the op may be in the body of a module.
static bool isDeclaration(Operation &op) {
  return isa<SymbolOpInterface, LLVM::GlobalCtorsOp, LLVM::GlobalDtorsOp,
             LLVM::ModuleFlagsOp, LLVM::LinkerOptionsOp>(op) ||
         op.hasTrait<OpTrait::IsTerminator>();
}

/// Returns true if the op becomes a call of an intrinsic, which needs a
/// function. Other ops on constants become constants.
static bool isIntrinsic(Operation *op) {
  return !isa_and_nonnull<LLVM::LLVMDialect>(op->getDialect()) ||
         op->getName().getStringRef().starts_with("llvm.intr.");
}

static LogicalResult verifyDeclarations(Operation *module) {
  for (Operation &op : module->getRegion(0).getOps()) {
    if (!isDeclaration(op))
      return op.emitOpError("cannot be translated outside of a function");
    if (isa<FunctionOpInterface>(op))
      continue;
    // The initializer of a global.
    WalkResult walked = op.walk([&](Operation *nested) {
      if (nested == &op || !isIntrinsic(nested))
        return WalkResult::advance();
      nested->emitOpError("cannot be translated outside of a function");
      return WalkResult::interrupt();
    });
    if (walked.wasInterrupted())
      return failure();
  }
  return success();
}

std::unique_ptr<llvm::Module>
diff::translateToLLVMIR(Operation *module, llvm::LLVMContext &context) {
  if (failed(verifyDeclarations(module)))
    return nullptr;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context);
  if (!translated)
    module->emitError("cannot be translated to LLVM IR");
  return translated;
}
