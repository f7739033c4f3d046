//===- GPUPipelines.cpp - The pipelines for GPUs --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PipelineParts.h"
#include "diff/Conversion/Passes.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "diff/Target/Chips.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/UBToLLVM/UBToLLVM.h"
#include "mlir/Conversion/VectorToSCF/VectorToSCF.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/GPU/Transforms/Passes.h"
#include "mlir/Dialect/LLVMIR/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace mlir::diff;

/// Passes for tiles that the warps of a block compute together: shared memory
/// for operands, matrix instructions, and prefetched copies.
static void buildTensorCorePipeline(OpPassManager &func, const Chip &chip) {
  func.addPass(tile::createTileStageOperandsPass());
  func.addPass(tile::createTileStageComputedPass());
  func.addPass(tile::createTileRowSumOnMmaPass());
  func.addPass(tile::createTileDeferReductionsPass());
  func.addPass(tile::createTileSkipRescalePass());
  func.addPass(tile::createTileSelectMmaPass());
  // The pipeliner does not support values that a loop carries unchanged.
  addCleanup(func);
  func.addPass(tile::createTilePipelinePass());
  addCleanup(func);
  func.addPass(tile::createTileCoalesceStoresPass());
  func.addPass(tile::createTilePropagateLayoutsPass());
  func.addPass(tile::createTileConvertLayoutsPass());
  func.addPass(tile::createTilePackRingsPass({chip.sharedMemoryPerBlock}));
}

void diff::buildGPUKernelPipeline(OpPassManager &pm, const Chip &chip) {
  pm.addPass(createDiffDecomposePass(
      {/*headMajorQuery=*/false, /*roundWeights=*/true, /*lazyMax=*/true}));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(
      createDiffVectorizeTilesPass({"tensor-cores"}));
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(tile::createTileForwardWritesPass());
  pm.addNestedPass<func::FuncOp>(tile::createTileWidenSlicesPass());
  addCleanup(pm);
  buildEntryPipeline(pm);
  OpPassManager &func = pm.nest<func::FuncOp>();
  func.addPass(createDiffPlaceWorkgroupMemoryPass());
  buildBufferizationPipeline(pm, /*allocatesInLoops=*/false);
  pm.addNestedPass<func::FuncOp>(
      createDiffDistributeToBlocksPass({kThreadsPerBlock}));
  pm.addNestedPass<func::FuncOp>(createDiffDistributeToThreadsPass());
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createDiffVectorizeTilesPass({"threads"}));
  // Ops without a vector form: table lookups, windows, other maps.
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  addCleanup(pm);
  pm.addNestedPass<func::FuncOp>(createDiffMapToGPUPass());
  pm.addNestedPass<func::FuncOp>(
      createDiffPackWorkgroupMemoryPass({chip.sharedMemoryPerBlock}));
  buildTensorCorePipeline(pm.nest<func::FuncOp>(), chip);
  // Do not canonicalize from here on: it would drop layouts, rebuild the
  // arguments, and hoist constants out of the launch.
  pm.addNestedPass<func::FuncOp>(createDiffFlattenKernelArgumentsPass());
  pm.addPass(createGpuKernelOutliningPass());
  pm.addPass(createCSEPass());
}

void diff::buildGPUHardwarePipeline(OpPassManager &pm, const Chip &chip,
                                    bool lineInfo) {
  GpuNVVMAttachTargetOptions target;
  target.chip = chip.name.str();
  target.features = "+ptx" + std::to_string(chip.ptxVersion);
  target.optLevel = 3;
  pm.addPass(createGpuNVVMAttachTarget(target));

  OpPassManager &module = pm.nest<gpu::GPUModuleOp>();
  module.addPass(createConvertTileToNVVMPass());
  addCleanup(module);
  module.addPass(createConvertVectorToSCFPass(
      VectorTransferToSCFOptions().enableFullUnroll()));
  module.addPass(createDiffLowerThreadVectorsPass());
  module.addPass(math::createMathExtendToSupportedTypes());
  module.addPass(createConvertMathToNVVMApproxPass());
  module.addPass(memref::createExpandStridedMetadataPass());
  module.addPass(createLowerAffinePass());
  module.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToNVVMOpsOptions gpuOptions;
  gpuOptions.useBarePtrCallConv = true;
  // Run before the GPU conversion, which would call libdevice for functions
  // that have instructions.
  module.addPass(createConvertMathToLLVMPass());
  module.addPass(createConvertGpuOpsToNVVMOps(gpuOptions));
  module.addPass(createArithToLLVMConversionPass());
  module.addPass(createConvertIndexToLLVMPass());
  module.addPass(createUBToLLVMConversionPass());
  module.addPass(createReconcileUnrealizedCastsPass());
  module.addPass(createDiffAnnotateKernelsPass());
  addCleanup(module);
  // Emit lines only. With debug sections, ptxas allocates registers differently
  // and spills.
  if (lineInfo)
    pm.addPass(LLVM::createDIScopeForLLVMFuncOpPass(
        {LLVM::DIEmissionKind::DebugDirectivesOnly}));
}
