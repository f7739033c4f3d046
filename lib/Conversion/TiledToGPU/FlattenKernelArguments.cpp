//===- FlattenKernelArguments.cpp - Pointers, sizes and strides -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
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

/// Rebuilds a memref inside each launch from its pointer, sizes and strides.
static void rebuildInLaunches(RewriterBase &rewriter, func::FuncOp func,
                              Value memory, Value pointer,
                              ArrayRef<OpFoldResult> sizes,
                              ArrayRef<OpFoldResult> strides) {
  func.walk([&](gpu::LaunchOp launch) {
    bool used = llvm::any_of(memory.getUsers(), [&](Operation *user) {
      return launch->isProperAncestor(user);
    });
    if (!used)
      return;
    rewriter.setInsertionPointToStart(&launch.getBody().front());
    auto whole = memref::ReinterpretCastOp::create(
        rewriter, memory.getLoc(), cast<MemRefType>(memory.getType()), pointer,
        OpFoldResult(rewriter.getIndexAttr(0)), sizes, strides);
    memory.replaceUsesWithIf(whole, [&](OpOperand &use) {
      return launch->isProperAncestor(use.getOwner()) &&
             use.getOwner() != whole;
    });
  });
}

/// Replaces queries of a memref's sizes by known values.
static void replaceDims(RewriterBase &rewriter, Value memory,
                        function_ref<Value(int64_t)> getSize) {
  for (Operation *user : llvm::make_early_inc_range(memory.getUsers())) {
    auto dim = dyn_cast<memref::DimOp>(user);
    std::optional<int64_t> index = dim ? dim.getConstantIndex() : std::nullopt;
    if (index && *index >= 0 &&
        *index < cast<MemRefType>(memory.getType()).getRank())
      rewriter.replaceOp(dim, getSize(*index));
  }
}

static void flattenArgument(RewriterBase &rewriter, func::FuncOp func,
                            BlockArgument argument) {
  rewriter.setInsertionPointToStart(&func.getBody().front());
  auto metadata = memref::ExtractStridedMetadataOp::create(
      rewriter, argument.getLoc(), argument);
  replaceDims(rewriter, argument,
              [&](int64_t dim) { return metadata.getSizes()[dim]; });
  rebuildInLaunches(rewriter, func, argument, metadata.getBaseBuffer(),
                    metadata.getConstifiedMixedSizes(),
                    metadata.getConstifiedMixedStrides());
}

/// A buffer of the function: contiguous, with sizes computed on the host.
static void flattenBuffer(RewriterBase &rewriter, func::FuncOp func,
                          memref::AllocOp alloc) {
  Location loc = alloc.getLoc();
  rewriter.setInsertionPointAfter(alloc);
  auto metadata =
      memref::ExtractStridedMetadataOp::create(rewriter, loc, alloc);
  SmallVector<OpFoldResult> sizes = alloc.getMixedSizes();
  replaceDims(rewriter, alloc.getMemref(), [&](int64_t dim) {
    return getValueOrCreateConstantIndexOp(rewriter, loc, sizes[dim]);
  });
  AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
             s1 = rewriter.getAffineSymbolExpr(1);
  SmallVector<OpFoldResult> strides(sizes.size());
  OpFoldResult stride = rewriter.getIndexAttr(1);
  for (int64_t dim = sizes.size() - 1; dim >= 0; --dim) {
    strides[dim] = stride;
    stride = affine::makeComposedFoldedAffineApply(rewriter, loc, s0 * s1,
                                                   {stride, sizes[dim]});
  }
  rebuildInLaunches(rewriter, func, alloc.getMemref(), metadata.getBaseBuffer(),
                    sizes, strides);
}

/// Computes values inside the launch if they depend on other values, so that
/// the launch captures the inputs of the function only.
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
      // Insert after the arguments, whose parts are captured in order, and
      // before the buffers, whose sizes may depend on it.
      auto position = launch.getBody().front().begin();
      while (isa<memref::ReinterpretCastOp>(*position) &&
             !llvm::is_contained(position->getOperands(), value))
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
    // Process views of arguments and buffers first, to expose their sources.
    for (gpu::LaunchOp launch : launches)
      sinkComputations(rewriter, launch);
    SmallVector<memref::AllocOp> buffers(
        func.getBody().getOps<memref::AllocOp>());
    for (memref::AllocOp buffer : llvm::reverse(buffers))
      flattenBuffer(rewriter, func, buffer);
    // Each part is inserted at the front, so those of the first argument lead.
    for (BlockArgument argument : llvm::reverse(func.getArguments()))
      if (isa<MemRefType>(argument.getType()))
        flattenArgument(rewriter, func, argument);
    for (gpu::LaunchOp launch : launches)
      sinkComputations(rewriter, launch);
  }
};
} // namespace
