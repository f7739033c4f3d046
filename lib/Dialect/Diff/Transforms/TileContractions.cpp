//===- TileContractions.cpp - Tiling of products for tensor cores ---------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorCoreSchedules.h"
#include "diff/Dialect/Diff/IR/Diff.h"
#include "diff/Dialect/Diff/Transforms/Passes.h"
#include "diff/Dialect/Diff/Transforms/Transforms.h"
#include "diff/Dialect/Tile/IR/Tile.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFTILECONTRACTIONSPASS
#include "diff/Dialect/Diff/Transforms/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// A candidate: rows of a tile, and the warps that compute 16 or a multiple of
/// rows each.
struct ProductTile {
  int64_t rows, warps;
};

/// Smaller tiles for fewer rows.
constexpr ProductTile kProductTiles[] = {{128, 4}, {64, 4}, {32, 2}, {16, 1}};
constexpr int64_t kColumns = 64;

/// A step over the summands is a line of 128 bytes of each row, or a half or
/// quarter of it. Two steps are in shared memory at a time.
constexpr int64_t kStepBytes = 128;
constexpr int64_t kStages = 2;

/// Bytes of the chunks in which rows are copied.
constexpr int64_t kChunkBytes = 16;

/// A matrix product by its loops: rows and batches, columns, summands.
struct Product {
  SmallVector<unsigned> rows;
  unsigned columns = 0, summands = 0;
  int64_t summandCount = 0, elementBytes = 0;
  bool isF32 = false;
};
} // namespace

static bool isAlongLast(linalg::LinalgOp op, OpOperand *operand,
                        unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  return map.getResults().back() == getAffineDimExpr(loop, op.getContext());
}

/// Returns the product that the op computes, if tensor cores support it: the
/// rows of both operands can be copied in whole chunks, and the sums are f32.
static FailureOr<Product> getProduct(linalg::LinalgOp op, bool allowTF32) {
  if (!op.hasPureTensorSemantics() || !linalg::isaContractionOpInterface(op))
    return failure();
  FailureOr<linalg::ContractionDimensions> dims =
      linalg::inferContractionDims(op);
  if (failed(dims) || dims->n.size() != 1 || dims->k.size() != 1 ||
      dims->m.empty())
    return failure();
  OpOperand *lhs = op.getDpsInputOperand(0), *rhs = op.getDpsInputOperand(1);
  OpOperand *result = op.getDpsInitOperand(0);
  Type element = getElementTypeOrSelf(lhs->get().getType());
  Product product;
  product.isF32 = element.isF32();
  if (element != getElementTypeOrSelf(rhs->get().getType()) ||
      !getElementTypeOrSelf(result->get().getType()).isF32() ||
      !(element.isF16() || element.isBF16() || (product.isF32 && allowTF32)))
    return failure();
  llvm::append_range(product.rows, dims->batch);
  llvm::append_range(product.rows, dims->m);
  llvm::sort(product.rows);
  product.columns = dims->n.front();
  product.summands = dims->k.front();
  product.elementBytes = element.getIntOrFloatBitWidth() / 8;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  product.summandCount = sizes[product.summands];
  auto isWhole = [&](int64_t size, int64_t bytes) {
    return !ShapedType::isDynamic(size) && size > 0 &&
           size * product.elementBytes % bytes == 0;
  };
  // The left operand is the one with the rows.
  if (!op.getMatchingIndexingMap(lhs).isFunctionOfDim(dims->m.front()))
    return failure();
  if (!isAlongLast(op, lhs, product.summands) ||
      !isAlongLast(op, result, product.columns) ||
      !(isAlongLast(op, rhs, product.summands) ||
        isAlongLast(op, rhs, product.columns)) ||
      !isWhole(product.summandCount, kSummandBytes) ||
      !isWhole(sizes[product.columns], kChunkBytes) ||
      sizes[product.columns] % 8 != 0)
    return failure();
  return product;
}

linalg::LinalgOp diff::getElementwiseUser(linalg::LinalgOp product) {
  Value result = product->getResult(0);
  if (!result.hasOneUse())
    return product;
  OpOperand &use = *result.getUses().begin();
  auto consumer = dyn_cast<linalg::GenericOp>(use.getOwner());
  auto type = cast<RankedTensorType>(result.getType());
  if (!consumer || consumer.getNumReductionLoops() > 0 ||
      consumer.getNumResults() != 1 ||
      consumer.getNumLoops() != static_cast<unsigned>(type.getRank()) ||
      !consumer.isDpsInput(&use) ||
      llvm::any_of(
          consumer.getIndexingMapsArray(),
          [](AffineMap map) { return !map.isProjectedPermutation(); }) ||
      !consumer.getMatchingIndexingMap(&use).isIdentity() ||
      !consumer.getIndexingMapMatchingResult(consumer->getResult(0))
           .isIdentity())
    return product;
  // linalg.index in a tile would be relative to the tile.
  bool usesIndices = !consumer.getBody()->getOps<linalg::IndexOp>().empty();
  return usesIndices ? product : consumer;
}

/// Tile sizes of the result's dimensions, and warps.
static std::pair<SmallVector<int64_t>, int64_t>
selectTile(linalg::LinalgOp op) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  int64_t rank = type.getRank();
  int64_t rows = type.getDimSize(rank - 2);
  const ProductTile *tile = kProductTiles;
  if (!ShapedType::isDynamic(rows))
    while (tile + 1 != std::end(kProductTiles) && (tile + 1)->rows >= rows)
      ++tile;
  SmallVector<int64_t> sizes(rank, 1);
  sizes[rank - 2] = tile->rows;
  sizes[rank - 1] = std::min(type.getDimSize(rank - 1), kColumns);
  return {sizes, tile->warps};
}

//===----------------------------------------------------------------------===//
// Whole tiles
//===----------------------------------------------------------------------===//

namespace {
/// Computes a tile in its full size, without its unit dimensions, even if it is
/// partial. Its inputs are padded with zeros, and the existing part is
/// extracted from the result.
class WholeTile {
public:
  /// `sizes` are those of the result's dimensions.
  WholeTile(RewriterBase &rewriter, ArrayRef<int64_t> sizes)
      : rewriter(rewriter), sizes(sizes) {}

  /// Rewrites the body of the loop and returns the product in it.
  linalg::LinalgOp run(scf::ForallOp loop) {
    SmallVector<linalg::LinalgOp> ops(
        loop.getBody()->getOps<linalg::LinalgOp>());
    linalg::LinalgOp product;
    for (linalg::LinalgOp op : ops) {
      linalg::LinalgOp whole = rebuild(op);
      if (linalg::isaContractionOpInterface(whole))
        product = whole;
    }
    for (Operation &op : loop.getTerminator().getYieldingOps())
      cutOut(loop, cast<tensor::ParallelInsertSliceOp>(op));
    for (linalg::LinalgOp op : llvm::reverse(ops))
      rewriter.eraseOp(op);
    return product;
  }

private:
  /// Returns the sizes of an op's loops: those of the result's dimensions, or
  /// the complete size.
  SmallVector<int64_t> getLoopSizes(linalg::LinalgOp op) {
    SmallVector<int64_t> loopSizes = op.getStaticLoopRanges();
    AffineMap map = op.getIndexingMapMatchingResult(op->getResult(0));
    for (auto [dim, size] : llvm::enumerate(sizes))
      loopSizes[map.getDimPosition(dim)] = size;
    return loopSizes;
  }

  linalg::LinalgOp rebuild(linalg::LinalgOp op) {
    Location loc = op.getLoc();
    rewriter.setInsertionPoint(op);
    SmallVector<int64_t> loopSizes = getLoopSizes(op);
    SmallVector<Value> inputs, inits;
    SmallVector<AffineMap> maps;
    for (OpOperand &operand : op->getOpOperands()) {
      AffineMap map = op.getMatchingIndexingMap(&operand);
      Value value = makeOperand(op, operand, map, loopSizes);
      (op.isDpsInit(&operand) ? inits : inputs).push_back(value);
      maps.push_back(dropLoops(map, loopSizes));
    }
    SmallVector<utils::IteratorType> iterators;
    for (auto [size, iterator] :
         llvm::zip_equal(loopSizes, op.getIteratorTypesArray()))
      if (size != 1)
        iterators.push_back(iterator);
    linalg::LinalgOp whole;
    if (isa<linalg::FillOp>(op)) {
      whole = linalg::FillOp::create(rewriter, loc, inputs, inits);
    } else {
      auto generic =
          linalg::GenericOp::create(rewriter, loc, ValueRange(inits).getTypes(),
                                    inputs, inits, maps, iterators);
      IRMapping mapping;
      op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
      whole = generic;
    }
    wholes[op->getResult(0)] = whole->getResult(0);
    return whole;
  }

  /// Returns the map without unit loops and the results that they index.
  static AffineMap dropLoops(AffineMap map, ArrayRef<int64_t> loopSizes) {
    SmallVector<AffineExpr> replacements, results;
    unsigned kept = 0;
    for (int64_t size : loopSizes)
      replacements.push_back(size == 1
                                 ? getAffineConstantExpr(0, map.getContext())
                                 : getAffineDimExpr(kept++, map.getContext()));
    for (AffineExpr result : map.getResults())
      if (AffineExpr expr = result.replaceDims(replacements);
          isa<AffineDimExpr>(expr))
        results.push_back(expr);
    return AffineMap::get(kept, 0, results, map.getContext());
  }

  Value makeOperand(linalg::LinalgOp op, OpOperand &operand, AffineMap map,
                    ArrayRef<int64_t> loopSizes) {
    Value value = operand.get();
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return value;
    if (Value whole = wholes.lookup(value))
      return whole;
    // Sizes to which the remaining dimensions are padded.
    SmallVector<int64_t> kept, shape;
    for (auto [dim, result] : llvm::enumerate(map.getResults())) {
      int64_t size = loopSizes[cast<AffineDimExpr>(result).getPosition()];
      if (size == 1)
        continue;
      kept.push_back(type.getDimSize(dim));
      shape.push_back(size);
    }
    if (!op.payloadUsesValueFromOperand(&operand))
      return tensor::EmptyOp::create(rewriter, op.getLoc(), shape,
                                     type.getElementType());
    if (kept.size() != static_cast<size_t>(type.getRank()))
      value = tensor::createCanonicalRankReducingExtractSliceOp(
          rewriter, op.getLoc(), value,
          RankedTensorType::get(kept, type.getElementType()));
    return padToShape(rewriter, op.getLoc(), value, shape);
  }

  /// The existing part of the result replaces the original result.
  void cutOut(scf::ForallOp loop, tensor::ParallelInsertSliceOp insert) {
    Value whole = wholes.lookup(insert.getSource());
    auto type = cast<RankedTensorType>(whole.getType());
    rewriter.setInsertionPoint(loop.getTerminator());
    SmallVector<OpFoldResult> partSizes;
    SmallVector<int64_t> shape;
    for (auto [size, tileSize] :
         llvm::zip_equal(insert.getMixedSizes(), sizes)) {
      if (tileSize == 1)
        continue;
      partSizes.push_back(size);
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    }
    SmallVector<OpFoldResult> zeros(type.getRank(), rewriter.getIndexAttr(0)),
        ones(type.getRank(), rewriter.getIndexAttr(1));
    Value part = tensor::ExtractSliceOp::create(
        rewriter, loop.getLoc(),
        RankedTensorType::get(shape, type.getElementType()), whole, zeros,
        partSizes, ones);
    rewriter.modifyOpInPlace(insert,
                             [&] { insert.getSourceMutable().assign(part); });
  }

  RewriterBase &rewriter;
  ArrayRef<int64_t> sizes;
  /// Results of the ops in the tile, by their original values.
  llvm::DenseMap<Value, Value> wholes;
};
} // namespace

//===----------------------------------------------------------------------===//
// diff-tile-contractions
//===----------------------------------------------------------------------===//

/// Tiles the op into a loop over the summands with prefetched copies.
static LogicalResult tileSummands(RewriterBase &rewriter, linalg::LinalgOp op,
                                  const Product &product) {
  unsigned summands = op.getNumLoops() - 1;
  while (!linalg::isReductionIterator(op.getIteratorTypesArray()[summands]))
    --summands;
  int64_t step = kStepBytes / product.elementBytes;
  while (product.summandCount % step != 0)
    step /= 2;
  if (step == product.summandCount)
    return success();
  SmallVector<OpFoldResult> sizes(op.getNumLoops(), rewriter.getIndexAttr(0));
  sizes[summands] = rewriter.getIndexAttr(step);
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  for (LoopLikeOpInterface loop : tiled->loops)
    loop->setAttr(tile::TileDialect::kStagesAttrName,
                  rewriter.getI64IntegerAttr(kStages));
  return success();
}

static SmallVector<Attribute> getGridMapping(MLIRContext *context,
                                             ArrayRef<int64_t> sizes) {
  SmallVector<Attribute> mapping;
  for (size_t dim = sizes.size(); dim-- > 0;)
    mapping.push_back(gpu::GPUBlockMappingAttr::get(
        context, static_cast<gpu::MappingId>(
                     static_cast<int64_t>(gpu::MappingId::DimX) + dim)));
  return mapping;
}

/// Builds a grid over tiles of the product, its fill and its consumer.
static FailureOr<scf::ForallOp> tileProduct(RewriterBase &rewriter,
                                            linalg::LinalgOp op,
                                            const Product &product) {
  MLIRContext *context = op.getContext();
  linalg::LinalgOp consumer = getElementwiseUser(op);
  auto [sizes, warps] = selectTile(op);
  SmallVector<OpFoldResult> tileSizes(consumer.getNumLoops(),
                                      rewriter.getIndexAttr(0));
  AffineMap result =
      consumer.getIndexingMapMatchingResult(consumer->getResult(0));
  for (auto [dim, size] : llvm::enumerate(sizes))
    tileSizes[result.getDimPosition(dim)] = rewriter.getIndexAttr(size);
  scf::SCFTileAndFuseOptions options;
  options.tilingOptions.setLoopType(scf::SCFTilingOptions::LoopType::ForallOp);
  options.tilingOptions.setTileSizes(tileSizes);
  options.tilingOptions.setMapping(getGridMapping(context, sizes));
  options.setFusionControlFn(
      [&](tensor::ExtractSliceOp, OpResult producer,
          bool) -> std::optional<scf::SCFTileAndFuseOptions::ControlFnResult> {
        Operation *owner = producer.getOwner();
        if (owner != op.getOperation() && !isa<linalg::FillOp>(owner))
          return std::nullopt;
        return scf::SCFTileAndFuseOptions::ControlFnResult{};
      });
  rewriter.setInsertionPoint(consumer);
  FailureOr<scf::SCFTileAndFuseResult> tiled =
      scf::tileConsumerAndFuseProducersUsingSCF(
          rewriter, cast<TilingInterface>(consumer.getOperation()), options);
  if (failed(tiled))
    return failure();
  for (OpResult value : consumer->getResults())
    rewriter.replaceAllUsesWith(value, tiled->replacements.lookup(value));
  auto loop = cast<scf::ForallOp>(tiled->loops.front().getOperation());
  loop->setAttr(kKernelAttrName,
                KernelAttr::get(context, "contraction", warps * 32,
                                /*reverse=*/false));
  loop->setAttr(tile::TileDialect::kScheduleAttrName,
                tile::ScheduleAttr::get(context, warps, kStages,
                                        /*swizzle=*/true,
                                        /*rowSumOnMma=*/false,
                                        /*skipRescale=*/false,
                                        /*tf32=*/product.isF32));
  linalg::LinalgOp whole = WholeTile(rewriter, sizes).run(loop);
  if (!whole || failed(tileSummands(rewriter, whole, product)))
    return failure();
  return loop;
}

namespace {
struct DiffTileContractions
    : public diff::impl::DiffTileContractionsPassBase<DiffTileContractions> {
  using DiffTileContractionsPassBase::DiffTileContractionsPassBase;

  void runOnOperation() override {
    SmallVector<std::pair<linalg::LinalgOp, Product>> products;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (op->getParentOfType<LoopLikeOpInterface>())
        return;
      FailureOr<Product> product = getProduct(op, tf32);
      // Rows and columns use two of the three dimensions of a grid.
      if (succeeded(product) && product->rows.size() <= 2)
        products.emplace_back(op, *product);
    });
    IRRewriter rewriter(&getContext());
    llvm::SmallPtrSet<Operation *, 8> loops;
    for (auto &[op, product] : products) {
      FailureOr<scf::ForallOp> loop = tileProduct(rewriter, op, product);
      if (failed(loop)) {
        op->emitOpError("cannot be tiled for tensor cores");
        return signalPassFailure();
      }
      loops.insert(*loop);
    }
    if (loops.empty())
      return;
    RewritePatternSet patterns(&getContext());
    // Steps over the summands slice the padded operand: pad the slices instead.
    // A rank-reducing slice would remain a slice of a pad.
    patterns.add<linalg::ExtractSliceOfPadTensorSwapPattern>(
        &getContext(),
        [&](tensor::ExtractSliceOp slice) -> std::optional<bool> {
          if (!loops.contains(slice->getParentOfType<scf::ForallOp>()) ||
              slice.getType().getRank() != slice.getSourceType().getRank())
            return std::nullopt;
          return false;
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
