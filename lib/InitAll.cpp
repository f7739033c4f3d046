//===- InitAll.cpp - Everything that the project registers ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/InitAll.h"
#include "diff/Conversion/Passes.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Reduction/Reduction.h"
#include "diff/Dialect/Diff/TransformOps/DiffTransformOps.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "diff/Dialect/Tile/Transforms/Passes.h"
#include "diff/Pipelines/Pipelines.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/Target/LLVM/NVVM/Target.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"

using namespace mlir;

void diff::registerAllDialects(DialectRegistry &registry) {
  registry.insert<DiffDialect, tile::TileDialect>();
}

void diff::registerAllExtensions(DialectRegistry &registry) {
  registerAggregatedOpInterfaceExternalModels(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
  registerReductionPatternInterface(registry);
  registerTilingInterfaceExternalModels(registry);
  registerTransformDialectExtension(registry);
}

void diff::registerAllPasses() {
  registerDiffConversionPasses();
  registerDiffTransformsPasses();
  tile::registerTileTransformsPasses();
  registerPipelines();
}

void diff::registerCompilerDialects(DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  NVVM::registerNVVMTargetInterfaceExternalModels(registry);
  diff::registerAllDialects(registry);
  diff::registerAllExtensions(registry);
}
