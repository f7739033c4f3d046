//===- PTX.cpp - Device code as text --------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::diff;

/// The module that holds the kernels, null when there is none. All kernels of
/// a module are in one, since PTX is one text.
static FailureOr<gpu::GPUModuleOp> getKernelModule(ModuleOp module) {
  gpu::GPUModuleOp found;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>()) {
    if (found) {
      InFlightDiagnostic diag = kernels.emitOpError(
          "is a second module of kernels; PTX is emitted from one");
      diag.attachNote(found.getLoc()) << "the first is here";
      return failure();
    }
    found = kernels;
  }
  return found;
}

FailureOr<std::string> diff::emitPTX(ModuleOp module, const Chip &chip) {
  FailureOr<gpu::GPUModuleOp> kernels = getKernelModule(module);
  if (failed(kernels))
    return failure();
  if (!*kernels) {
    std::string header;
    llvm::raw_string_ostream os(header);
    os << ".version " << chip.ptxVersion / 10 << "." << chip.ptxVersion % 10
       << "\n.target " << chip.name << "\n.address_size 64\n";
    return header;
  }
  OwningOpRef<ModuleOp> copy = module.clone();
  PassManager pm(module.getContext());
  GpuModuleToBinaryPassOptions options;
  options.compilationTarget = "isa";
  pm.addPass(createGpuModuleToBinaryPass(options));
  if (failed(pm.run(*copy)))
    return failure();
  for (auto binary : copy->getOps<gpu::BinaryOp>())
    for (auto object : binary.getObjects().getAsRange<gpu::ObjectAttr>()) {
      // The text ends at the first NUL, if it has one.
      StringRef text = object.getObject().getValue();
      return text.take_until([](char c) { return c == '\0'; }).str();
    }
  return module.emitError("no PTX came of the module"), failure();
}

FailureOr<std::string> diff::emitDeviceLLVM(ModuleOp module, const Chip &) {
  FailureOr<gpu::GPUModuleOp> kernels = getKernelModule(module);
  if (failed(kernels))
    return failure();
  llvm::LLVMContext context;
  Operation *source = *kernels ? kernels->getOperation()
                               : ModuleOp::create(module.getLoc());
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(source, context, "diff_kernels");
  if (!translated)
    return failure();
  std::string text;
  llvm::raw_string_ostream os(text);
  translated->print(os, /*AAW=*/nullptr);
  return text;
}
