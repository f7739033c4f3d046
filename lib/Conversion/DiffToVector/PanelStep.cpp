//===- PanelStep.cpp - Steps of the online softmax ------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelStep.h"
#include "diff/Dialect/Diff/Transforms/AttentionBuilders.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace mlir::diff;

int64_t PanelStep::alignToLanes(int64_t size) const {
  return llvm::alignTo(size, unit.lanes);
}

Value PanelStep::allocate(ArrayRef<int64_t> shape, Type element) {
  constexpr int64_t kCacheLine = 64;
  return memref::AllocOp::create(b, MemRefType::get(shape, element),
                                 b.getI64IntegerAttr(kCacheLine));
}

Row PanelStep::finishScore(PanelBuilder &p, const KeyTile &tile, Value key,
                           Row score) {
  score = p.map(score, [&](ValueRange v) {
    return capScore(b, b.getLoc(), v[0], attention);
  });
  if (tile.firstVisible.empty() && tile.lastVisible.empty())
    return score;
  VectorType positions = VectorType::get(p.plan.lanes, b.getI32Type());
  Value position = vector::BroadcastOp::create(
      b, positions, arith::IndexCastOp::create(b, b.getI32Type(), key));
  Value hidden = p.constant(-INFINITY);
  auto hide = [&](const Row &bound, arith::CmpIPredicate predicate) {
    if (!bound.empty())
      score = p.map({bound, score}, [&](ValueRange v) -> Value {
        Value isVisible = arith::CmpIOp::create(b, predicate, position, v[0]);
        return arith::SelectOp::create(b, isVisible, v[1], hidden);
      });
  };
  hide(tile.firstVisible, arith::CmpIPredicate::sge);
  hide(tile.lastVisible, arith::CmpIPredicate::sle);
  return score;
}

Row PanelStep::takeLarger(PanelBuilder &p, const Row &scores, const Row &max) {
  return p.map({scores, max}, [&](ValueRange v) -> Value {
    Value isAbove =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, v[0], v[1]);
    return arith::SelectOp::create(b, isAbove, v[0], v[1]);
  });
}

Row PanelStep::scaleMax(PanelBuilder &p, const Row &scores) {
  return p.map(scores, [&](ValueRange v) {
    return buildScaledMax(b, b.getLoc(), v[0], attention);
  });
}

Row PanelStep::getRescaling(PanelBuilder &p, const Row &oldMax,
                            const Row &max) {
  return p.map({oldMax, max}, [&](ValueRange v) -> Value {
    return math::Exp2Op::create(b, arith::SubFOp::create(b, v[0], v[1]));
  });
}

Row PanelStep::getFactors(PanelBuilder &p, const Row &max) {
  double factor = getScoreFactor(attention, ExpBase::Two);
  if (!hasCoarseRows(attention))
    return Row(p.plan.vectors, createFactor(b, b.getLoc(), p.lane, factor));
  return p.map(max, [&](ValueRange v) {
    return selectByMax(b, b.getLoc(), v[0], getCoarseFactor(factor), factor);
  });
}

Row PanelStep::getWeights(PanelBuilder &p, const Row &score, const Row &factors,
                          const Row &negatedMax) {
  return p.map({score, factors, negatedMax}, [&](ValueRange v) -> Value {
    return math::Exp2Op::create(b, vector::FMAOp::create(b, v[0], v[1], v[2]));
  });
}
