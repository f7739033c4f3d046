//===- DistributeToThreads.cpp - Ops of a block to its threads ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDISTRIBUTETOTHREADSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

bool diff::isMappedToBlocks(scf::ForallOp forall) {
  std::optional<ArrayAttr> mapping = forall.getMapping();
  return mapping && !mapping->empty() &&
         llvm::all_of(*mapping, llvm::IsaPred<gpu::GPUBlockMappingAttr>);
}

bool diff::isMappedToThreads(scf::ForallOp forall) {
  std::optional<ArrayAttr> mapping = forall.getMapping();
  return mapping && !mapping->empty() &&
         llvm::all_of(*mapping, llvm::IsaPred<gpu::GPUThreadMappingAttr>);
}

/// Returns the number of elements of one access along a loop. It divides the
/// loop size and the start of rows, and is at most 16 bytes of each operand
/// whose innermost dimension is the loop.
static int64_t getVectorSize(linalg::LinalgOp op, unsigned loop) {
  int64_t range = op.getStaticLoopRanges()[loop];
  if (ShapedType::isDynamic(range))
    return 1;
  int64_t size = kMaxAccessBytes;
  bool innermost = false;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (map.getNumResults() == 0 ||
        map.getResults().back() != getAffineDimExpr(loop, op.getContext()))
      continue;
    innermost = true;
    Type element = cast<MemRefType>(operand.get().getType()).getElementType();
    // An element has its own bytes in memory, but not in a vector unless its
    // width is a multiple of a byte.
    int64_t bytes = tile::getElementBytes(element);
    if (!element.isIndex() && (!element.isIntOrFloat() ||
                               element.getIntOrFloatBitWidth() != 8 * bytes))
      return 1;
    size =
        std::min<int64_t>(size, tile::getRowAlignment(operand.get()) / bytes);
  }
  if (!innermost)
    return 1;
  // Returns the largest power of two that divides the range.
  return std::min<int64_t>(size, range & -range);
}

/// Returns the tile sizes for the threads: one vector along the innermost loop
/// of the result, or one row for reductions that are not contractions.
static SmallVector<OpFoldResult> getThreadTile(OpBuilder &b,
                                               linalg::LinalgOp op) {
  SmallVector<OpFoldResult> sizes;
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  bool reducesRows =
      op.getNumReductionLoops() > 0 && !linalg::isaContractionOpInterface(op);
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray())) {
    int64_t size = iterator == utils::IteratorType::parallel ? 1 : 0;
    if (size == 1 && !reducesRows && result.getNumResults() > 0 &&
        result.getResults().back() == b.getAffineDimExpr(loop))
      size = getVectorSize(op, loop);
    sizes.push_back(b.getIndexAttr(size));
  }
  return sizes;
}

static LogicalResult reportNotDistributed(Operation *op) {
  return op->emitOpError("cannot be distributed to the threads of a block");
}

/// Tiles the reductions of a thread's tile by vectors.
static LogicalResult tileReductions(RewriterBase &rewriter,
                                    linalg::LinalgOp op) {
  if (op.getNumReductionLoops() == 0)
    return success();
  SmallVector<OpFoldResult> sizes;
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    sizes.push_back(rewriter.getIndexAttr(
        iterator == utils::IteratorType::reduction ? getVectorSize(op, loop)
                                                   : 0));
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return reportNotDistributed(op);
  rewriter.eraseOp(op);
  return success();
}

/// The first thread executes ops without parallel loops.
static LogicalResult computeInOneThread(RewriterBase &rewriter,
                                        linalg::LinalgOp op) {
  auto first = gpu::GPUThreadMappingAttr::get(op.getContext(),
                                              gpu::MappingId::LinearDim0);
  auto loop = scf::ForallOp::create(
      rewriter, op.getLoc(), ArrayRef<OpFoldResult>{rewriter.getIndexAttr(1)},
      /*outputs=*/ValueRange(), rewriter.getArrayAttr({first}));
  rewriter.moveOpBefore(op, loop.getTerminator());
  return tileReductions(rewriter, op);
}

static LogicalResult distribute(RewriterBase &rewriter, linalg::LinalgOp op) {
  rewriter.setInsertionPoint(op);
  if (!isa<linalg::GenericOp>(op)) {
    FailureOr<linalg::GenericOp> generic =
        linalg::generalizeNamedOp(rewriter, op);
    if (failed(generic))
      return reportNotDistributed(op);
    op = *generic;
  }
  MLIRContext *context = op.getContext();
  SmallVector<OpFoldResult> sizes = getThreadTile(rewriter, op);
  int64_t tiledLoops = llvm::count_if(
      sizes, [](OpFoldResult size) { return !isConstantIntValue(size, 0); });
  if (tiledLoops == 0)
    return computeInOneThread(rewriter, op);
  SmallVector<Attribute> mapping;
  for (int64_t i = tiledLoops - 1; i >= 0; --i)
    mapping.push_back(gpu::GPUThreadMappingAttr::get(
        context, static_cast<gpu::MappingId>(
                     static_cast<int64_t>(gpu::MappingId::LinearDim0) + i)));
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes(sizes);
  options.setMapping(mapping);
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return reportNotDistributed(op);
  rewriter.eraseOp(op);
  for (Operation *tile : tiled->tiledOps)
    if (failed(tileReductions(rewriter, cast<linalg::LinalgOp>(tile))))
      return failure();
  return success();
}

/// Returns true if the op is inside a loop over threads.
static bool isDistributed(Operation *op) {
  for (auto loop = op->getParentOfType<scf::ForallOp>(); loop;
       loop = loop->getParentOfType<scf::ForallOp>())
    if (isMappedToThreads(loop))
      return true;
  return false;
}

/// Converts copies to linalg ops, which are distributed like all others.
static void expandCopies(RewriterBase &rewriter, scf::ForallOp forall) {
  SmallVector<memref::CopyOp> copies;
  forall.walk([&](memref::CopyOp copy) {
    if (isa<MemRefType>(copy.getSource().getType()) &&
        isa<MemRefType>(copy.getTarget().getType()) && !isDistributed(copy))
      copies.push_back(copy);
  });
  for (memref::CopyOp copy : copies) {
    rewriter.setInsertionPoint(copy);
    if (copy.getSource() != copy.getTarget())
      linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(),
                               copy.getTarget());
    rewriter.eraseOp(copy);
  }
}

namespace {
struct DiffDistributeToThreads
    : public diff::impl::DiffDistributeToThreadsPassBase<
          DiffDistributeToThreads> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](scf::ForallOp forall) {
      if (!isMappedToBlocks(forall) ||
          forall->hasAttr(tile::TileDialect::kScheduleAttrName))
        return;
      expandCopies(rewriter, forall);
      forall.walk([&](linalg::LinalgOp op) {
        if (op.hasPureBufferSemantics() && !isDistributed(op))
          ops.push_back(op);
      });
    });
    for (linalg::LinalgOp op : ops)
      if (failed(distribute(rewriter, op)))
        return signalPassFailure();

    RewritePatternSet patterns(&getContext());
    linalg::ControlDropUnitDims control;
    control.rankReductionStrategy =
        linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
    linalg::populateFoldUnitExtentDimsPatterns(patterns, control);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
