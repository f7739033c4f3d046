//===- Products.cpp - Matrix products and their tiles on CPUs -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Products.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::diff;

static bool isSupported(Type element) {
  return element.isF32() || element.isF16() || element.isBF16();
}

/// Returns true if the body adds the product of its operands to the sum.
static bool isProductBody(linalg::LinalgOp op) {
  Block *body = op.getBlock();
  if (!llvm::all_of(body->without_terminator(),
                    llvm::IsaPred<arith::ExtFOp, arith::MulFOp, arith::AddFOp>))
    return false;
  auto skipExtension = [](Value value) {
    auto extension = value.getDefiningOp<arith::ExtFOp>();
    return extension ? extension.getIn() : value;
  };
  auto isPair = [](Value a, Value b, Value x, Value y) {
    return (a == x && b == y) || (a == y && b == x);
  };
  auto add =
      body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  if (!add)
    return false;
  Value sum = body->getArgument(2);
  Value product = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  auto mul = product.getDefiningOp<arith::MulFOp>();
  return mul && isPair(add.getLhs(), add.getRhs(), sum, product) &&
         isPair(skipExtension(mul.getLhs()), skipExtension(mul.getRhs()),
                body->getArgument(0), body->getArgument(1));
}

bool diff::isContiguousAlong(linalg::LinalgOp op, OpOperand *operand,
                             unsigned loop) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  return map.getNumResults() > 0 &&
         map.getResults().back() == getAffineDimExpr(loop, op.getContext());
}

bool diff::hasNoIterations(linalg::LinalgOp op) {
  return llvm::is_contained(op.getStaticLoopRanges(), 0);
}

FailureOr<HostProduct> diff::getHostProduct(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumDpsInputs() != 2 ||
      op.getNumDpsInits() != 1 || op.getNumReductionLoops() == 0 ||
      hasNoIterations(op) ||
      !llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
        auto type = dyn_cast<RankedTensorType>(operand.get().getType());
        return type && isSupported(type.getElementType()) &&
               op.getMatchingIndexingMap(&operand).isProjectedPermutation();
      }))
    return failure();
  AffineMap result = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  if (result.getNumResults() == 0 || !isProductBody(op))
    return failure();
  HostProduct product;
  OpOperand *lhs = op.getDpsInputOperand(0), *rhs = op.getDpsInputOperand(1);
  auto uses = [&](OpOperand *operand, unsigned loop) {
    return op.getMatchingIndexingMap(operand).isFunctionOfDim(loop);
  };
  product.column = result.getDimPosition(result.getNumResults() - 1);
  if (uses(lhs, product.column) == uses(rhs, product.column))
    return failure();
  bool swapped = uses(lhs, product.column);
  product.rowOperand = swapped ? rhs : lhs;
  product.columnOperand = swapped ? lhs : rhs;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [loop, iterator] : llvm::enumerate(op.getIteratorTypesArray()))
    if (linalg::isReductionIterator(iterator)) {
      if (!uses(lhs, loop) || !uses(rhs, loop))
        return failure();
      product.summands.push_back(loop);
    } else if (!uses(lhs, loop) && !uses(rhs, loop)) {
      return failure();
    }
  // The innermost of the longest rows. One row is none: the other operand is
  // read once.
  int64_t most = 0;
  for (AffineExpr expr : result.getResults().drop_back()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (uses(product.columnOperand, loop) || sizes[loop] == 1)
      continue;
    constexpr int64_t kAssumed = 64;
    int64_t size = ShapedType::isDynamic(sizes[loop]) ? kAssumed : sizes[loop];
    if (size >= most) {
      most = size;
      product.row = loop;
    }
  }
  for (AffineExpr expr : result.getResults().drop_back()) {
    unsigned loop = cast<AffineDimExpr>(expr).getPosition();
    if (product.row != loop)
      product.outer.push_back(loop);
  }
  // Blocks of the summands that are contiguous in an operand.
  for (OpOperand *operand : {product.rowOperand, product.columnOperand}) {
    const auto *last = llvm::find_if(product.summands, [&](unsigned loop) {
      return isContiguousAlong(op, operand, loop);
    });
    if (last == product.summands.end())
      continue;
    if (operand == product.columnOperand && !product.row)
      return failure();
    std::swap(product.summands[last - product.summands.begin()],
              product.summands.back());
  }
  return product;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

/// Selects the vectors of a panel and its rows in registers. With 32 registers,
/// 6 rows of 4 vectors are the fastest of those measured, and with 16
/// registers, 6 rows of 2 (see `planRows`). Fewer vectors need less padding.
static RowPlan planColumns(const VectorUnit &unit, int64_t columns) {
  int64_t most = std::max<int64_t>(1, unit.registers / 8);
  RowPlan best{unit.lanes, 0, 0, /*rowsPerToken=*/1, 0};
  double bestCost = 0;
  for (int64_t vectors = most; vectors > 0; --vectors) {
    int64_t lanes = vectors * unit.lanes;
    // Two multiply-adds a cycle with a latency of four: a row of few vectors
    // needs more rows.
    constexpr int64_t kChains = 12;
    int64_t depth =
        std::clamp<int64_t>((unit.registers - 1 - vectors) / vectors, 1,
                            std::max(kMaxPanelDepth, kChains / vectors));
    // Loads and multiply-adds of one summand.
    double work = double(depth * vectors) + double(depth + vectors) / 2;
    double panels = ShapedType::isDynamic(columns)
                        ? 1.0 / double(lanes)
                        : double(llvm::divideCeil(columns, lanes));
    double cost = panels * work / double(depth);
    if (best.vectors == 0 || cost < bestCost) {
      bestCost = cost;
      best = {unit.lanes, vectors, lanes, /*rowsPerToken=*/1, depth};
    }
  }
  return best;
}

/// Divides `size` into equal parts of at most `limit`, multiples of `unit`.
static int64_t balance(int64_t size, int64_t limit, int64_t unit) {
  limit = std::max<int64_t>(unit, limit / unit * unit);
  if (ShapedType::isDynamic(size))
    return limit;
  int64_t parts = std::max<int64_t>(1, llvm::divideCeil(size, limit));
  return std::max<int64_t>(unit,
                           llvm::alignTo(llvm::divideCeil(size, parts), unit));
}

ProductTile diff::selectProductTile(linalg::LinalgOp op,
                                    const HostProduct &product,
                                    const VectorUnit &unit,
                                    const HostCaches &caches,
                                    int64_t leastTasks) {
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t columns = sizes[product.column];
  int64_t rows = product.row ? sizes[*product.row] : 1;
  ProductTile tile;
  tile.panel = planColumns(unit, columns);
  // Few rows are one tile.
  if (!ShapedType::isDynamic(rows))
    tile.panel.depth = std::clamp<int64_t>(rows, 1, tile.panel.depth);
  int64_t lanes = tile.panel.getLanes();
  // A block of a panel takes two thirds of the first cache.
  constexpr int64_t kLeastSummands = 32, kMostSummands = 128;
  tile.summands = std::clamp<int64_t>(caches.l1Bytes * 2 / 3 /
                                          (lanes * int64_t(sizeof(float))),
                                      kLeastSummands, kMostSummands);
  tile.summands =
      llvm::alignDown(tile.summands, std::max(unit.lanes, kLeastSummands));
  // Large tasks read the operands less often. Small ones leave work for all
  // cores.
  struct Task {
    int64_t rows, columns;
  };
  constexpr Task kTasks[] = {
      {192, 256}, {96, 256}, {96, 128}, {48, 128}, {48, 64}};
  int64_t others = 1;
  for (unsigned loop : product.outer)
    if (!ShapedType::isDynamic(sizes[loop]))
      others *= std::max<int64_t>(1, sizes[loop]);
  constexpr int64_t kAssumed = 512;
  auto count = [](int64_t size, int64_t part) -> int64_t {
    return llvm::divideCeil(ShapedType::isDynamic(size) ? kAssumed : size,
                            part);
  };
  for (const Task &task : kTasks) {
    tile.rows = balance(rows, task.rows, tile.panel.depth);
    tile.columns = balance(columns, task.columns, lanes);
    int64_t bytes = (tile.rows * (tile.columns + tile.summands) +
                     tile.columns * tile.summands) *
                    int64_t(sizeof(float));
    if (bytes <= caches.l2Bytes * 3 / 4 &&
        others * count(rows, tile.rows) * count(columns, tile.columns) >=
            leastTasks)
      break;
  }
  return tile;
}

LogicalResult diff::verifyUnit(Operation *op, StringRef pass,
                               int64_t vectorBytes, int64_t registers,
                               const HostCaches &caches) {
  if (vectorBytes < 8 || vectorBytes > 256 ||
      !llvm::isPowerOf2_64(vectorBytes) || registers < 4)
    return op->emitError() << pass
                           << ": option 'vector-bytes' must be a power of two "
                              "from 8 to 256, and 'registers' at least 4, "
                              "found "
                           << vectorBytes << " and " << registers;
  if (caches.l1Bytes < 1 || caches.l2Bytes < 1)
    return op->emitError() << pass
                           << ": options 'l1-bytes' and 'l2-bytes' must be "
                              "positive, found "
                           << caches.l1Bytes << " and " << caches.l2Bytes;
  return success();
}
