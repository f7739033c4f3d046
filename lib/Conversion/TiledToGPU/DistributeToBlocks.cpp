//===- DistributeToBlocks.cpp - Remaining ops to a grid of blocks ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/TiledToGPU/TiledToGPU.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Tile/Transforms/RowAlignment.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFDISTRIBUTETOBLOCKSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

/// The number of dimensions of a grid.
static constexpr gpu::MappingId kGridDims[] = {
    gpu::MappingId::DimX, gpu::MappingId::DimY, gpu::MappingId::DimZ};

/// The number of elements of the result that a block computes at once.
static int64_t getElementsPerBlock(linalg::LinalgOp op, int64_t threads) {
  if (op.getNumReductionLoops() > 0 && !linalg::isaContractionOpInterface(op))
    return threads;
  Type element = getElementTypeOrSelf(op.getDpsInitOperand(0)->get());
  return threads *
         std::max<int64_t>(1, kMaxAccessBytes / tile::getElementBytes(element));
}

/// Returns the tile sizes: complete inner dimensions while the elements
/// suffice, a part of the next one, and 1 for the outer ones. A grid has three
/// dimensions; the block computes the dimensions before them.
static SmallVector<OpFoldResult> getBlockTile(OpBuilder &b, linalg::LinalgOp op,
                                              int64_t threads) {
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<OpFoldResult> sizes(ranges.size(), b.getIndexAttr(0));
  SmallVector<unsigned> loops;
  op.getParallelDims(loops);
  int64_t left = getElementsPerBlock(op, threads);
  size_t gridDims = 0;
  for (unsigned loop : llvm::reverse(loops)) {
    if (gridDims == std::size(kGridDims))
      break;
    int64_t range = ranges[loop];
    bool isWhole = !ShapedType::isDynamic(range) && range <= left;
    // Always tile the outermost loop, because a grid needs a dimension.
    if (isWhole && loop != loops.front()) {
      left /= std::max<int64_t>(1, range);
      continue;
    }
    sizes[loop] = b.getIndexAttr(std::max<int64_t>(1, isWhole ? range : left));
    left = 1;
    ++gridDims;
  }
  return sizes;
}

/// Returns the suffix of the kernel's name after that of its function.
static StringRef getLabel(linalg::LinalgOp op) {
  if (isa<linalg::FillOp>(op))
    return "fill";
  if (linalg::isaContractionOpInterface(op))
    return "contraction";
  if (op.getNumReductionLoops() > 0)
    return "reduction";
  bool copies = op.getBlock()->without_terminator().empty();
  return copies ? "copy" : "elementwise";
}

static KernelAttr getKernel(linalg::LinalgOp op, int64_t threads) {
  return KernelAttr::get(op.getContext(), getLabel(op), threads,
                         /*reverse=*/false);
}

static Attribute getMapping(MLIRContext *context, size_t gridDim) {
  return gpu::GPUBlockMappingAttr::get(context, kGridDims[gridDim]);
}

/// The innermost dimension of the grid is x, the outer ones are y and z. y and
/// z are limited to 65535 blocks, so that a dimension that may exceed this is
/// x.
static SmallVector<Attribute> getGridMapping(linalg::LinalgOp op,
                                             ArrayRef<OpFoldResult> sizes) {
  constexpr int64_t kMaxGridYZ = 65535;
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  SmallVector<int64_t> gridRanges;
  for (auto [size, range] : llvm::zip_equal(sizes, ranges))
    if (!isConstantIntValue(size, 0))
      gridRanges.push_back(range);
  size_t x = gridRanges.size() - 1;
  for (auto [dim, range] : llvm::enumerate(gridRanges))
    if (dim + 1 != gridRanges.size() &&
        (ShapedType::isDynamic(range) || range > kMaxGridYZ))
      x = dim;
  SmallVector<Attribute> mapping(gridRanges.size());
  size_t next = 1;
  for (size_t dim = gridRanges.size(); dim-- > 0;)
    mapping[dim] = getMapping(op.getContext(), dim == x ? 0 : next++);
  return mapping;
}

/// The slice of an operand for a tile ends at the first and last element that
/// its map reaches, so the map must be monotonic.
static LogicalResult verifyMaps(linalg::LinalgOp op) {
  for (AffineMap map : op.getIndexingMapsArray()) {
    bool isLegal = true;
    map.walkExprs([&](AffineExpr expr) {
      auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
      if (!binary || expr.getKind() == AffineExprKind::Add)
        return;
      auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
      isLegal &= expr.getKind() == AffineExprKind::Mul && factor &&
                 factor.getValue() >= 0;
    });
    if (!isLegal)
      return op->emitOpError("has an indexing map ")
             << AffineMapAttr::get(map)
             << " that cannot be tiled; on a GPU, sums of dimensions times "
                "positive numbers are legal (tensor.extract reads any "
                "element)";
  }
  return success();
}

/// Creates a grid of one block for ops without parallel dimensions.
static void computeInOneBlock(RewriterBase &rewriter, linalg::LinalgOp op,
                              int64_t threads) {
  auto loop = scf::ForallOp::create(
      rewriter, op.getLoc(), ArrayRef<OpFoldResult>{rewriter.getIndexAttr(1)},
      /*outputs=*/ValueRange(),
      rewriter.getArrayAttr({getMapping(op.getContext(), 0)}));
  loop->setAttr(kKernelAttrName, getKernel(op, threads));
  rewriter.moveOpBefore(op, loop.getTerminator());
}

static LogicalResult distribute(RewriterBase &rewriter, linalg::LinalgOp op,
                                int64_t threads) {
  rewriter.setInsertionPoint(op);
  if (failed(verifyMaps(op)))
    return failure();
  if (op.getNumParallelLoops() == 0) {
    computeInOneBlock(rewriter, op, threads);
    return success();
  }
  SmallVector<OpFoldResult> sizes = getBlockTile(rewriter, op, threads);
  SmallVector<Attribute> mapping = getGridMapping(op, sizes);
  scf::SCFTilingOptions options;
  options.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.setTileSizes(sizes);
  options.setMapping(mapping);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return op->emitOpError("cannot be distributed to blocks");
  for (LoopLikeOpInterface loop : tiled->loops)
    loop->setAttr(kKernelAttrName, getKernel(op, threads));
  rewriter.eraseOp(op);
  return success();
}

/// Converts a copy to a linalg op, which is distributed like all others.
static void expandCopy(RewriterBase &rewriter, memref::CopyOp copy) {
  rewriter.setInsertionPoint(copy);
  if (copy.getSource() != copy.getTarget())
    linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(),
                             copy.getTarget());
  rewriter.eraseOp(copy);
}

namespace {
/// The size of a collapsed dimension is the product of the original sizes.
struct ResolveCollapsedDim : public OpRewritePattern<memref::DimOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(memref::DimOp op,
                                PatternRewriter &rewriter) const override {
    auto collapse = op.getSource().getDefiningOp<memref::CollapseShapeOp>();
    std::optional<int64_t> dim = op.getConstantIndex();
    if (!collapse || !dim || *dim < 0 || *dim >= collapse.getType().getRank())
      return rewriter.notifyMatchFailure(op, "not of a collapsed shape");
    Location loc = op.getLoc();
    SmallVector<OpFoldResult> sizes =
        memref::getMixedSizes(rewriter, loc, collapse.getSrc());
    AffineExpr s0 = rewriter.getAffineSymbolExpr(0),
               s1 = rewriter.getAffineSymbolExpr(1);
    OpFoldResult product = rewriter.getIndexAttr(1);
    SmallVector<ReassociationIndices> groups =
        collapse.getReassociationIndices();
    for (int64_t part : groups[*dim])
      product = affine::makeComposedFoldedAffineApply(rewriter, loc, s0 * s1,
                                                      {product, sizes[part]});
    rewriter.replaceOp(op,
                       getValueOrCreateConstantIndexOp(rewriter, loc, product));
    return success();
  }
};

struct DiffDistributeToBlocks
    : public diff::impl::DiffDistributeToBlocksPassBase<
          DiffDistributeToBlocks> {
  using DiffDistributeToBlocksPassBase::DiffDistributeToBlocksPassBase;

  void runOnOperation() override {
    if (threads < 1 || threads > 1024) {
      getOperation().emitError("diff-distribute-to-blocks: option 'threads' "
                               "must be 1 to 1024, found ")
          << static_cast<int64_t>(threads);
      return signalPassFailure();
    }
    if (getOperation().isExternal())
      return;
    IRRewriter rewriter(&getContext());
    Region &body = getOperation().getBody();
    for (memref::CopyOp copy :
         llvm::make_early_inc_range(body.getOps<memref::CopyOp>()))
      if (isa<MemRefType>(copy.getSource().getType()) &&
          isa<MemRefType>(copy.getTarget().getType()))
        expandCopy(rewriter, copy);
    SmallVector<linalg::LinalgOp> ops(body.getOps<linalg::LinalgOp>());
    for (linalg::LinalgOp op : ops)
      if (op.hasPureBufferSemantics() &&
          failed(distribute(rewriter, op, threads)))
        return signalPassFailure();
    // Derive the sizes of views from those of arguments and buffers, the only
    // sizes that the host knows.
    RewritePatternSet patterns(&getContext());
    memref::populateResolveRankedShapedTypeResultDimsPatterns(patterns);
    patterns.add<ResolveCollapsedDim>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
