//===- KernelPasses.cpp - LLVM passes for kernels -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelPasses.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"

/// The LLVM passes for kernels, less than the default pipeline. Earlier passes
/// have decided unrolling, hoisting and pairs of elements. Loop-invariant code
/// motion would also hoist out of loops with one or two iterations, and hoisted
/// values are live through the loops before them. The scalarizer splits pairs
/// of f32: on the chips that support them, they need adjacent registers, which
/// would cost moves around matrix instructions.
static constexpr llvm::StringLiteral kKernelPasses =
    "function(sroa,early-cse,instcombine<no-verify-fixpoint>,simplifycfg,"
    "scalarizer,"
    "loop(loop-rotate),gvn,instcombine<no-verify-fixpoint>,sink,dce,"
    "simplifycfg)";

/// Computes constant offsets from a pointer in the block that uses them. There
/// they are part of the address of an instruction and cost nothing. If
/// loop-invariant code motion hoists them, or blocks share them, each offset
/// needs a register.
static void sinkConstantOffsets(llvm::Function &function) {
  llvm::SmallVector<llvm::GetElementPtrInst *> offsets;
  for (llvm::Instruction &instruction : llvm::instructions(function))
    if (auto *offset = llvm::dyn_cast<llvm::GetElementPtrInst>(&instruction);
        offset && offset->hasAllConstantIndices())
      offsets.push_back(offset);
  for (llvm::GetElementPtrInst *offset : offsets) {
    llvm::DenseMap<llvm::BasicBlock *, llvm::Instruction *> copies;
    for (llvm::Use &use : llvm::make_early_inc_range(offset->uses())) {
      auto *user = llvm::cast<llvm::Instruction>(use.getUser());
      llvm::BasicBlock *block = user->getParent();
      if (llvm::isa<llvm::PHINode>(user) || block == offset->getParent())
        continue;
      llvm::Instruction *&copy = copies[block];
      if (!copy) {
        copy = offset->clone();
        copy->insertInto(block, block->getFirstInsertionPt());
      }
      use.set(copy);
    }
    if (offset->use_empty())
      offset->eraseFromParent();
  }
}

llvm::Error mlir::diff::optimizeKernels(llvm::Module &device,
                                        llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  llvm::ModulePassManager passes;
  if (llvm::Error error = builder.parsePassPipeline(passes, kKernelPasses))
    return error;
  passes.run(device, modules);
  for (llvm::Function &function : device)
    sinkConstantOffsets(function);
  return llvm::Error::success();
}

bool mlir::diff::KernelPassGate::shouldRunPass(llvm::StringRef pass,
                                               llvm::StringRef) const {
  return pass != "Loop Strength Reduction";
}
