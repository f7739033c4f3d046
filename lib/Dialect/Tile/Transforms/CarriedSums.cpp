//===- CarriedSums.cpp - Loop-carried row sums ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Dialect/Tile/Transforms/CarriedSums.h"
#include "mlir/Dialect/SCF/Utils/Utils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::diff;
using namespace mlir::diff::tile;

/// Returns true if the reduction adds along the last dimension.
static bool isRowSum(vector::MultiDimReductionOp reduction) {
  SmallVector<int64_t> dims(reduction.getReductionDims());
  auto type = dyn_cast<VectorType>(reduction.getType());
  return type && reduction.getKind() == vector::CombiningKind::ADD &&
         dims.size() == 1 && dims.front() == type.getRank();
}

std::optional<CarriedSum> CarriedSum::match(scf::ForOp loop, unsigned number) {
  BlockArgument argument = loop.getRegionIterArgs()[number];
  auto reduction = loop.getYieldedValues()[number]
                       .getDefiningOp<vector::MultiDimReductionOp>();
  if (!reduction || reduction->getBlock() != loop.getBody() ||
      !reduction->hasOneUse() || !argument.hasOneUse() || !isRowSum(reduction))
    return std::nullopt;
  CarriedSum sum;
  sum.loop = loop;
  sum.number = number;
  sum.reduction = reduction;
  sum.init = loop.getInitArgs()[number];
  if (reduction.getAcc() == argument)
    return sum;
  sum.product = reduction.getAcc().getDefiningOp<arith::MulFOp>();
  if (!sum.product || !sum.product->hasOneUse())
    return std::nullopt;
  if (sum.product.getLhs() == argument)
    sum.factor = sum.product.getRhs();
  else if (sum.product.getRhs() == argument)
    sum.factor = sum.product.getLhs();
  else
    return std::nullopt;
  return sum;
}

/// Returns true if a step may start with the value.
static bool isInit(Value value) {
  return matchPattern(value, m_AnyZeroFloat()) ||
         value.getDefiningOp<vector::MultiDimReductionOp>();
}

std::optional<CarriedSum>
CarriedSum::match(vector::MultiDimReductionOp reduction) {
  if (!isRowSum(reduction) || reduction.use_empty())
    return std::nullopt;
  CarriedSum sum;
  sum.reduction = reduction;
  sum.product = reduction.getAcc().getDefiningOp<arith::MulFOp>();
  // A plain row sum is a step only after another one.
  if (!sum.product) {
    sum.init = reduction.getAcc();
    return sum.init.getDefiningOp<vector::MultiDimReductionOp>()
               ? std::optional(sum)
               : std::nullopt;
  }
  sum.init = sum.product.getLhs();
  sum.factor = sum.product.getRhs();
  if (!isInit(sum.init))
    std::swap(sum.init, sum.factor);
  return isInit(sum.init) ? std::optional(sum) : std::nullopt;
}

void tile::rewriteCarriedSums(Operation *root,
                              function_ref<LogicalResult(CarriedSum)> rewrite) {
  SmallVector<Operation *> ops;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<scf::ForOp, vector::MultiDimReductionOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    if (auto reduction = dyn_cast<vector::MultiDimReductionOp>(op)) {
      if (std::optional<CarriedSum> sum = CarriedSum::match(reduction))
        (void)rewrite(*sum);
      continue;
    }
    auto loop = cast<scf::ForOp>(op);
    for (unsigned i = 0; i < loop.getNumRegionIterArgs(); ++i)
      if (std::optional<CarriedSum> sum = CarriedSum::match(loop, i);
          sum && succeeded(rewrite(*sum)))
        break;
  }
}

Value tile::broadcastRows(OpBuilder &b, Location loc, Value value,
                          VectorType type) {
  auto rows = cast<VectorType>(value.getType());
  SmallVector<int64_t> shape{type.getShape().back()};
  llvm::append_range(shape, rows.getShape());
  Value leading = vector::BroadcastOp::create(
      b, loc, VectorType::get(shape, type.getElementType()), value);
  SmallVector<int64_t> permutation;
  for (int64_t dim = 1; dim <= rows.getRank(); ++dim)
    permutation.push_back(dim);
  permutation.push_back(0);
  return vector::TransposeOp::create(b, loc, leading, permutation);
}

/// Returns partial sums that add up to the initial value.
static Value getPartialInit(OpBuilder &b, Value init, VectorType partial,
                            vector::CombiningKind finish) {
  if (matchPattern(init, m_AnyZeroFloat()))
    return arith::ConstantOp::create(b, init.getLoc(), b.getZeroAttr(partial));
  auto reduction = init.getDefiningOp<vector::MultiDimReductionOp>();
  if (reduction && reduction.getKind() == finish &&
      reduction.getSource().getType() == partial)
    return reduction.getSource();
  return {};
}

/// Returns the partial sums after a step.
static Value buildStep(OpBuilder &b, CarriedSum sum, Value before,
                       function_ref<Value(OpBuilder &, Location, Value)> step) {
  Location loc = sum.reduction.getLoc();
  auto partial = cast<VectorType>(before.getType());
  if (sum.factor)
    before = arith::MulFOp::create(b, loc, before,
                                   broadcastRows(b, loc, sum.factor, partial));
  return step(b, loc, before);
}

/// Returns a loop that carries the partial sums in addition to the sums.
static scf::ForOp
buildLoop(RewriterBase &rewriter, CarriedSum sum, Value init,
          function_ref<Value(OpBuilder &, Location, Value)> step) {
  DictionaryAttr attributes = sum.loop->getDiscardableAttrDictionary();
  auto loop = cast<scf::ForOp>(*sum.loop.replaceWithAdditionalYields(
      rewriter, init, /*replaceInitOperandUsesInLoop=*/false,
      [&](OpBuilder &b, Location, ArrayRef<BlockArgument> added) {
        b.setInsertionPoint(sum.reduction);
        return SmallVector<Value>{buildStep(b, sum, added.front(), step)};
      }));
  loop->setDiscardableAttrs(attributes);
  // The old sum carries its initial value; canonicalization removes it.
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  rewriter.modifyOpInPlace(yield, [&] {
    yield.setOperand(sum.number, loop.getRegionIterArgs()[sum.number]);
  });
  return loop;
}

LogicalResult
tile::carryPartialSums(RewriterBase &rewriter, CarriedSum sum,
                       VectorType partial,
                       function_ref<Value(OpBuilder &, Location, Value)> step,
                       vector::CombiningKind finish) {
  Location loc = sum.reduction.getLoc();
  if (sum.loop)
    rewriter.setInsertionPoint(sum.loop);
  else
    rewriter.setInsertionPoint(sum.reduction);
  Value init = getPartialInit(rewriter, sum.init, partial, finish);
  if (!init)
    return failure();
  Value old = sum.reduction, sums;
  if (sum.loop) {
    scf::ForOp loop = buildLoop(rewriter, sum, init, step);
    old = loop.getResult(sum.number);
    sums = loop.getResults().back();
    rewriter.setInsertionPointAfter(loop);
  } else {
    sums = buildStep(rewriter, sum, init, step);
  }
  auto type = cast<VectorType>(old.getType());
  FloatType element = cast<FloatType>(type.getElementType());
  bool isMax = finish == vector::CombiningKind::MAXIMUMF;
  Value identity = arith::ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(
          type, isMax ? APFloat::getInf(element.getFloatSemantics(), true)
                      : APFloat::getZero(element.getFloatSemantics())));
  SmallVector<bool> mask(partial.getRank(), false);
  mask.back() = true;
  Value total = vector::MultiDimReductionOp::create(rewriter, loc, sums,
                                                    identity, mask, finish);
  rewriter.replaceAllUsesWith(old, total);
  return success();
}
