//===- HostCode.cpp - LLVM IR and objects for a CPU -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/HostLowering/HostLowering.h"
#include "diff/Target/HostChips.h"
#include "diff/Target/HostEmission.h"
#include "diff/Target/HostMachine.h"
#include "diff/Target/LLVMTranslation.h"
#include "mlir/Dialect/LLVMIR/FunctionCallUtils.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using namespace mlir::diff;

void diff::keepFramePointers(llvm::Module &module) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.addFnAttr("frame-pointer", "all");
}

/// Translates a module at the hardware level and sets what `machine` compiles
/// for.
static std::unique_ptr<llvm::Module>
translateForMachine(ModuleOp module, llvm::TargetMachine &machine,
                    llvm::LLVMContext &context) {
  std::unique_ptr<llvm::Module> translated = translateToLLVMIR(module, context);
  if (!translated)
    return nullptr;
  translated->setDataLayout(machine.createDataLayout());
  translated->setTargetTriple(machine.getTargetTriple());
  keepFramePointers(*translated);
  return translated;
}

/// Returns LLVM's machine for position-independent code. Reports an error and
/// returns null if LLVM has no target for it.
static std::unique_ptr<llvm::TargetMachine>
createObjectMachine(ModuleOp module, const HostChip &chip) {
  llvm::orc::JITTargetMachineBuilder builder = getHostMachineBuilder(chip);
  builder.setRelocationModel(llvm::Reloc::PIC_);
  // The builder is for JIT compilers, whose code may be anywhere.
  builder.setCodeModel(llvm::CodeModel::Small);
  auto machine = builder.createTargetMachine();
  if (machine)
    return std::move(*machine);
  module.emitError("cannot compile for ")
      << chip.name << " (" << chip.triple
      << "): " << llvm::toString(machine.takeError());
  return nullptr;
}

FailureOr<std::string> diff::emitHostLLVM(ModuleOp module,
                                          const HostChip &chip) {
  std::unique_ptr<llvm::TargetMachine> machine =
      createObjectMachine(module, chip);
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateForMachine(module, *machine, context);
  if (!translated)
    return failure();
  for (llvm::Function &function : *translated) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", chip.cpu);
    if (!chip.features.empty())
      function.addFnAttr("target-features", chip.features);
  }
  std::string text;
  llvm::raw_string_ostream(text) << *translated;
  return text;
}

/// Lets the function for failed allocations call the parallel runtime.
static LogicalResult callRuntimeOnFailure(ModuleOp module) {
  auto reporter = module.lookupSymbol<LLVM::LLVMFuncOp>(kAllocationFailureName);
  if (!reporter)
    return success();
  OpBuilder b(module.getContext());
  auto type = reporter.getFunctionType();
  FailureOr<LLVM::LLVMFuncOp> runtime =
      LLVM::lookupOrCreateFn(b, module, "diffParallelFailAllocation",
                             type.getParams(), type.getReturnType());
  if (failed(runtime))
    return failure();
  reporter.getBody().dropAllReferences();
  reporter.getBody().getBlocks().clear();
  Block *entry = reporter.addEntryBlock(b);
  b.setInsertionPointToStart(entry);
  LLVM::CallOp::create(b, reporter.getLoc(), *runtime, entry->getArguments());
  LLVM::UnreachableOp::create(b, reporter.getLoc());
  return success();
}

FailureOr<std::string>
diff::emitHostObject(ModuleOp module, const HostChip &chip, bool useRuntime) {
  OwningOpRef<ModuleOp> changed;
  if (useRuntime) {
    changed = module.clone();
    module = *changed;
    if (failed(callRuntimeOnFailure(module)))
      return failure();
  }
  std::unique_ptr<llvm::TargetMachine> machine =
      createObjectMachine(module, chip);
  if (!machine)
    return failure();
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateForMachine(module, *machine, context);
  if (!translated)
    return failure();
  auto optimize =
      makeOptimizingTransformer(/*optLevel=*/3, /*sizeLevel=*/0, machine.get());
  if (llvm::Error error = optimize(translated.get()))
    return module.emitError("no object file for ")
           << chip.name << ": " << llvm::toString(std::move(error));
  llvm::SmallVector<char> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine->addPassesToEmitFile(passes, os, nullptr,
                                   llvm::CodeGenFileType::ObjectFile))
    return module.emitError("LLVM's target for ")
           << chip.name << " writes no object files";
  passes.run(*translated);
  return std::string(bytes.begin(), bytes.end());
}
