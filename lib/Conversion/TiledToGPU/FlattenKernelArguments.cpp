//===- FlattenKernelArguments.cpp - Pointers, sizes and strides -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFFLATTENKERNELARGUMENTSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// Rebuilds a memref argument inside each launch from its pointer, its sizes
/// and its strides.
static void flattenArgument(RewriterBase &rewriter, func::FuncOp func,
                            BlockArgument argument) {
  auto type = cast<MemRefType>(argument.getType());
  Location loc = argument.getLoc();
  rewriter.setInsertionPointToStart(&func.getBody().front());
  auto metadata =
      memref::ExtractStridedMetadataOp::create(rewriter, loc, argument);
  SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes();
  SmallVector<OpFoldResult> strides = metadata.getConstifiedMixedStrides();
  for (Operation *user : llvm::make_early_inc_range(argument.getUsers())) {
    auto dim = dyn_cast<memref::DimOp>(user);
    std::optional<int64_t> index = dim ? dim.getConstantIndex() : std::nullopt;
    if (index)
      rewriter.replaceOp(dim, metadata.getSizes()[*index]);
  }
  func.walk([&](gpu::LaunchOp launch) {
    bool used = llvm::any_of(argument.getUsers(), [&](Operation *user) {
      return launch->isProperAncestor(user);
    });
    if (!used)
      return;
    rewriter.setInsertionPointToStart(&launch.getBody().front());
    auto whole = memref::ReinterpretCastOp::create(
        rewriter, loc, type, metadata.getBaseBuffer(),
        OpFoldResult(rewriter.getIndexAttr(0)), sizes, strides);
    argument.replaceUsesWithIf(whole, [&](OpOperand &use) {
      return launch->isProperAncestor(use.getOwner()) &&
             use.getOwner() != whole;
    });
  });
}

/// Computes inside the launch what can be computed from other values: only
/// what the function was given is left to capture.
static void sinkComputations(RewriterBase &rewriter, gpu::LaunchOp launch) {
  bool changed = true;
  while (changed) {
    changed = false;
    SetVector<Value> captured;
    getUsedValuesDefinedAbove(launch.getBody(), captured);
    for (Value value : captured) {
      Operation *op = value.getDefiningOp();
      if (!op || isa<memref::ExtractStridedMetadataOp>(op) ||
          !isMemoryEffectFree(op))
        continue;
      // Behind the arguments, whose parts are captured in their order.
      auto position = launch.getBody().front().begin();
      while (isa<memref::ReinterpretCastOp>(*position))
        ++position;
      rewriter.setInsertionPoint(&launch.getBody().front(), position);
      Operation *inside = rewriter.clone(*op);
      for (auto [outer, inner] :
           llvm::zip_equal(op->getResults(), inside->getResults()))
        replaceAllUsesInRegionWith(outer, inner, launch.getBody());
      changed = true;
    }
  }
}

namespace {
struct DiffFlattenKernelArguments
    : public diff::impl::DiffFlattenKernelArgumentsPassBase<
          DiffFlattenKernelArguments> {
  void runOnOperation() override {
    func::FuncOp func = getOperation();
    if (func.isExternal())
      return;
    IRRewriter rewriter(&getContext());
    SmallVector<gpu::LaunchOp> launches;
    func.walk([&](gpu::LaunchOp launch) { launches.push_back(launch); });
    if (launches.empty())
      return;
    // Each goes to the front, so that the first argument's come first.
    for (BlockArgument argument : llvm::reverse(func.getArguments()))
      if (isa<MemRefType>(argument.getType()))
        flattenArgument(rewriter, func, argument);
    for (gpu::LaunchOp launch : launches)
      sinkComputations(rewriter, launch);
  }
};
} // namespace
