//===- CarriedSums.cpp - Row sums that a loop carries ---------------------===//
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

std::optional<CarriedSum> CarriedSum::match(scf::ForOp loop, unsigned number) {
  BlockArgument argument = loop.getRegionIterArgs()[number];
  auto reduction = loop.getYieldedValues()[number]
                       .getDefiningOp<vector::MultiDimReductionOp>();
  auto type = dyn_cast<VectorType>(argument.getType());
  if (!reduction || !type || reduction->getBlock() != loop.getBody() ||
      !reduction->hasOneUse() || !argument.hasOneUse() ||
      reduction.getKind() != vector::CombiningKind::ADD)
    return std::nullopt;
  SmallVector<int64_t> dims(reduction.getReductionDims());
  if (dims.size() != 1 || dims.front() != type.getRank())
    return std::nullopt;
  CarriedSum sum{loop, number, reduction, {}, {}};
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

/// Partial sums that add up to the initial value.
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

LogicalResult
tile::carryPartialSums(RewriterBase &rewriter, CarriedSum sum,
                       VectorType partial,
                       function_ref<Value(OpBuilder &, Location, Value)> step,
                       vector::CombiningKind finish) {
  Location loc = sum.reduction.getLoc();
  rewriter.setInsertionPoint(sum.loop);
  Value init = getPartialInit(rewriter, sum.getInit(), partial, finish);
  if (!init)
    return failure();
  DictionaryAttr attributes = sum.loop->getDiscardableAttrDictionary();
  auto newLoop = cast<scf::ForOp>(*sum.loop.replaceWithAdditionalYields(
      rewriter, init, /*replaceInitOperandUsesInLoop=*/false,
      [&](OpBuilder &b, Location, ArrayRef<BlockArgument> added) {
        b.setInsertionPoint(sum.reduction);
        Value scaled = added.front();
        if (sum.factor)
          scaled = arith::MulFOp::create(
              b, loc, scaled, broadcastRows(b, loc, sum.factor, partial));
        return SmallVector<Value>{step(b, loc, scaled)};
      }));
  newLoop->setDiscardableAttrs(attributes);
  rewriter.setInsertionPointAfter(newLoop);
  auto type = cast<VectorType>(newLoop.getResult(sum.number).getType());
  FloatType element = cast<FloatType>(type.getElementType());
  bool isMax = finish == vector::CombiningKind::MAXIMUMF;
  Value identity = arith::ConstantOp::create(
      rewriter, loc,
      DenseElementsAttr::get(
          type, isMax ? APFloat::getInf(element.getFloatSemantics(), true)
                      : APFloat::getZero(element.getFloatSemantics())));
  auto total = vector::MultiDimReductionOp::create(
      rewriter, loc, newLoop.getResults().back(), identity,
      SmallVector<bool>([&] {
        SmallVector<bool> mask(partial.getRank(), false);
        mask.back() = true;
        return mask;
      }()),
      finish);
  rewriter.replaceAllUsesWith(newLoop.getResult(sum.number), total);
  // The old sum carries its initial value, and goes with canonicalization.
  auto yield = cast<scf::YieldOp>(newLoop.getBody()->getTerminator());
  rewriter.modifyOpInPlace(yield, [&] {
    yield.setOperand(sum.number, newLoop.getRegionIterArgs()[sum.number]);
  });
  return success();
}
