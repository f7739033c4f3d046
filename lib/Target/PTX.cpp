//===- PTX.cpp - PTX and LLVM IR of device code ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelPasses.h"
#include "diff/Target/Chips.h"
#include "diff/Target/GPUEmission.h"
#include "diff/Target/LLVMTranslation.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace mlir;
using namespace mlir::diff;

/// Returns the module that holds the kernels, or null if there is none. One
/// module holds all kernels, because PTX is one text.
static FailureOr<gpu::GPUModuleOp> getKernelModule(ModuleOp module) {
  gpu::GPUModuleOp found;
  for (auto kernels : module.getOps<gpu::GPUModuleOp>()) {
    if (found) {
      InFlightDiagnostic diag = kernels.emitOpError(
          "is a second module of kernels; PTX needs a single one");
      diag.attachNote(found.getLoc()) << "the first is here";
      return failure();
    }
    found = kernels;
  }
  return found;
}

/// Returns the backend for a chip, or null after an error.
static std::unique_ptr<llvm::TargetMachine>
createTargetMachine(Operation *kernels, const Chip &chip) {
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  llvm::Triple triple("nvptx64-nvidia-cuda");
  std::string message;
  const llvm::Target *target =
      llvm::TargetRegistry::lookupTarget(triple, message);
  if (!target) {
    kernels->emitError("this LLVM has no NVPTX backend: ") << message;
    return nullptr;
  }
  std::string features = "+ptx" + std::to_string(chip.ptxVersion);
  return std::unique_ptr<llvm::TargetMachine>(target->createTargetMachine(
      triple, chip.name, features, llvm::TargetOptions(), std::nullopt,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
}

// Does not use gpu-module-to-binary, which searches for a CUDA toolkit and
// links its libdevice: the text must not depend on the environment.
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
  std::unique_ptr<llvm::TargetMachine> machine =
      createTargetMachine(*kernels, chip);
  KernelPassGate gate;
  llvm::LLVMContext context;
  context.setOptPassGate(gate);
  std::unique_ptr<llvm::Module> device = translateToLLVMIR(*kernels, context);
  if (!machine || !device)
    return failure();
  device->setTargetTriple(machine->getTargetTriple());
  device->setDataLayout(machine->createDataLayout());
  if (llvm::Error error = optimizeKernels(*device, *machine))
    return kernels->emitError(llvm::toString(std::move(error))), failure();
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr,
                                   llvm::CodeGenFileType::AssemblyFile))
    return kernels->emitError("the NVPTX backend writes no text"), failure();
  passes.run(*device);
  return text.str().str();
}

FailureOr<std::string> diff::emitDeviceLLVM(ModuleOp module, const Chip &) {
  FailureOr<gpu::GPUModuleOp> kernels = getKernelModule(module);
  if (failed(kernels))
    return failure();
  llvm::LLVMContext context;
  OwningOpRef<ModuleOp> empty;
  if (!*kernels)
    empty = ModuleOp::create(module.getLoc());
  std::unique_ptr<llvm::Module> device = translateToLLVMIR(
      *kernels ? kernels->getOperation() : empty->getOperation(), context);
  if (!device)
    return failure();
  std::string text;
  llvm::raw_string_ostream(text) << *device;
  return text;
}
