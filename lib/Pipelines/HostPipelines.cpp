//===- HostPipelines.cpp - The pipelines for CPUs -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PipelineParts.h"
#include "diff/Conversion/Passes.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Pipelines/Pipelines.h"
#include "diff/Target/Chips.h"
#include "diff/Target/HostChips.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/BufferizationToMemRef/BufferizationToMemRef.h"
#include "mlir/Conversion/ComplexToLLVM/ComplexToLLVM.h"
#include "mlir/Conversion/ComplexToStandard/ComplexToStandard.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/OpenMPToLLVM/ConvertOpenMPToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/SCFToOpenMP/SCFToOpenMP.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVMPass.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/SCF/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::diff;

void diff::addCleanup(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void diff::buildTilingPipeline(OpPassManager &pm, const Chip *chip,
                               const HostChip *host,
                               const CompileOptions &options) {
  // The launches of kernels must be in one function.
  if (chip)
    pm.addPass(createInlinerPass());
  // Removes masks and maps without effect.
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createDiffFoldLayoutsPass());
  pm.addNestedPass<func::FuncOp>(createDiffNameArgumentsPass());
  if (chip) {
    pm.addNestedPass<func::FuncOp>(createDiffDecomposeStructuredPass());
    pm.addPass(createConvertElementwiseToLinalgPass());
    pm.addNestedPass<func::FuncOp>(createDiffFuseElementwisePass());
    addCleanup(pm);
    pm.addNestedPass<func::FuncOp>(createDiffAlignOperandsPass());
    if (options.tensorCores)
      pm.addNestedPass<func::FuncOp>(
          createDiffTileContractionsPass({options.tf32}));
  }
  DiffSelectSchedulePassOptions schedule;
  if (chip) {
    schedule.sharedMemory = chip->sharedMemoryPerBlock;
    schedule.threads = kThreadsPerBlock;
    schedule.tensorCores = options.tensorCores;
    schedule.tf32 = options.tf32;
  } else {
    schedule.vectorBytes = host->vectorBytes;
    schedule.registers = host->vectorRegisters;
    schedule.amx = host->amxBF16;
    schedule.dots = host->dotBF16Pays;
  }
  pm.addPass(createDiffSelectSchedulePass(schedule));
  pm.addNestedPass<func::FuncOp>(createDiffTilePass());
  bool copy = chip != nullptr;
  pm.addNestedPass<func::FuncOp>(createDiffPadTilesPass({"queries", copy}));
  pm.addNestedPass<func::FuncOp>(createDiffDecomposeAttentionPass());
  // The loop over tiles may have one iteration, which the cleanup inlines.
  if (!chip)
    pm.addNestedPass<func::FuncOp>(createDiffSplitKeysPass());
  addCleanup(pm);
  // On a CPU, convert-diff-to-vector builds the loops over the keys.
  if (!chip)
    return;
  pm.addNestedPass<func::FuncOp>(createDiffTileKeysPass());
  pm.addNestedPass<func::FuncOp>(createDiffPadTilesPass({"keys", copy}));
  addCleanup(pm);
}

void diff::buildEntryPipeline(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createDiffPrepareBufferizationPass());
  pm.addPass(createDiffLowerEntryPass());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
}

void diff::buildBufferizationPipeline(OpPassManager &pm,
                                      bool allocatesInLoops) {
  bufferization::OneShotBufferizePassOptions options;
  options.bufferizeFunctionBoundaries = true;
  options.allowReturnAllocsFromLoops = allocatesInLoops;
  options.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(options));
  addCleanup(pm);
}

/// Lowers memrefs, loops and vectors to the LLVM dialect. `avx512` allows
/// instructions of AVX-512 by name.
static void buildHostLowering(OpPassManager &pm, const HostChip &chip,
                              bool avx512) {
  bufferization::BufferDeallocationPipelineOptions deallocation;
  bufferization::buildBufferDeallocationPipeline(pm, deallocation);
  pm.addPass(createConvertBufferizationToMemRefPass());
  pm.addPass(createDiffOutlineAMXPass());
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createDiffExpandCopiesPass());
  func.addPass(createConvertLinalgToParallelLoopsPass());
  func.addPass(createForallToParallelLoopPass());
  pm.addPass(createConvertComplexToStandardPass());
  // Code for halves is conversions and moves: LLVM would compute on bf16 by a
  // library function for each element.
  pm.addPass(math::createMathExtendToSupportedTypes());
  pm.addPass(createDiffExpandMathPass({avx512}));
  pm.addNestedPass<func::FuncOp>(vector::createLowerVectorMultiReductionPass());
  addCleanup(pm);
  pm.addPass(createConvertSCFToOpenMPPass());
  pm.addPass(createConvertVectorToSCFPass(
      VectorTransferToSCFOptions().enableFullUnroll()));
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs = {"bf16"};
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  ConvertVectorToLLVMPassOptions toLLVM;
  toLLVM.vectorContractLowering = vector::VectorContractLowering::OuterProduct;
  toLLVM.amx = true;
  toLLVM.x86Vector = true;
  // The order of the lanes in a sum is fixed, but need not be sequential.
  toLLVM.reassociateFPReductions = true;
  pm.addPass(createConvertVectorToLLVMPass(toLLVM));
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  FinalizeMemRefToLLVMConversionPassOptions memory;
  memory.useGenericFunctions = true;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memory));
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createUBToLLVMConversionPass());
  pm.addPass(createConvertComplexToLLVMPass());
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  // The pass for control flow alone does not know the types of tiles.
  pm.addPass(createConvertToLLVMPass({{"amx", "cf"}}));
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createDiffDefineAllocatorsPass({chip.errorStream.str()}));
  pm.addPass(createDiffDefineAMXRequestPass());
  pm.addPass(createDiffMoveBf16AsI16Pass());
  pm.addPass(createDiffExportFunctionsPass());
}

/// Names the functions that the runtime and C programs call.
static void buildSymbols(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createDiffStripNamesPass());
  pm.addPass(createDiffMangleFunctionsPass());
}

void diff::buildLinalgPipeline(OpPassManager &pm) {
  pm.addNestedPass<func::FuncOp>(createDiffFoldLayoutsPass());
  pm.addPass(createConvertDiffToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createDiffDecomposeStructuredPass());
  pm.addPass(createConvertElementwiseToLinalgPass());
  addCleanup(pm);
  buildEntryPipeline(pm);
  buildBufferizationPipeline(pm, /*allocatesInLoops=*/true);
  buildSymbols(pm);
  buildHostLowering(pm, getHostChip(), /*avx512=*/false);
}

void diff::buildHostKernelPipeline(OpPassManager &pm, const HostChip &chip) {
  pm.addNestedPass<func::FuncOp>(createDiffDecomposeStructuredPass());
  pm.addPass(createConvertElementwiseToLinalgPass());
  pm.addNestedPass<func::FuncOp>(createDiffFuseElementwisePass());
  pm.addPass(
      createConvertDiffToVectorPass({chip.vectorBytes, chip.vectorRegisters,
                                     chip.amxBF16, chip.dotBF16Pays}));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(
      createDiffDistributeToTasksPass({chip.vectorBytes, chip.vectorRegisters,
                                       chip.l1DataBytes, chip.l2Bytes}));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createDiffVectorizeContractionsPass(
      {chip.vectorBytes, chip.vectorRegisters, chip.l1DataBytes,
       chip.l2Bytes}));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(
      createDiffVectorizeRowsPass({chip.vectorBytes}));
  addCleanup(pm);
  pm.addPass(createLoopInvariantCodeMotionPass());
  pm.addPass(createLoopInvariantSubsetHoistingPass());
  addCleanup(pm);
  buildEntryPipeline(pm);
  buildBufferizationPipeline(pm, /*allocatesInLoops=*/true);
}

void diff::buildHostHardwarePipeline(OpPassManager &pm, const HostChip &chip) {
  buildSymbols(pm);
  constexpr int64_t kAVX512Bytes = 64;
  buildHostLowering(pm, chip,
                    chip.architecture == HostArchitecture::X86_64 &&
                        chip.vectorBytes == kAVX512Bytes);
}
