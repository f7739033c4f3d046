//===- MathToNVVM.cpp - The GPU's approximations --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "diff/Conversion/MathToNVVM/MathToNVVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::diff {
#define GEN_PASS_DEF_CONVERTMATHTONVVMAPPROXPASS
#include "diff/Conversion/Passes.h.inc"
} // namespace mlir::diff

using namespace mlir;
using namespace mlir::diff;

static Value createF32(OpBuilder &b, Location loc, double value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

static Value callIntrinsic(OpBuilder &b, Location loc, StringRef name,
                           Value operand) {
  return LLVM::CallIntrinsicOp::create(b, loc, operand.getType(),
                                       b.getStringAttr(name),
                                       ValueRange(operand))
      .getResult(0);
}

static Value buildExp2(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.ex2.approx.ftz.f", x);
}

static Value buildLog2(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.lg2.approx.ftz.f", x);
}

static Value buildSqrt(OpBuilder &b, Location loc, Value x) {
  return callIntrinsic(b, loc, "llvm.nvvm.sqrt.approx.f", x);
}

static Value buildExp(OpBuilder &b, Location loc, Value x) {
  Value scaled =
      arith::MulFOp::create(b, loc, x, createF32(b, loc, llvm::numbers::log2e));
  return buildExp2(b, loc, scaled);
}

static Value buildLog(OpBuilder &b, Location loc, Value x) {
  return arith::MulFOp::create(b, loc, buildLog2(b, loc, x),
                               createF32(b, loc, llvm::numbers::ln2));
}

/// x (1 - y/3 + 2 y^2/15 - 17 y^3/315 + 62 y^4/2835) with y = x^2, the series
/// of tanh: what is left out is below the rounding of f32 where y is small.
static constexpr double kSmallSquare = 0.09;

static Value buildTanhSeries(OpBuilder &b, Location loc, Value x,
                             Value square) {
  Value sum = createF32(b, loc, 62.0 / 2835.0);
  for (double coefficient : {-17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0})
    sum = math::FmaOp::create(b, loc, sum, square,
                              createF32(b, loc, coefficient));
  Value product = arith::MulFOp::create(b, loc, sum, square);
  return math::FmaOp::create(b, loc, product, x, x);
}

/// 1 - 2 / (1 + exp(2x)), right at both infinities, but for a small x, where
/// the subtraction would leave few digits: a large softcap multiplies the
/// error.
static Value buildTanh(OpBuilder &b, Location loc, Value x) {
  Value scaled = arith::MulFOp::create(
      b, loc, x, createF32(b, loc, 2.0 * llvm::numbers::log2e));
  Value one = createF32(b, loc, 1.0);
  Value denominator =
      arith::AddFOp::create(b, loc, one, buildExp2(b, loc, scaled));
  Value quotient =
      arith::DivFOp::create(b, loc, createF32(b, loc, 2.0), denominator);
  Value large = arith::SubFOp::create(b, loc, one, quotient);
  Value square = arith::MulFOp::create(b, loc, x, x);
  Value isSmall =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, square,
                            createF32(b, loc, kSmallSquare));
  return arith::SelectOp::create(b, loc, isSmall,
                                 buildTanhSeries(b, loc, x, square), large);
}

namespace {
using ScalarBuilder = Value (*)(OpBuilder &, Location, Value);

/// Lowers an f32 function element by element.
template <typename OpTy, ScalarBuilder build>
struct LowerApproximately : public OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    auto vectorType = dyn_cast<VectorType>(type);
    if (!vectorType) {
      rewriter.replaceOp(op, build(rewriter, loc, op.getOperand()));
      return success();
    }
    SmallVector<Value> elements;
    auto operands =
        vector::ToElementsOp::create(rewriter, loc, op.getOperand());
    for (Value operand : operands.getResults())
      elements.push_back(build(rewriter, loc, operand));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, vectorType,
                                                        elements);
    return success();
  }
};

/// div.full.f32: a division rounded to nearest calls a subroutine in its slow
/// path, around which ptxas spills.
struct LowerDivision : public OpRewritePattern<arith::DivFOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(arith::DivFOp op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "not f32");
    Location loc = op.getLoc();
    auto divide = [&](Value lhs, Value rhs) -> Value {
      return LLVM::CallIntrinsicOp::create(
                 rewriter, loc, lhs.getType(),
                 rewriter.getStringAttr("llvm.nvvm.div.full"),
                 ValueRange{lhs, rhs})
          .getResult(0);
    };
    auto vectorType = dyn_cast<VectorType>(type);
    if (!vectorType) {
      rewriter.replaceOp(op, divide(op.getLhs(), op.getRhs()));
      return success();
    }
    auto lhs = vector::ToElementsOp::create(rewriter, loc, op.getLhs());
    auto rhs = vector::ToElementsOp::create(rewriter, loc, op.getRhs());
    SmallVector<Value> elements;
    for (auto [l, r] : llvm::zip_equal(lhs.getResults(), rhs.getResults()))
      elements.push_back(divide(l, r));
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, vectorType,
                                                        elements);
    return success();
  }
};

struct ConvertMathToNVVMApprox
    : public diff::impl::ConvertMathToNVVMApproxPassBase<
          ConvertMathToNVVMApprox> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathToNVVMApproxPatterns(patterns);
    // The conversion to LLVM takes elements of one-dimensional vectors only.
    vector::populateVectorToElementsUnrollPatterns(patterns);
    vector::populateVectorFromElementsUnrollPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace

void diff::populateMathToNVVMApproxPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerDivision, LowerApproximately<math::Exp2Op, buildExp2>,
               LowerApproximately<math::ExpOp, buildExp>,
               LowerApproximately<math::Log2Op, buildLog2>,
               LowerApproximately<math::LogOp, buildLog>,
               LowerApproximately<math::SqrtOp, buildSqrt>,
               LowerApproximately<math::TanhOp, buildTanh>>(
      patterns.getContext());
}
