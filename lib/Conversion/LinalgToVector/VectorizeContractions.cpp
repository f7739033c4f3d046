//===- VectorizeContractions.cpp - Products in register tiles -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../DiffToVector/RowPanels.h"
#include "Products.h"
#include "diff/Conversion/LinalgToVector/LinalgToVector.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/SCF/Transforms/TileUsingInterface.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_DIFFVECTORIZECONTRACTIONSPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

namespace {
/// Summands of an iteration of the innermost loop.
constexpr int64_t kUnroll = 4;

/// Builds the loops of one product whose tile is as small as a task.
class ProductLowering {
public:
  ProductLowering(ImplicitLocOpBuilder &b, linalg::LinalgOp op,
                  const HostProduct &product, const ProductTile &tile)
      : b(b), op(op), product(product), tile(tile), p(b, tile.panel),
        lanes(tile.panel.lanes), rowsAlongLanes(isAlongRows()) {}

  /// Returns a generic op that writes the sums into the destination.
  linalg::GenericOp lower() {
    rows = product.row ? getSize(*product.row) : p.index(1);
    columns = getSize(product.column);
    int64_t width = llvm::alignTo(tile.columns, tile.panel.getLanes());
    sums = allocate({tile.rows, width});
    int64_t height = llvm::alignTo(tile.rows, lanes);
    rowBlock = rowsAlongLanes ? allocate({tile.summands, height})
                              : allocate({tile.rows, tile.summands});
    panels = allocate(
        {width / tile.panel.getLanes() * tile.summands, tile.panel.getLanes()});
    initialize();
    SmallVector<Value> indices(op.getNumLoops(), p.index(0));
    addSummands(indices, product.summands);
    return writeResult();
  }

private:
  bool isAlongRows() {
    return product.row &&
           isContiguousAlong(op, product.rowOperand, *product.row);
  }

  Value allocate(ArrayRef<int64_t> shape) {
    constexpr int64_t kCacheLine = 64;
    return memref::AllocOp::create(b, MemRefType::get(shape, b.getF32Type()),
                                   b.getI64IntegerAttr(kCacheLine));
  }

  Value sub(Value a, Value c) { return b.createOrFold<arith::SubIOp>(a, c); }

  /// Rounds down to a multiple.
  Value alignDown(Value a, int64_t divisor) {
    return p.mul(p.div(a, divisor), divisor);
  }

  Value alignUp(Value a, int64_t divisor) {
    return alignDown(p.add(a, p.index(divisor - 1)), divisor);
  }

  Value getSize(unsigned loop) {
    for (OpOperand &operand : op->getOpOperands())
      for (auto [dim, expr] :
           llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults()))
        if (cast<AffineDimExpr>(expr).getPosition() == loop)
          return getValueOrCreateConstantIndexOp(
              b, b.getLoc(),
              tensor::getMixedSize(b, b.getLoc(), operand.get(), dim));
    llvm_unreachable("a loop without an operand");
  }

  Value widen(Value value) {
    Type element = getElementTypeOrSelf(value.getType());
    if (element.isF32())
      return value;
    Type wide = b.getF32Type();
    if (auto vector = dyn_cast<VectorType>(value.getType()))
      wide = vector.clone(wide);
    return arith::ExtFOp::create(b, wide, value);
  }

  /// Reads elements along a loop as f32. With `count`, reads so many, followed
  /// by zeros.
  Value read(OpOperand *operand, ArrayRef<Value> indices, unsigned along,
             Value count = {}) {
    auto type = cast<RankedTensorType>(operand->get().getType());
    SmallVector<Value> position;
    AffineMap order;
    for (auto [dim, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(operand).getResults())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      position.push_back(indices[loop]);
      if (loop == along)
        order = AffineMap::get(type.getRank(), 0, b.getAffineDimExpr(dim));
    }
    Value mask;
    if (count)
      mask = vector::CreateMaskOp::create(
          b, VectorType::get(lanes, b.getI1Type()), count);
    Type element = type.getElementType();
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
    return widen(vector::TransferReadOp::create(
        b, VectorType::get(lanes, element), operand->get(), position,
        AffineMapAttr::get(order), zero, mask, b.getBoolArrayAttr({true})));
  }

  /// Returns true if the size of the loop is a known multiple.
  bool isMultiple(unsigned loop, int64_t divisor) {
    int64_t size = op.getStaticLoopRanges()[loop];
    return !ShapedType::isDynamic(size) && size % divisor == 0;
  }

  /// Calls `body` for vectors of `count` elements of a loop: without a mask,
  /// and with the number of elements for the rest.
  void forEachVector(unsigned loop, Value count,
                     function_ref<void(Value, Value)> body) {
    bool isWhole = isMultiple(loop, lanes);
    Value whole = isWhole ? count : alignDown(count, lanes);
    p.loop(p.index(0), whole, lanes, [&](Value i) { body(i, {}); });
    if (isWhole)
      return;
    p.loop(whole, count, lanes, [&](Value i) { body(i, sub(count, i)); });
  }

  void store(Value value, Value buffer, Value row, Value column) {
    vector::StoreOp::create(b, value, buffer, ValueRange{row, column});
  }

  void initialize() {
    OpOperand *init = op.getDpsInitOperand(0);
    auto fill = init->get().getDefiningOp<linalg::FillOp>();
    Value start;
    if (fill)
      start = vector::BroadcastOp::create(b, p.lane, widen(fill.value()));
    SmallVector<Value> indices(op.getNumLoops(), p.index(0));
    p.loop(p.index(0), rows, 1, [&](Value row) {
      if (product.row)
        indices[*product.row] = row;
      forEachVector(product.column, columns, [&](Value column, Value count) {
        indices[product.column] = column;
        store(fill ? start : read(init, indices, product.column, count), sums,
              row, column);
      });
      // The lanes after the last column have no effect, but numbers such as
      // denormals in them would be slow.
      Value zero = p.constant(0);
      p.loop(alignUp(columns, lanes), alignUp(columns, tile.panel.getLanes()),
             lanes, [&](Value column) { store(zero, sums, row, column); });
    });
  }

  /// Builds the loops over the summands. The last one is over blocks.
  void addSummands(SmallVector<Value> &indices, ArrayRef<unsigned> loops) {
    unsigned loop = loops.front();
    if (loops.size() > 1) {
      p.loop(p.index(0), getSize(loop), 1, [&](Value index) {
        indices[loop] = index;
        addSummands(indices, loops.drop_front());
      });
      return;
    }
    Value size = getSize(loop);
    p.loop(p.index(0), size, tile.summands, [&](Value first) {
      Value count = p.min(sub(size, first), p.index(tile.summands));
      Value padded = alignUp(count, kUnroll);
      packRows(indices, first, count, padded);
      packPanels(indices, first, count, padded);
      p.loop(p.index(0), columns, tile.panel.getLanes(),
             [&](Value column) { multiply(column, padded); });
    });
  }

  /// Fills rows of a block that are multiplied but no summands with zeros.
  void padSummands(Value buffer, Value begin, Value end, Value width) {
    if (isMultiple(product.summands.back(), kUnroll))
      return;
    Value zero = p.constant(0);
    p.loop(begin, end, 1, [&](Value row) {
      p.loop(p.index(0), width, lanes,
             [&](Value column) { store(zero, buffer, row, column); });
    });
  }

  /// Copies a block of the operand with rows.
  void packRows(SmallVector<Value> indices, Value first, Value count,
                Value padded) {
    unsigned summand = product.summands.back();
    if (rowsAlongLanes) {
      p.loop(p.index(0), count, 1, [&](Value k) {
        indices[summand] = p.add(first, k);
        forEachVector(*product.row, rows, [&](Value row, Value rest) {
          indices[*product.row] = row;
          store(read(product.rowOperand, indices, *product.row, rest), rowBlock,
                k, row);
        });
      });
      padSummands(rowBlock, count, padded, rows);
      return;
    }
    p.loop(p.index(0), rows, 1, [&](Value row) {
      if (product.row)
        indices[*product.row] = row;
      forEachVector(summand, count, [&](Value k, Value rest) {
        indices[summand] = p.add(first, k);
        store(read(product.rowOperand, indices, summand, rest), rowBlock, row,
              k);
      });
    });
  }

  /// Returns the row of `panels` with a summand of the columns of a panel.
  Value getPanelRow(Value column, Value summand) {
    return p.add(p.mul(p.div(column, tile.panel.getLanes()), tile.summands),
                 summand);
  }

  /// Copies a block of the operand with columns to panels: row after row, as
  /// the operand is in memory, or column after column.
  void packPanels(SmallVector<Value> indices, Value first, Value count,
                  Value padded) {
    unsigned summand = product.summands.back();
    int64_t width = tile.panel.getLanes();
    Value begin = p.index(0);
    if (isContiguousAlong(op, product.columnOperand, summand)) {
      p.loop(begin, columns, width, [&](Value column) {
        transposePanel(indices, first, count, column);
      });
      return;
    }
    bool isWhole = isMultiple(product.column, width);
    Value wholeEnd = isWhole ? columns : alignDown(columns, width);
    auto copy = [&](Value k, Value begin, Value end, bool whole) {
      p.loop(begin, end, width, [&](Value column) {
        Value row = getPanelRow(column, k);
        for (int64_t i = 0; i < tile.panel.vectors; ++i) {
          Value offset = p.index(i * lanes);
          indices[product.column] = p.add(column, offset);
          store(read(product.columnOperand, indices, product.column,
                     whole ? Value() : sub(columns, indices[product.column])),
                panels, row, offset);
        }
      });
    };
    p.loop(begin, count, 1, [&](Value k) {
      indices[summand] = p.add(first, k);
      copy(k, begin, wholeEnd, /*whole=*/true);
      if (!isWhole)
        copy(k, wholeEnd, columns, /*whole=*/false);
    });
    p.loop(begin, columns, width, [&](Value column) {
      padSummands(panels, getPanelRow(column, count),
                  getPanelRow(column, padded), p.index(width));
    });
  }

  /// The same for columns that are contiguous along the summands. The lanes
  /// after the last column repeat it.
  void transposePanel(SmallVector<Value> indices, Value first, Value count,
                      Value column) {
    unsigned summand = product.summands.back();
    Value last = sub(columns, p.index(1));
    p.loop(p.index(0), p.index(tile.panel.getLanes()), lanes, [&](Value lane) {
      forEachVector(summand, count, [&](Value k, Value rest) {
        indices[summand] = p.add(first, k);
        SmallVector<Value> square;
        for (int64_t i = 0; i < lanes; ++i) {
          indices[product.column] =
              p.min(p.add(p.add(column, lane), p.index(i)), last);
          square.push_back(read(product.columnOperand, indices, summand, rest));
        }
        for (auto [i, values] : llvm::enumerate(p.transpose(square)))
          store(values, panels, getPanelRow(column, p.add(k, p.index(i))),
                lane);
      });
    });
  }

  /// Adds the products of a block and a panel to the sums.
  void multiply(Value column, Value padded) {
    int64_t depth = tile.panel.depth;
    Value begin = p.index(0), panelRow = getPanelRow(column, begin);
    for (int64_t size : {depth, int64_t(1)}) {
      Value end = p.add(begin, alignDown(sub(rows, begin), size));
      p.loop(begin, end, size, [&](Value row) {
        multiplyRows(row, size, column, panelRow, padded);
      });
      if (product.row ? isMultiple(*product.row, size) : size == 1)
        return;
      begin = end;
    }
  }

  void multiplyRows(Value firstRow, int64_t size, Value column, Value panelRow,
                    Value padded) {
    SmallVector<Row> start;
    SmallVector<Value> rowNumbers;
    for (int64_t i = 0; i < size; ++i) {
      rowNumbers.push_back(p.add(firstRow, p.index(i)));
      Row row;
      for (int64_t v = 0; v < tile.panel.vectors; ++v)
        row.push_back(vector::LoadOp::create(
            b, p.lane, sums,
            ValueRange{rowNumbers[i], p.add(column, p.index(v * lanes))}));
      start.push_back(row);
    }
    SmallVector<Row> ends = p.loop(
        p.index(0), padded, kUnroll, start,
        [&](Value first, ArrayRef<Row> carried) {
          SmallVector<Row> values(carried);
          for (int64_t u = 0; u < kUnroll; ++u) {
            Value k = p.add(first, p.index(u));
            Row right = p.load(panels, p.add(panelRow, k));
            for (int64_t i = 0; i < size; ++i) {
              Value left = vector::BroadcastOp::create(
                  b, p.lane,
                  memref::LoadOp::create(b, rowBlock,
                                         rowsAlongLanes
                                             ? ValueRange{k, rowNumbers[i]}
                                             : ValueRange{rowNumbers[i], k}));
              values[i] = p.map({right, values[i]}, [&](ValueRange v) -> Value {
                return vector::FMAOp::create(b, left, v[0], v[1]);
              });
            }
          }
          return values;
        });
    for (int64_t i = 0; i < size; ++i)
      for (int64_t v = 0; v < tile.panel.vectors; ++v)
        store(ends[i][v], sums, rowNumbers[i],
              p.add(column, p.index(v * lanes)));
  }

  linalg::GenericOp writeResult() {
    Value init = op.getDpsInitOperand(0)->get();
    // The elements are not read any more.
    if (auto fill = init.getDefiningOp<linalg::FillOp>())
      init = fill.getOutputs().front();
    auto type = cast<RankedTensorType>(init.getType());
    auto sumsType = cast<MemRefType>(sums.getType());
    Value all = bufferization::ToTensorOp::create(
        b, RankedTensorType::get(sumsType.getShape(), b.getF32Type()), sums,
        /*restrict=*/true, /*writable=*/true);
    // The dimensions of the result that the sums have.
    AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
    SmallVector<OpFoldResult> sizes{b.getIndexAttr(1), b.getIndexAttr(1)};
    SmallVector<AffineExpr> exprs;
    SmallVector<int64_t> shape;
    for (auto [dim, expr] : llvm::enumerate(map.getResults())) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      bool isColumn = loop == product.column;
      if (!isColumn && product.row != loop)
        continue;
      sizes[isColumn] = tensor::getMixedSize(b, b.getLoc(), init, dim);
      shape.push_back(type.getDimSize(dim));
      exprs.push_back(b.getAffineDimExpr(dim));
    }
    SmallVector<OpFoldResult> zeros(2, b.getIndexAttr(0)),
        ones(2, b.getIndexAttr(1));
    Value part = tensor::ExtractSliceOp::create(
        b, RankedTensorType::get(shape, b.getF32Type()), all, zeros, sizes,
        ones);
    AffineMap partMap =
        AffineMap::get(type.getRank(), 0, exprs, b.getContext());
    AffineMap identity = b.getMultiDimIdentityMap(type.getRank());
    SmallVector<utils::IteratorType> iterators(type.getRank(),
                                               utils::IteratorType::parallel);
    return linalg::GenericOp::create(
        b, type, part, init, ArrayRef{partMap, identity}, iterators,
        [](OpBuilder &builder, Location loc, ValueRange values) {
          Value sum = values[0];
          if (sum.getType() != values[1].getType())
            sum =
                arith::TruncFOp::create(builder, loc, values[1].getType(), sum);
          linalg::YieldOp::create(builder, loc, sum);
        });
  }

  ImplicitLocOpBuilder &b;
  linalg::LinalgOp op;
  HostProduct product;
  ProductTile tile;
  PanelBuilder p;
  int64_t lanes;
  /// The block of the operand with rows is [summands][rows], as the operand.
  bool rowsAlongLanes;
  Value rows, columns;
  Value sums, rowBlock, panels;
};
} // namespace

/// Returns an upper bound of the size of a loop.
static std::optional<int64_t> getBound(linalg::LinalgOp op, unsigned loop) {
  for (OpOperand &operand : op->getOpOperands())
    for (auto [dim, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(&operand).getResults())) {
      if (cast<AffineDimExpr>(expr).getPosition() != loop)
        continue;
      FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
          presburger::BoundType::UB, {operand.get(), static_cast<int64_t>(dim)},
          /*stopCondition=*/nullptr, /*closedUB=*/true);
      if (succeeded(bound))
        return *bound;
    }
  return std::nullopt;
}

/// Builds loops over tiles of the product unless it is such a tile. Returns the
/// product of one tile.
static FailureOr<linalg::LinalgOp> tileToTask(RewriterBase &rewriter,
                                              linalg::LinalgOp op,
                                              const HostProduct &product,
                                              ProductTile &tile) {
  SmallVector<OpFoldResult> sizes(op.getNumLoops(), rewriter.getIndexAttr(0));
  bool tiles = false;
  auto limit = [&](unsigned loop, int64_t size) {
    std::optional<int64_t> bound = getBound(op, loop);
    if (bound && *bound <= size)
      return std::max<int64_t>(1, *bound);
    sizes[loop] = rewriter.getIndexAttr(size);
    tiles = true;
    return size;
  };
  tile.columns = limit(product.column, tile.columns);
  if (product.row)
    tile.rows = limit(*product.row, tile.rows);
  for (unsigned loop : product.outer)
    limit(loop, 1);
  if (!tiles)
    return op;
  scf::SCFTilingOptions options;
  options.setTileSizes(sizes);
  rewriter.setInsertionPoint(op);
  FailureOr<scf::SCFTilingResult> tiled = scf::tileUsingSCF(
      rewriter, cast<TilingInterface>(op.getOperation()), options);
  if (failed(tiled))
    return failure();
  rewriter.replaceOp(op, tiled->replacements);
  return cast<linalg::LinalgOp>(tiled->tiledOps.front());
}

/// Returns true if the op only writes the sums of a product.
static bool writesSums(Operation *op) {
  auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
  if (!generic || generic.getNumDpsInputs() != 1)
    return false;
  auto slice =
      generic.getInputs().front().getDefiningOp<tensor::ExtractSliceOp>();
  return slice && slice.getSource().getDefiningOp<bufferization::ToTensorOp>();
}

namespace {
struct DiffVectorizeContractions
    : public diff::impl::DiffVectorizeContractionsPassBase<
          DiffVectorizeContractions> {
  using DiffVectorizeContractionsPassBase::DiffVectorizeContractionsPassBase;

  void runOnOperation() override {
    HostCaches caches{l1Bytes, l2Bytes};
    if (failed(verifyUnit(getOperation(), "diff-vectorize-contractions",
                          vectorBytes, registers, caches)))
      return signalPassFailure();
    VectorUnit unit{vectorBytes / int64_t(sizeof(float)), registers};
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    IRRewriter rewriter(&getContext());
    bool changed = false;
    for (linalg::LinalgOp op : ops) {
      FailureOr<HostProduct> product = getHostProduct(op);
      if (failed(product))
        continue;
      ProductTile tile = selectProductTile(op, *product, unit, caches,
                                           /*leastTasks=*/1);
      FailureOr<linalg::LinalgOp> part =
          tileToTask(rewriter, op, *product, tile);
      if (failed(part)) {
        op->emitOpError("cannot be tiled");
        return signalPassFailure();
      }
      product = getHostProduct(*part);
      if (failed(product))
        continue;
      rewriter.setInsertionPoint(*part);
      ImplicitLocOpBuilder b(part->getLoc(), rewriter);
      rewriter.replaceOp(*part,
                         ProductLowering(b, *part, *product, tile).lower());
      changed = true;
    }
    if (!changed)
      return;
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(
        patterns, [](OpOperand *operand) {
          Operation *producer = operand->get().getDefiningOp();
          return writesSums(producer) && producer->hasOneUse() &&
                 producer->getBlock() == operand->getOwner()->getBlock();
        });
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
