//===- AnnotateKernels.cpp - Launch bounds and shared memory --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFANNOTATEKERNELSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// An array without elements in shared memory is the block's dynamic memory.
static bool isDynamicSharedMemory(LLVM::GlobalOp global) {
  auto array = dyn_cast<LLVM::LLVMArrayType>(global.getGlobalType());
  return array && array.getNumElements() == 0 &&
         global.getAddrSpace() ==
             static_cast<unsigned>(NVVM::NVVMMemorySpace::Shared);
}

namespace {
struct DiffAnnotateKernels
    : public diff::impl::DiffAnnotateKernelsPassBase<DiffAnnotateKernels> {
  void runOnOperation() override {
    getOperation().walk([](LLVM::GlobalOp global) {
      if (isDynamicSharedMemory(global))
        global.setLinkage(LLVM::Linkage::External);
    });
    StringRef maximal = NVVM::NVVMDialect::getMaxntidAttrName();
    StringRef required = NVVM::NVVMDialect::getReqntidAttrName();
    Builder b(&getContext());
    getOperation().walk([&](LLVM::LLVMFuncOp func) {
      Attribute size = func->removeAttr(maximal);
      if (!size)
        return;
      func->setAttr(required, size);
      // Without a minimum, ptxas aims for more blocks than shared memory
      // allows, and spills a few bytes for them.
      func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                    b.getI32IntegerAttr(1));
    });
  }
};
} // namespace
